import type { ActivationRow } from "#db/licensing/activations";
import type { Asked } from "#db/licensing/asked";
import { CHURN_MS } from "#db/licensing/seats";
import type { Standing } from "#db/licensing/standing";
import { blacklistReasons, holdsSeat, mayActivate, unknownVersionReasons } from "#rules/licensing/decide";
import { inOrder } from "#rules/licensing/reasons";
import { leaseLengthS, type TemplateTerms } from "#rules/licensing/terms";
import {
  activationRateLimited,
  coreLimitReached,
  deviceAlreadyActivated,
  deviceBlacklisted,
  licenseNotActive,
  seatLimitReached,
  userLimitReached,
} from "./problems.ts";

/** Throws `license_not_active` with its reasons where the license itself stands against a new seat. */
export function refuseInactive({ snapshot }: Asked, now: Date): void {
  const reasons = inOrder([...mayActivate(snapshot, now), ...unknownVersionReasons(snapshot)]);
  if (reasons.length > 0)
    throw licenseNotActive({ reasons: reasons.map(({ detail }) => detail).join(" ") }, { extra: { reasons } });
}

/** Throws `device_blacklisted` where the vendor has shut out the device, a part of it, or the address that it asks from. */
export function refuseShutOut({ snapshot }: Asked): void {
  const [reason] = blacklistReasons(snapshot);
  if (reason) throw deviceBlacklisted({ detail: reason.detail });
}

/** When a lease that begins now ends; null where seats have none. */
export function leaseFrom({ snapshot: { terms } }: Pick<Asked, "snapshot">, now: Date): Date | null {
  const lengthS = leaseLengthS(terms);
  return lengthS === null ? null : new Date(now.getTime() + lengthS * 1000);
}

/** Whether the activation of a row holds its seat, or runs by an emergency code. */
export function rowHolds(row: ActivationRow, terms: TemplateTerms, now: Date): boolean {
  return holdsSeat({ ...row, lastHeartbeatAt: row.heartbeatAt }, terms, now);
}

/** The limit that stands against a seat, with the problem that says so. */
export type Full = { by: "seats" | "cores" | "users"; throws: () => never };

/**
 * Why a claim found no seat. Throws for what no other device can give way for: a device that is active elsewhere, too many activations, no
 * place for another named user. What the license itself says was asked before, and is asked again when nothing is found here.
 */
export function whyNotSeat(
  row: ActivationRow,
  terms: TemplateTerms,
  standing: Standing,
  now: Date,
  isNew: boolean,
): Full | undefined {
  const license = row.licenseId;
  const { seats, seatCeiling, cores, coreCeiling, users, userCeiling } = standing;
  if (standing.isKnown) return undefined;
  if (standing.elsewhere) throw deviceAlreadyActivated({ scope: terms.fingerprintUniqueness });
  if (isNew) refuseTooOften(license, standing, now);
  if (!standing.hasPlace) throw userLimitReached({ license, limit: userCeiling ?? 0 });

  if (seatCeiling !== null && !standing.keepsSeat && seats >= seatCeiling)
    return full("seats", seatLimitReached({ license, limit: seatCeiling }));
  const asked = row.cores ?? 1;
  if (coreCeiling !== null && !standing.keepsCores && cores + asked > coreCeiling)
    return full("cores", coreLimitReached({ license, limit: coreCeiling, used: cores, asked }));
  if (userCeiling !== null && terms.type !== "named_user" && !standing.keepsUser && users >= userCeiling)
    return full("users", userLimitReached({ license, limit: userCeiling }));
  return undefined;
}

function full(by: Full["by"], problem: Error): Full {
  return {
    by,
    throws: () => {
      throw problem;
    },
  };
}

function refuseTooOften(license: string, { recent, churnLimit }: Standing, now: Date): void {
  const last = churnLimit === null ? undefined : recent[recent.length - churnLimit];
  if (churnLimit === null || last === undefined) return;
  const seconds = Math.max(1, Math.ceil((last.getTime() + CHURN_MS - now.getTime()) / 1000));
  throw activationRateLimited({ license, limit: churnLimit }, { headers: { "retry-after": String(seconds) } });
}
