import { createRoute } from "@hono/zod-openapi";
import type { LicenseRow } from "#db/licensing/licenses";
import { endpoint, idParam, json, optionalJsonBody, problems, scope } from "#kernel/endpoint";
import { licenseNotFound } from "#kernel/not-found";
import { changedMeanwhile, invalidRequest } from "#kernel/problems";
import type { z } from "#kernel/wire";
import { whyNotMove } from "#rules/licensing/states";
import { changeLicense } from "./change-license.ts";
import { invalidTransition } from "./problems.ts";
import { Cancellation, License } from "./schemas.ts";

export const cancelLicense = endpoint({
  route: createRoute({
    operationId: "licenses.cancel",
    method: "post",
    path: "/v1/licenses/{id}/cancel",
    security: scope("licenses:write"),
    summary: "Cancel a license",
    description:
      "Ends the license at an instant, or now. Until then it is what it was, and another instant may be given, or null, which takes the cancellation back. Once it has come, a canceled license may only be revoked.",
    request: { params: idParam("lic"), body: optionalJsonBody(Cancellation) },
    responses: {
      200: json(License, "The license, with the end that canceled_at tells"),
      ...problems(licenseNotFound, invalidTransition, changedMeanwhile),
    },
  }),

  handler: async (c) => {
    const { now } = c.var;
    const wanted = c.req.valid("json");
    if (wanted.at && wanted.at < now) throw inThePast();
    // nothing was canceled by taking it back
    const event = wanted.at === null ? "license.updated" : "license.canceled";
    const license = await changeLicense(c.var, c.req.valid("param").id, event, ({ row }) => {
      const refused = whyNotMove(row, "cancel", now);
      if (refused) throw invalidTransition({ detail: refused.detail });
      const columns = canceled(wanted, now);
      return isSo(row, columns) ? null : columns;
    });
    return c.json(license, 200);
  },
});

type Canceled = Pick<LicenseRow, "canceledAt" | "canceledReason">;

function canceled({ at, reason }: z.infer<typeof Cancellation>, now: Date): Canceled {
  if (at === null) return { canceledAt: null, canceledReason: null };
  return { canceledAt: at ?? now, canceledReason: reason ?? null };
}

const isSo = (row: Canceled, { canceledAt, canceledReason }: Canceled) =>
  row.canceledAt?.getTime() === canceledAt?.getTime() && row.canceledReason === canceledReason;

function inThePast() {
  const detail = "A license is canceled now or later: what it was used for until now stays as it was.";
  return invalidRequest({ what: detail }, { errors: [{ pointer: "/at", code: "in_the_past", detail }] });
}
