import type { License } from "#db/licensing/licenses";
import { firstPeriod, graceEnd, periodFrom, type Period } from "#rules/licensing/expiry";
import { effectiveTerms, seatLimits, storedTerms, whyNotTerms, type TemplateTerms } from "#rules/licensing/terms";
import { addDuration } from "#rules/time";
import { effectiveColumns } from "../new-license.ts";
import type { Moved } from "./moves.ts";

/**
 * The license under another revision of its template: what it has of its own stays, the rest follows the revision. A period that runs keeps its
 * end; grace and maintenance follow where the revision has them otherwise. Seats above the new limit are told, not taken.
 */
export function migrated(license: License, to: { rev: number; terms: TemplateTerms }, at: { now: Date; zone: string }): Moved {
  const revision = storedTerms(to.terms);
  const terms = effectiveTerms(revision, license.row.overrides);
  const [fault] = whyNotTerms(terms);
  if (fault)
    return { outcome: "failed", code: "unsound_terms", detail: `With the license's own terms ${fault.pointer}: ${fault.detail}` };
  const row = {
    ...license.row,
    templateRev: to.rev,
    ...effectiveColumns(terms),
    ...periodUnder(terms, license, license.zone ?? at.zone),
    updatedAt: at.now,
  };
  return {
    outcome: "succeeded",
    license: { ...license, row, revision, terms },
    event: "license.template_changed",
    ...overLimit(terms, license.seatsHeld),
  };
}

function overLimit(terms: TemplateTerms, seatsHeld: number): { code: string | null; detail: string | null } {
  const { limit, ceiling } = seatLimits(terms);
  if (ceiling === null || seatsHeld <= ceiling) return { code: null, detail: null };
  return { code: "seats_over_limit", detail: `${seatsHeld} seats are held, and the limit is ${limit}.` };
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
