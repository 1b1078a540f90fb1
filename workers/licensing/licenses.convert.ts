import { createRoute } from "@hono/zod-openapi";
import type { License as LicenseRead } from "#db/licensing/licenses";
import { changing } from "#kernel/changing";
import { endpoint, idParam, json, optionalJsonBody, problems, scope } from "#kernel/endpoint";
import { changeFact } from "#kernel/facts";
import { licenseNotFound, productArchived, templateArchived, revisionNotFound, templateNotFound } from "#kernel/not-found";
import { changedMeanwhile } from "#kernel/problems";
import { whyNotMove } from "#rules/licensing/states";
import { isTrial } from "#rules/licensing/terms";
import { underTemplate, wantedRevision } from "./changing-template.ts";
import { convertedLicense } from "./converting.ts";
import { presentLicense } from "./presenters.ts";
import { invalidTransition, notATrial, otherProduct, termsContradict, trialBoundary } from "./problems.ts";
import { Conversion, License } from "./schemas.ts";

export const convertLicense = endpoint({
  route: createRoute({
    operationId: "licenses.convert",
    method: "post",
    path: "/v1/licenses/{id}/convert",
    security: scope("licenses:write"),
    summary: "Convert a trial into a paid license",
    description:
      "In place: id, key and devices stay, and a period of the paid terms begins now, also where the trial was over. Without template_id the license gets what its own template sells, which must be no trial itself.",
    request: { params: idParam("lic"), body: optionalJsonBody(Conversion) },
    responses: {
      200: json(License, "The license, paid for"),
      ...problems(
        licenseNotFound,
        templateNotFound,
        revisionNotFound,
        templateArchived,
        productArchived,
        otherProduct,
        notATrial,
        trialBoundary,
        termsContradict,
        invalidTransition,
        changedMeanwhile,
      ),
    },
  }),

  handler: async (c) => {
    const { repo, now } = c.var;
    const { id } = c.req.valid("param");
    const body = c.req.valid("json");
    const license = await changing(async () => {
      const before = await repo.licenses.byId(id);
      if (!before) throw licenseNotFound({});
      const to = await wantedRevision(repo, before, { ...body, template_id: body.template_id ?? before.row.templateId });
      const refused = whyNotMove(before.row, "convert", now);
      if (refused) throw invalidTransition({ detail: refused.detail });
      if (!isTrial(before.terms)) throw notATrial({});

      const { license: paid } = await underTemplate(repo, offTrial(before), to, now);
      if (isTrial(paid.terms)) throw trialBoundary({});
      const { license: after, term } = convertedLicense(
        { ...paid, row: { ...paid.row, termCount: before.row.termCount } },
        now,
        repo.tenant.timeZone,
      );
      const shown = presentLicense(after, now);
      const told = {
        facts: [changeFact("license.converted", presentLicense(before, now), shown)],
        answer: [200, shown] as const,
      };
      const written = term === null ? repo.licenses.update(after.row, told) : repo.licenseTerms.begin(after.row, term, told);
      return (await written) && shown;
    });
    return c.json(license, 200);
  },
});

/** The license without the fact that it is on trial for what its template sells. */
function offTrial(license: LicenseRead): LicenseRead {
  const { onTrial: _, ...overrides } = license.row.overrides;
  return { ...license, row: { ...license.row, overrides } };
}
