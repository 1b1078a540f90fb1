import type { License } from "#db/licensing/licenses";
import { firstPeriod, graceEnd, periodFrom, type Period } from "#rules/licensing/expiry";
import { anchorOf } from "#rules/licensing/renewal";
import {
  coreLimits,
  effectiveTerms,
  seatLimits,
  storedTerms,
  userLimits,
  whyNotTerms,
  type TemplateTerms,
  type TermsFault,
} from "#rules/licensing/terms";
import { addDuration } from "#rules/time";
import { effectiveColumns } from "./new-license.ts";

/** A revision of a template, of the license's own or of another one. */
export type Pinned = { templateId: string; rev: number; terms: TemplateTerms };

/**
 * The license under another revision, or what contradicts itself then: what it has of its own stays, the rest follows the revision. A period that
 * runs keeps its end; grace and maintenance follow where the revision has them otherwise. Seats above the new limit stay: see `overLimits`.
 */
export function underRevision(license: License, to: Pinned, at: { now: Date; zone: string }): License | { fault: TermsFault } {
  const revision = storedTerms(to.terms);
  const terms = effectiveTerms(revision, license.row.overrides);
  const [fault] = whyNotTerms(terms);
  if (fault) return { fault };
  const row = {
    ...license.row,
    templateId: to.templateId,
    templateRev: to.rev,
    ...effectiveColumns(terms),
    ...periodUnder(terms, license, license.zone ?? at.zone),
    ...chainUnder(terms, license, license.zone ?? at.zone),
    updatedAt: at.now,
  };
  return { ...license, row, revision, terms };
}

/** What a license holds beyond its limits, each as a sentence: nothing of it is taken away, but nothing is added either. */
export function overLimits({ terms, seatsHeld, coresHeld, usersHeld }: License): string[] {
  const kinds = [
    { held: seatsHeld, what: "seats are held", limits: seatLimits(terms) },
    { held: coresHeld, what: "cores are in use", limits: coreLimits(terms) },
    { held: usersHeld, what: "users hold seats", limits: userLimits(terms) },
  ];
  return kinds
    .filter(({ held, limits }) => limits.ceiling !== null && held > limits.ceiling)
    .map(({ held, what, limits }) => `${held} ${what}, and the limit is ${limits.limit}.`);
}

/** A period that waited begins where the revision counts it from something that was already: then its chain of terms does. */
function chainUnder(terms: TemplateTerms, { row }: License, zone: string) {
  const begins = { creation: row.startsAt, first_activation: row.activatedAt, first_validation: row.firstValidatedAt };
  const begin = begins[terms.expiryBasis];
  if (row.termCount > 0 || begin === null) return {};
  return { termCount: 1, anchorDay: anchorOf(terms, begin, row.expiresAt ?? undefined, zone) };
}

function periodUnder(terms: TemplateTerms, { row, terms: before }: License, zone: string): Period {
  const begins = { creation: row.startsAt, first_activation: row.activatedAt, first_validation: row.firstValidatedAt };
  const [began, begin] = [begins[before.expiryBasis], begins[terms.expiryBasis]];
  // a period that waits for its beginning is reckoned anew, one that runs goes on
  const given = row.expiresAt ?? undefined;
  if (began === null)
    return begin === null ? firstPeriod(terms, row.startsAt, zone, given) : periodFrom(terms, begin, zone, given);
  const graceMoves = terms.gracePeriod !== before.gracePeriod || terms.graceApplies !== before.graceApplies;
  const maintained = terms.maintenance === null ? null : addDuration(began, terms.maintenance, zone);
  return {
    expiresAt: row.expiresAt,
    graceUntil: graceMoves ? graceEnd(terms, row.expiresAt, zone) : row.graceUntil,
    maintenanceUntil: terms.maintenance === before.maintenance ? row.maintenanceUntil : maintained,
  };
}
