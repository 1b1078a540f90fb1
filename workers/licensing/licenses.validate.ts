import { createRoute } from "@hono/zod-openapi";
import type { Asked } from "#db/licensing/asked";
import type { Caller } from "#kernel/auth";
import { changing } from "#kernel/changing";
import { endpoint, json, jsonBody, problems, scopeOrPublishable } from "#kernel/endpoint";
import { changeFact } from "#kernel/facts";
import { changedMeanwhile, invalidRequest, keyKindNotAllowed } from "#kernel/problems";
import type { z } from "#kernel/wire";
import type { Repo } from "#db/repo";
import { decide, notFound, type Decision as Decided } from "#rules/licensing/decide";
import { afterFirstValidation } from "./beginnings.ts";
import { answering, presentDecision } from "./decisions.ts";
import { deviceDigests, keyDigests } from "#kernel/digests";
import { mayKnow } from "#kernel/for-caller";
import { presentLicense } from "./presenters.ts";
import { fromOf, restrictedByKey } from "./restricted.ts";
import { Decision, DryRun, Validation } from "./schemas.ts";
import { stampUse } from "./stamps.ts";
import { usedUpOf } from "./used-up.ts";

export const validateLicense = endpoint({
  idempotent: false,
  route: createRoute({
    operationId: "licenses.validate",
    method: "post",
    path: "/v1/licenses/validate",
    security: scopeOrPublishable("licenses:read"),
    summary: "Validate a license key",
    description:
      "Answers whether the license may be used, always with 200: `valid`, the deciding `code`, and every reason. A key that is unknown, malformed or of another tenant is `NOT_FOUND`. Act on the claims of the signed token.",
    request: { query: DryRun, body: jsonBody(Validation) },
    responses: { 200: json(Decision, "The decision"), ...problems(keyKindNotAllowed, changedMeanwhile) },
  }),

  handler: async (c) => {
    const { repo, caller, limits, now } = c.var;
    const body = c.req.valid("json");
    const dryRun = dryRunFrom(c.req.valid("query"), caller);
    const at = dryRun?.at ?? now;
    const where = { country: dryRun?.country ?? c.var.country, ip: dryRun?.ip ?? c.var.ip };
    const keyHashes = await keyDigests(c.env, repo.tenantId, body.license_key);
    const devices = body.fingerprint === undefined ? [] : await deviceDigests(c.env, repo.tenantId, body.fingerprint);

    const { found, decided } = await changing(async () => {
      const how = { at, version: body.version, user: body.user, from: fromOf(where.ip) };
      const asked = await repo.asked.byKey({ keyHashes, devices }, how);
      const found = asked && mayKnow(caller, asked.license.productId) ? asked : undefined;
      await (found ? limits.license(found.license.id) : limits.notFound(body.license_key));
      const place = { env: c.env, tenantId: repo.tenantId, zone: repo.tenant.timeZone, at };
      const usedUp = found && (await usedUpOf(place, found, body.features));
      const decided =
        found && usedUp
          ? decide({ ...found.snapshot, usedUp }, { ...body, by: "key" }, at, restrictedByKey(found, where, body))
          : notFound();
      // whoever begins the period answers by the period that it began
      if (found && !dryRun && beginsNow(found, decided)) return begin(repo, found, now);
      return { found, decided };
    });
    if (found && !dryRun) c.executionCtx.waitUntil(stampUse(repo, found, now));
    const by = { ...answering(c.var), ...(dryRun && { signers: null }) };
    return c.json(await presentDecision(by, decided, { asked: found, at, sent: body }), 200);
  },
});

/** What of today's record is to be judged otherwise; undefined for a validation that counts. Throws for programs and for half a dry run. */
function dryRunFrom({ dry_run: dryRun, ...asked }: z.infer<typeof DryRun>, { kind }: Caller) {
  const given = Object.entries(asked).find(([, value]) => value !== undefined)?.[0];
  if (dryRun === undefined && given === undefined) return undefined;
  if (kind !== "secret") throw keyKindNotAllowed({ kind: "a publishable", allowed: "a secret key for dry runs" });
  if (dryRun) return asked;
  if (given === undefined) return undefined;
  const detail = "Only a dry run is judged at another instant or place: send dry_run=true with it.";
  throw invalidRequest({ what: detail }, { errors: [{ pointer: `/query/${given}`, code: "dry_run_only", detail }] });
}

/** Whether this decision begins the period of its license, which waited for its first validation. */
export function beginsNow({ snapshot, license }: Asked, { valid }: Decided): boolean {
  return valid && snapshot.terms.expiryBasis === "first_validation" && license.firstValidatedAt === null;
}

/** Begins the period of a license that waited for its first validation. Always undefined: the question is then asked again. */
async function begin(repo: Repo, { license: { id } }: Asked, now: Date): Promise<undefined> {
  const before = await repo.licenses.byId(id);
  if (!before || before.row.firstValidatedAt !== null) return undefined;
  const after = afterFirstValidation(before, now, repo.tenant.timeZone);
  const told = changeFact("license.updated", presentLicense(before, now), presentLicense(after, now));
  await repo.licenses.beginByValidation(after.row, { facts: [told], answer: [200, null] });
  return undefined;
}
