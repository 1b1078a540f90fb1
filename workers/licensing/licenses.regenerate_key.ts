import { createRoute } from "@hono/zod-openapi";
import { changing } from "#kernel/changing";
import { endpoint, idParam, json, problems, scope } from "#kernel/endpoint";
import { changeFact } from "#kernel/facts";
import { licenseNotFound } from "#kernel/not-found";
import { changedMeanwhile } from "#kernel/problems";
import { whyNotMove } from "#rules/licensing/states";
import { keyColumns, newLicenseKey } from "./new-license.ts";
import { presentLicense } from "./presenters.ts";
import { invalidTransition } from "./problems.ts";
import { LicenseWithKey } from "./schemas.ts";

export const regenerateLicenseKey = endpoint({
  route: createRoute({
    operationId: "licenses.regenerate_key",
    method: "post",
    path: "/v1/licenses/{id}/regenerate_key",
    security: scope("licenses:write"),
    summary: "Give a license a new key",
    description:
      "For a key that was lost or got into wrong hands: from here on nobody knows the old one, and this answer alone holds the new one. Devices keep their seats and their activation tokens; those without a connection keep their license files, and need the new key to ask for another. Emergency codes that nobody used end.",
    request: { params: idParam("lic") },
    responses: {
      200: json(LicenseWithKey, "The license with its new key"),
      ...problems(licenseNotFound, invalidTransition, changedMeanwhile),
    },
  }),

  handler: async (c) => {
    const { repo, vault, now } = c.var;
    const { id } = c.req.valid("param");
    const license = await changing(async () => {
      const before = await repo.licenses.byId(id);
      if (!before) throw licenseNotFound({});
      const refused = whyNotMove(before.row, "regenerate_key", now);
      if (refused) throw invalidTransition({ detail: refused.detail });

      const text = newLicenseKey(before.revision);
      // whoever asked for it is told it here, so that no copy has to wait for the buyer of an ordered license
      const key = await keyColumns({ env: c.env, vault, repo, now }, id, { text, origin: "issued", ordered: false });
      const after = { ...before, row: { ...before.row, ...key, updatedAt: now } };
      const [was, is] = [presentLicense(before, now), presentLicense(after, now)];
      const answer = { ...is, license_key: text };
      const told = { facts: [changeFact("license.key_regenerated", was, is)], answer: [200, answer] as const };
      return (await repo.licenses.updateKey(after.row, told)) && answer;
    });
    return c.json(license, 200);
  },
});
