import { createRoute } from "@hono/zod-openapi";
import { NotUnique } from "#db/commit";
import type { LicenseRow } from "#db/licensing/licenses";
import type { Repo } from "#db/repo";
import { asTaken } from "#kernel/changing";
import { endpoint, json, jsonBody, problems, scope } from "#kernel/endpoint";
import type { Env } from "#kernel/env";
import { fact } from "#kernel/facts";
import { newId } from "#kernel/ids";
import {
  customerNotFound,
  featureArchived,
  featureNotFound,
  productArchived,
  templateArchived,
  templateNotFound,
} from "#kernel/not-found";
import { newOwned } from "#kernel/present";
import { externalIdTaken, invalidRequest } from "#kernel/problems";
import { overridesFromWire, refuseUnsoundTerms } from "#kernel/terms";
import type { z } from "#kernel/wire";
import { exactForm } from "#rules/licensing/keys";
import { effectiveTerms, isTrial, type TemplateTerms, type TermsOverrides } from "#rules/licensing/terms";
import { keyDigests } from "#kernel/digests";
import { estimatedBits, LEAST_KEY_BITS } from "#rules/licensing/key-strength";
import { keyColumns, newLicense, newLicenseKey, type Recipe } from "./new-license.ts";
import { refuseBackwards, withoutAbsent } from "./own-terms.ts";
import { presentLicense } from "./presenters.ts";
import { licenseKeyTaken, trialAlreadyUsed, trialNotOffered, weakLicenseKey } from "./problems.ts";
import { resellerOf } from "./reseller.ts";
import { LicenseWithKey, NewLicense } from "./schemas.ts";

export const createLicense = endpoint({
  route: createRoute({
    operationId: "licenses.create",
    method: "post",
    path: "/v1/licenses",
    security: scope("licenses:write"),
    summary: "Create a license",
    description:
      "Makes a license of a template's newest revision for a customer. Fields of the template may be given otherwise for this one license. The answer alone holds the license key.",
    request: { body: jsonBody(NewLicense) },
    responses: {
      201: json(LicenseWithKey, "The license with its key"),
      ...problems(
        weakLicenseKey,
        templateNotFound,
        customerNotFound,
        featureNotFound,
        featureArchived,
        templateArchived,
        productArchived,
        licenseKeyTaken,
        trialNotOffered,
        trialAlreadyUsed,
        externalIdTaken,
      ),
    },
  }),

  handler: async (c) => {
    const { repo, vault, now } = c.var;
    const body = c.req.valid("json");
    const recipe = await recipeFrom(repo, body, now, newId("license", repo.shard, c.var.realNow));

    const origin = body.license_key === undefined ? ("issued" as const) : ("imported" as const);
    const text = body.license_key === undefined ? newLicenseKey(recipe.revision) : exactForm(body.license_key);
    if (origin === "imported") await refuseUnfitKey(repo, c.env, text);
    const key = await keyColumns({ env: c.env, vault, repo, now }, recipe.id, { text, origin, ordered: false });

    const made = newLicense(repo, recipe, key);
    const license = presentLicense(made, now);
    const answer = { ...license, license_key: text };
    const created = fact("license.created", license);
    // whoever has a license from elsewhere has its key, too
    const facts = [origin === "imported" ? { ...created, mailsNobody: true as const } : created];
    const done = await repo.licenses.insert(made.row, { facts, answer: [201, answer] }).catch(async (error: unknown) => {
      await refuseSecondTrial(repo, made.row, error);
      return asTaken({ key_hash: () => licenseKeyTaken({}) })(error);
    });
    if (!done) throw templateArchived({});
    return c.json(answer, 201);
  },
});

async function recipeFrom(repo: Repo, body: z.infer<typeof NewLicense>, now: Date, id: string): Promise<Recipe> {
  const resellerId = body.reseller_id ?? null;
  const found = await repo.licenses.ingredients({ templateId: body.template_id, customerId: body.customer_id, resellerId });
  const { offer, customer } = found;
  if (!offer) throw templateNotFound({});
  if (!customer) throw customerNotFound({});
  if (offer.template.archivedAt !== null) throw templateArchived({});
  if (offer.product.archivedAt !== null) throw productArchived({});

  const said: TermsOverrides = {
    ...withoutAbsent(await overridesFromWire(repo, body)),
    ...(isOnTrial(body, offer) && { onTrial: true }),
  };
  // an end that never comes is the same as no duration
  const overrides: TermsOverrides = body.expires_at === null ? { ...said, duration: null } : said;
  refuseUnsoundTerms(effectiveTerms(offer.terms, overrides));
  const startsAt = body.starts_at ?? now;
  refuseBackwards(startsAt, body.expires_at);
  return {
    id,
    template: offer.template,
    revision: offer.terms,
    overrides,
    customer,
    resellerId: resellerId === null ? null : resellerOf(found.reseller).id,
    orderId: null,
    issuedTo: body.issued_to ?? null,
    startsAt,
    expiresAt: body.expires_at ?? undefined,
    owned: newOwned(body, now),
  };
}

/** Whether the license is to try what its template sells. A template that is itself a trial makes such licenses anyway. */
function isOnTrial(
  body: z.infer<typeof NewLicense>,
  { template, terms }: { template: { id: string }; terms: TemplateTerms },
): boolean {
  if (!body.trial || isTrial(terms)) return false;
  if (!terms.trial.allowed) throw trialNotOffered({ template: template.id });
  if (body.duration === undefined && body.expires_at !== null) return true;
  const [field, detail] =
    body.duration === undefined
      ? ["expires_at", "A trial ends: give an instant, or leave it out."]
      : ["duration", "A trial lasts as long as its template says; expires_at gives this one another end."];
  throw invalidRequest({ what: detail }, { errors: [{ pointer: `/${field}`, code: "not_on_trial", detail }] });
}

/** Throws `trial_already_used` where that is what refused a new license. */
async function refuseSecondTrial(repo: Repo, { customerId, productId }: LicenseRow, error: unknown): Promise<void> {
  if (!(error instanceof NotUnique) || !error.columns.includes("trial_uses.")) return;
  const license = await repo.licenses.trialOf(customerId, productId);
  if (license !== undefined) throw trialAlreadyUsed({ license });
}

/** A key that is brought along must be hard to guess, and must not be read as one that another license has. */
async function refuseUnfitKey(repo: Repo, env: Env, text: string): Promise<void> {
  const bits = estimatedBits(text);
  if (bits < LEAST_KEY_BITS) throw weakLicenseKey({ bits, least: LEAST_KEY_BITS });
  if (await repo.licenses.byKeyHashes(await keyDigests(env, repo.tenantId, text))) throw licenseKeyTaken({});
}
