import { createRoute } from "@hono/zod-openapi";
import type { License as LicenseRead, LicenseRow } from "#db/licensing/licenses";
import type { Repo } from "#db/repo";
import { asTaken, changing } from "#kernel/changing";
import { endpoint, idParam, json, jsonBody, problems, scope } from "#kernel/endpoint";
import { changeFact } from "#kernel/facts";
import { customerNotFound, featureArchived, featureNotFound, licenseNotFound } from "#kernel/not-found";
import { changedOwned } from "#kernel/present";
import { changedMeanwhile, externalIdTaken } from "#kernel/problems";
import { overridesFromWire, refuseUnsoundTerms } from "#kernel/terms";
import type { z } from "#kernel/wire";
import { firstPeriod, graceEnd, type Period } from "#rules/licensing/expiry";
import { effectiveTerms, type TemplateTerms } from "#rules/licensing/terms";
import { addDuration } from "#rules/time";
import { effectiveColumns } from "./new-license.ts";
import { mergedOverrides, refuseBackwards } from "./own-terms.ts";
import { presentLicense } from "./presenters.ts";
import { resellerOf } from "./reseller.ts";
import { License, LicensePatch } from "./schemas.ts";

type Patch = z.infer<typeof LicensePatch>;

export const updateLicense = endpoint({
  route: createRoute({
    operationId: "licenses.update",
    method: "patch",
    path: "/v1/licenses/{id}",
    security: scope("licenses:write"),
    summary: "Change a license",
    description:
      "Fields that are left out stay as they are. A changed duration counts from the next period on: the one that runs ends at expires_at, which may be changed itself.",
    request: { params: idParam("lic"), body: jsonBody(LicensePatch) },
    responses: {
      200: json(License, "The license as it is now"),
      ...problems(licenseNotFound, customerNotFound, featureNotFound, featureArchived, externalIdTaken, changedMeanwhile),
    },
  }),

  handler: async (c) => {
    const { repo, now } = c.var;
    const { id } = c.req.valid("param");
    const body = c.req.valid("json");

    const license = await changing(async () => {
      const before = await repo.licenses.byId(id);
      if (!before) throw licenseNotFound({});
      const after = await changed(repo, before, body, now);
      const [was, is] = [presentLicense(before, now), presentLicense(after, now)];
      const told = { facts: [changeFact("license.updated", was, is)], answer: [200, is] as const };
      return (await repo.licenses.updatePeriod(after.row, told)) && is;
    }).catch(asTaken({}));
    return c.json(license, 200);
  },
});

async function changed(repo: Repo, before: LicenseRead, body: Patch, now: Date): Promise<LicenseRead> {
  const given = await overridesFromWire(repo, body, { held: before.terms.entitlements });
  // an end that never comes is the same as no duration
  const overrides = mergedOverrides(before.row.overrides, body.expires_at === null ? { ...given, duration: null } : given);
  const terms = effectiveTerms(before.revision, overrides);
  refuseUnsoundTerms(terms);
  refuseBackwards(before.row.startsAt, body.expires_at);
  const row: LicenseRow = {
    ...before.row,
    issuedTo: body.issued_to === undefined ? before.row.issuedTo : body.issued_to,
    resellerId: await resellerFrom(repo, before.row, body),
    overrides,
    ...effectiveColumns(terms),
    ...periodFrom(before, terms, body, before.zone ?? repo.tenant.timeZone),
    // an end that was given outright returns to its own day
    anchorDay: body.expires_at === undefined ? before.row.anchorDay : null,
    ...changedOwned(before.row, body, now),
  };
  return { ...before, row, terms };
}

async function resellerFrom(repo: Repo, { resellerId }: LicenseRow, { reseller_id: wanted }: Patch): Promise<string | null> {
  if (wanted === undefined) return resellerId;
  return wanted === null ? null : resellerOf(await repo.customers.byId(wanted)).id;
}

/** A period that waits for its beginning is reckoned anew; of one that runs only what was asked for moves. */
function periodFrom({ row, terms: before }: LicenseRead, terms: TemplateTerms, body: Patch, zone: string): Period {
  const begin = beganAt(row, before);
  const wanted = body.expires_at;
  if (begin === null) return firstPeriod(terms, row.startsAt, zone, wanted === undefined ? (row.expiresAt ?? undefined) : wanted);

  const expiresAt = wanted === undefined ? row.expiresAt : wanted;
  const graceMoves = wanted !== undefined || body.grace_period !== undefined || body.grace_applies !== undefined;
  const maintained = terms.maintenance === null ? null : addDuration(begin, terms.maintenance, zone);
  return {
    expiresAt,
    graceUntil: graceMoves ? graceEnd(terms, expiresAt, zone) : row.graceUntil,
    maintenanceUntil: body.maintenance === undefined ? row.maintenanceUntil : maintained,
  };
}

/** When the first period began; null while it waits for the first use. */
function beganAt({ startsAt, activatedAt, firstValidatedAt }: LicenseRow, { expiryBasis }: TemplateTerms): Date | null {
  return { creation: startsAt, first_activation: activatedAt, first_validation: firstValidatedAt }[expiryBasis];
}
