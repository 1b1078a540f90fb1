import { createRoute } from "@hono/zod-openapi";
import type { Template } from "#db/catalog/templates";
import type { PinnedSurvey } from "#db/licensing/pinned";
import type { Repo } from "#db/repo";
import { endpoint, idParam, json, jsonBody, problems, scope } from "#kernel/endpoint";
import { featureArchived, featureNotFound, revisionNotFound, templateNotFound } from "#kernel/not-found";
import { changesBetween, termsToWire } from "#kernel/terms";
import type { z } from "#kernel/wire";
import { coreLimits, seatLimits, storedTerms, TEMPLATE_ONLY, userLimits, type TemplateTerms } from "#rules/licensing/terms";
import { revisedTerms } from "./revising.ts";
import { TemplatePreview, TemplatePreviewAsk } from "./schemas.ts";

/** How many of the revisions that licenses pin are looked at: those that most of them do. */
const REVISIONS_SHOWN = 50;

export const previewTemplate = endpoint({
  idempotent: false,
  route: createRoute({
    operationId: "templates.preview",
    method: "post",
    path: "/v1/templates/{id}/preview",
    security: scope("templates:read"),
    summary: "Preview a change of a template",
    description:
      "What a change, or a revision that there is, would mean for the licenses made so far, if they were moved to it: the terms that differ from each revision that they pin, how many are beyond the new limits, and how many have of their own what changes. It writes nothing, and looks at each usable license of the template once.",
    request: { params: idParam("tpl"), body: jsonBody(TemplatePreviewAsk) },
    responses: {
      200: json(TemplatePreview, "What it would mean"),
      ...problems(templateNotFound, revisionNotFound, featureNotFound, featureArchived),
    },
  }),

  handler: async (c) => {
    const { repo } = c.var;
    const { rev, ...body } = c.req.valid("json");
    const template = await repo.templates.byId(c.req.valid("param").id);
    if (!template) throw templateNotFound({});
    const wanted = rev === undefined ? await revisedTerms(repo, template.terms, body) : await termsOf(repo, template.id, rev);
    return c.json(await presentPreview(repo, template, wanted), 200);
  },
});

async function termsOf(repo: Repo, templateId: string, rev: number): Promise<TemplateTerms> {
  const revision = await repo.templateRevisions.byRev(templateId, rev);
  if (!revision) throw revisionNotFound({});
  return storedTerms(revision.terms);
}

async function presentPreview(repo: Repo, template: Template, wanted: TemplateTerms): Promise<z.infer<typeof TemplatePreview>> {
  const pinned = await repo.pinned.revisions(template.id, REVISIONS_SHOWN);
  const revisions = pinned.map(({ rev, licenses, terms }) => {
    return { rev, licenses, terms, changes: changesBetween(termsToWire(terms), termsToWire(wanted)) };
  });
  const ownable = namesOfChanged(wanted, [template.terms, ...revisions.map(({ terms }) => terms)]);
  const ceilings = {
    seats: seatLimits(wanted).ceiling,
    cores: coreLimits(wanted).ceiling,
    users: userLimits(wanted).ceiling,
  };
  const survey = await repo.pinned.survey(template.id, ceilings, ownable);
  return {
    object: "template_preview",
    template_id: template.id,
    rev: template.rev,
    changes: changesBetween(termsToWire(template.terms), termsToWire(wanted)),
    licenses: revisions.reduce((sum, { licenses }) => sum + licenses, 0),
    revisions: revisions.map(({ rev, licenses, changes }) => ({ rev, licenses, changes })),
    over_limits: { seats: survey.overSeats, cores: survey.overCores, users: survey.overUsers },
    own_terms: ownTerms(survey),
  };
}

/** The terms in which any of some revisions differs, and that a license may have of its own. */
function namesOfChanged(wanted: TemplateTerms, revisions: readonly TemplateTerms[]): (keyof TemplateTerms)[] {
  const fixed: readonly string[] = TEMPLATE_ONLY;
  return (Object.keys(wanted) as (keyof TemplateTerms)[]).filter(
    (name) =>
      !fixed.includes(name) &&
      revisions.some((terms) => JSON.stringify(storedTerms(terms)[name]) !== JSON.stringify(wanted[name])),
  );
}

/** Counts by the names that the wire has for terms: `maxActivationsPer30d` is `max_activations_per_30d`. */
function ownTerms({ own }: PinnedSurvey) {
  const counted = Object.entries(own).filter(([, licenses]) => licenses > 0);
  return counted.map(([name, licenses]) => ({
    field: name.replaceAll(/[A-Z]|\d+/g, (part) => `_${part.toLowerCase()}`),
    licenses,
  }));
}
