import { createRoute } from "@hono/zod-openapi";
import { NotUnique } from "#db/commit";
import { changing } from "#kernel/changing";
import { endpoint, idParam, json, optionalJsonBody, problems, scope } from "#kernel/endpoint";
import { changeFact } from "#kernel/facts";
import { licenseNotFound } from "#kernel/not-found";
import { changedMeanwhile, invalidRequest } from "#kernel/problems";
import { presentLicense } from "./presenters.ts";
import { invalidTransition, renewedBySubscription } from "./problems.ts";
import { renewedLicense, type NotRenewed } from "./renewing.ts";
import { License, Renewal } from "./schemas.ts";

export const renewLicense = endpoint({
  route: createRoute({
    operationId: "licenses.renew",
    method: "post",
    path: "/v1/licenses/{id}/renew",
    security: scope("licenses:write"),
    summary: "Renew a license",
    description:
      "Extends the license by its duration, another one, or until an instant. It counts from the old end, or from now where that is in the past; basis says otherwise. Whole months keep the day on which the license began. Of a license without an end its maintenance is renewed. Lifts the hold lapsed. A reference (an order, an invoice) extends a license once, however often it is sent.",
    request: { params: idParam("lic"), body: optionalJsonBody(Renewal) },
    responses: {
      200: json(License, "The license, renewed"),
      ...problems(licenseNotFound, invalidTransition, renewedBySubscription, changedMeanwhile),
    },
  }),

  handler: async (c) => {
    const { repo, now } = c.var;
    const { id } = c.req.valid("param");
    const { duration, until, basis, reference } = c.req.valid("json");
    const ask = { duration, until, basis, reference };

    const license = await changing(async () => {
      const before = await repo.licenses.byId(id);
      if (!before) throw licenseNotFound({});
      const shown = presentLicense(before, now);
      if (reference !== undefined && (await repo.licenseTerms.byReference(id, reference))) return shown;
      const renewed = renewedLicense(before, ask, now, repo.tenant.timeZone);
      if ("code" in renewed) throw refusedBecause(renewed);
      const after = presentLicense(renewed.license, now);
      const told = { facts: [changeFact("license.renewed", shown, after)], answer: [200, after] as const };
      const written = repo.licenseTerms.begin(renewed.license.row, renewed.term, told);
      return (await written.catch(usedMeanwhile)) && after;
    });
    return c.json(license, 200);
  },
});

/** Another request renewed by the same reference in between: it is asked again, and finds that. */
function usedMeanwhile(error: unknown): undefined {
  if (error instanceof NotUnique && error.columns.includes("license_terms.")) return undefined;
  throw error;
}

function refusedBecause({ code, detail }: NotRenewed) {
  switch (code) {
    case "invalid_transition":
      return invalidTransition({ detail });
    case "renewed_by_subscription":
      return renewedBySubscription({ detail });
    case "no_duration":
      return invalidRequest({ what: detail }, { errors: [{ pointer: "/duration", code, detail }] });
    case "not_later":
      return invalidRequest({ what: detail }, { errors: [{ pointer: "/until", code, detail }] });
  }
}
