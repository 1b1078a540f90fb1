import { createRoute } from "@hono/zod-openapi";
import { changing } from "#kernel/changing";
import { endpoint, idParam, json, jsonBody, problems, scope } from "#kernel/endpoint";
import { changeFact } from "#kernel/facts";
import { licenseNotFound, productArchived, templateArchived, revisionNotFound, templateNotFound } from "#kernel/not-found";
import { changedMeanwhile } from "#kernel/problems";
import { whyNotMove } from "#rules/licensing/states";
import { isTrial } from "#rules/licensing/terms";
import { presentChange, underTemplate, wantedRevision } from "./changing-template.ts";
import { presentLicense } from "./presenters.ts";
import { invalidTransition, otherProduct, termsContradict, trialBoundary } from "./problems.ts";
import { ChangeOfTemplate, TemplateChange } from "./schemas.ts";

export const changeLicenseTemplate = endpoint({
  route: createRoute({
    operationId: "licenses.change_template",
    method: "post",
    path: "/v1/licenses/{id}/change_template",
    security: scope("licenses:write"),
    summary: "Give a license another template",
    description:
      "Another template of the same product, or another revision of its own. What the license has of its own stays, as far as it means something there; the period that runs keeps its end. Nothing is taken from devices beyond a new limit: they are named, and validated by it. With dry_run nothing is changed.",
    request: { params: idParam("lic"), body: jsonBody(ChangeOfTemplate) },
    responses: {
      200: json(TemplateChange, "What it changed or, with dry_run, would change"),
      ...problems(
        licenseNotFound,
        templateNotFound,
        revisionNotFound,
        templateArchived,
        productArchived,
        otherProduct,
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
    const { dry_run: dryRun, ...wanted } = c.req.valid("json");
    const change = await changing(async () => {
      const before = await repo.licenses.byId(id);
      if (!before) throw licenseNotFound({});
      const to = await wantedRevision(repo, before, wanted);
      const refused = whyNotMove(before.row, "change_template", now);
      if (refused) throw invalidTransition({ detail: refused.detail });
      const changed = await underTemplate(repo, before, to, now);
      if (isTrial(before.terms) !== isTrial(changed.license.terms)) throw trialBoundary({});

      // a license that is there already stays as it is, and nothing is told
      const isThere = to.templateId === before.row.templateId && to.rev === before.row.templateRev;
      const answer = await presentChange(repo, before, isThere ? { ...changed, license: before } : changed, { now, dryRun });
      if (dryRun || isThere) return answer;
      const facts = [changeFact("license.template_changed", presentLicense(before, now), answer.license)];
      return (await repo.licenses.updatePeriod(changed.license.row, { facts, answer: [200, answer] })) && answer;
    });
    return c.json(change, 200);
  },
});
