import type { License, LicenseRow } from "#db/licensing/licenses";
import type { LicenseTermRow } from "#db/licensing/license-terms";
import type { EventType } from "#rules/events";
import type { OperationParams } from "#rules/licensing/operations";
import { lift, statusOf, whyNotMove, type LicenseMove } from "#rules/licensing/states";
import { renewedLicense } from "../renewing.ts";
import { overLimits, underRevision, type Pinned } from "../under-revision.ts";

export type BulkParams = Extract<OperationParams, { kind: "licenses.bulk" }>;

/** What an operation makes of one license: another one, with the event that tells of it, or why not. */
export type Moved =
  | {
      outcome: "succeeded";
      license: License;
      /** the term that begins with it */
      term?: LicenseTermRow | undefined;
      event: EventType;
      code: string | null;
      detail: string | null;
    }
  | { outcome: "skipped" | "failed"; code: string; detail: string };

/** Who moves licenses, when, in which time zone where a customer has none, and for which operation (null in a preview). */
export type Mover = { by: string; now: Date; zone: string; operationId: string | null };

/** What a bulk action makes of a license. `by` stands in the holds that it sets. */
export function movedInBulk(license: License, params: BulkParams, mover: Mover): Moved {
  const { by, now } = mover;
  const { row } = license;
  switch (params.action) {
    case "suspend": {
      const cause = params.cause ?? "manual";
      if (row.holds.some((hold) => hold.cause === cause)) return alreadyDone("The license is held for this cause.");
      return moved(license, "suspend", now, { holds: [...row.holds, { cause, reason: params.reason, by, at: now }] });
    }
    case "reinstate": {
      if (row.holds.length === 0 && row.revokedAt === null) return alreadyDone("The license is not held.");
      const { lifted, kept } = lift(row.holds, "tenant", params.cause ?? undefined);
      const refused = moved(license, "reinstate", now, { holds: kept });
      if (refused.outcome !== "succeeded" || lifted.length > 0) return refused;
      const causes = kept.map((hold) => hold.cause).join(", ");
      return { outcome: "failed", code: "hold_not_liftable", detail: `The license is held for another cause: ${causes}.` };
    }
    case "renew":
      return renewed(license, params.renewal, mover);
    case "revoke":
      if (row.revokedAt !== null) return alreadyDone("The license is revoked.");
      return moved(license, "revoke", now, { revokedAt: now, revokedReason: params.reason });
    case "cancel":
      if (statusOf(row, now) === "canceled") return alreadyDone("The license is canceled.");
      return moved(license, "cancel", now, { canceledAt: now });
  }
}

function renewed(license: License, renewal: BulkParams["renewal"], { now, zone, operationId }: Mover): Moved {
  const { duration, until, basis } = renewal ?? { duration: null, until: null, basis: undefined };
  const ask = {
    duration: duration ?? undefined,
    until: until === null ? undefined : new Date(until),
    basis,
    reference: operationId,
  };
  const result = renewedLicense(license, ask, now, zone);
  if ("code" in result) return { outcome: "failed", ...result };
  return { outcome: "succeeded", ...result, event: EVENTS.renew, code: null, detail: null };
}

/** What a migration makes of a license. */
export function migrated(license: License, to: Pinned, at: { now: Date; zone: string }): Moved {
  const after = underRevision(license, to, at);
  if ("fault" in after) {
    const detail = `With the license's own terms ${after.fault.pointer}: ${after.fault.detail}`;
    return { outcome: "failed", code: "unsound_terms", detail };
  }
  const over = overLimits(after);
  const note = over.length > 0 ? { code: "over_limit", detail: over.join(" ") } : { code: null, detail: null };
  return { outcome: "succeeded", license: after, event: "license.template_changed", ...note };
}

function moved(license: License, move: keyof typeof EVENTS, now: Date, columns: Partial<LicenseRow>): Moved {
  const refused = whyNotMove(license.row, move, now);
  if (refused) return { outcome: "failed", code: "invalid_transition", detail: refused.detail };
  const row = { ...license.row, ...columns, updatedAt: now };
  return { outcome: "succeeded", license: { ...license, row }, event: EVENTS[move], code: null, detail: null };
}

const EVENTS = {
  suspend: "license.suspended",
  reinstate: "license.reinstated",
  revoke: "license.revoked",
  cancel: "license.canceled",
  renew: "license.renewed",
  transfer: "license.transferred",
} as const satisfies Partial<Record<LicenseMove, EventType>>;

const alreadyDone = (detail: string): Moved => ({ outcome: "skipped", code: "already_done", detail });
