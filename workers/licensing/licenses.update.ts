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
import { anchorOf } from "#rules/licensing/renewal";
import { statusOf } from "#rules/licensing/states";
import { effectiveTerms, type TemplateTerms } from "#rules/licensing/terms";
import { addDuration } from "#rules/time";
import { effectiveColumns } from "./new-license.ts";
import { mergedOverrides, refuseBackwards } from "./own-terms.ts";
import { presentLicense } from "./presenters.ts";
import { invalidTransition } from "./problems.ts";
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
      "Fields that are left out stay as they are. A changed duration counts from the next period on: the one that runs ends at expires_at, which may be changed itself. A pending license may get another start; what is counted is counted from there.",
    request: { params: idParam("lic"), body: jsonBody(LicensePatch) },
    responses: {
      200: json(License, "The license as it is now"),
      ...problems(
        licenseNotFound,
        customerNotFound,
        featureNotFound,
        featureArchived,
        invalidTransition,
        externalIdTaken,
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
  const startsAt = startFrom(before.row, body, now);
  const period = periodFrom(before, terms, { ...body, startsAt }, before.zone ?? repo.tenant.timeZone);
  refuseBackwards(startsAt, body.starts_at === undefined ? body.expires_at : period.expiresAt);
  const row: LicenseRow = {
    ...before.row,
    startsAt,
    issuedTo: body.issued_to === undefined ? before.row.issuedTo : body.issued_to,
    resellerId: await resellerFrom(repo, before.row, body),
    overrides,
    ...effectiveColumns(terms),
    ...period,
    ...changedOwned(before.row, body, now),
  };
  return { ...before, row, terms };
}

async function resellerFrom(repo: Repo, { resellerId }: LicenseRow, { reseller_id: wanted }: Patch): Promise<string | null> {
  if (wanted === undefined) return resellerId;
  return wanted === null ? null : resellerOf(await repo.customers.byId(wanted)).id;
}

/** Throws `invalid_transition` for another start of a license that has started. */
function startFrom(row: LicenseRow, { starts_at: wanted }: Patch, now: Date): Date {
  if (wanted === undefined || wanted.getTime() === row.startsAt.getTime()) return row.startsAt;
  const status = statusOf(row, now);
  if (status === "pending") return wanted;
  throw invalidTransition({ detail: `Only a pending license gets another start; this one is ${status}.` });
}

type Ends = Period & Pick<LicenseRow, "anchorDay" | "termCount">;

/** A period that waits for its beginning, or begins elsewhere, is reckoned anew; of one that runs only what was asked for moves. */
function periodFrom(license: LicenseRead, terms: TemplateTerms, body: Patch & { startsAt: Date }, zone: string): Ends {
  const { row, terms: before } = license;
  const begin = beganAt(row, before);
  const wanted = body.expires_at;
  if (begin === null || body.startsAt.getTime() !== row.startsAt.getTime())
    return reckoned(terms, row, { startsAt: body.startsAt, expiresAt: givenEnd(license, wanted, zone) }, zone);

  const expiresAt = wanted === undefined ? row.expiresAt : wanted;
  const graceMoves = wanted !== undefined || body.grace_period !== undefined || body.grace_applies !== undefined;
  const maintained = terms.maintenance === null ? null : addDuration(begin, terms.maintenance, zone);
  return {
    expiresAt,
    graceUntil: graceMoves ? graceEnd(terms, expiresAt, zone) : row.graceUntil,
    maintenanceUntil: body.maintenance === undefined ? row.maintenanceUntil : maintained,
    // an end that was given outright returns to its own day
    anchorDay: wanted === undefined ? row.anchorDay : null,
    termCount: row.termCount,
  };
}

type Given = { startsAt: Date; expiresAt: Date | null | undefined };

/** The first period, with the chain of terms that begins with it where it begins with the start. */
function reckoned(terms: TemplateTerms, { termCount }: LicenseRow, { startsAt, expiresAt }: Given, zone: string): Ends {
  const begins = terms.expiryBasis === "creation";
  return {
    ...firstPeriod(terms, startsAt, zone, expiresAt),
    anchorDay: begins ? anchorOf(terms, startsAt, expiresAt, zone) : null,
    termCount: begins ? Math.max(termCount, 1) : termCount,
  };
}

/** The end that was given outright, now or before; undefined where it is counted. */
function givenEnd({ row, terms }: LicenseRead, wanted: Date | null | undefined, zone: string): Date | null | undefined {
  if (wanted !== undefined) return wanted;
  const counted = firstPeriod(terms, row.startsAt, zone).expiresAt;
  return counted?.getTime() === row.expiresAt?.getTime() ? undefined : row.expiresAt;
}

/** When the first period began; null while it waits for the first use. */
function beganAt({ startsAt, activatedAt, firstValidatedAt }: LicenseRow, { expiryBasis }: TemplateTerms): Date | null {
  return { creation: startsAt, first_activation: activatedAt, first_validation: firstValidatedAt }[expiryBasis];
}
