/** A failing check either refuses the license or only remarks on it. */
export type Severity = "deny" | "warn";

/**
 * Every reason a decision can give, in the order in which they count: the first denying one is the decision's code.
 * `place` groups what is judged together; `severity` is what the reason usually weighs, and a template may weigh it otherwise.
 */
export const REASON_ORDER = [
  { code: "NOT_FOUND", place: 1, severity: "deny" },
  { code: "REVOKED", place: 2, severity: "deny" },
  { code: "CANCELED", place: 3, severity: "deny" },
  { code: "SUSPENDED", place: 4, severity: "deny" },
  { code: "NOT_YET_EFFECTIVE", place: 5, severity: "deny" },
  { code: "EXPIRED", place: 6, severity: "deny" },
  { code: "GRACE", place: 6, severity: "warn" },
  { code: "MAINTENANCE_EXPIRED", place: 6, severity: "warn" },
  { code: "TRIAL_ALREADY_USED", place: 7, severity: "deny" },
  { code: "PRODUCT_SCOPE_MISMATCH", place: 8, severity: "deny" },
  { code: "VERSION_NOT_ALLOWED", place: 8, severity: "deny" },
  { code: "GEO_NOT_ALLOWED", place: 9, severity: "deny" },
  { code: "IP_NOT_ALLOWED", place: 9, severity: "deny" },
  { code: "DOMAIN_NOT_ALLOWED", place: 9, severity: "deny" },
  { code: "DEVICE_BLACKLISTED", place: 10, severity: "deny" },
  { code: "ACTIVATION_NOT_FOUND", place: 11, severity: "deny" },
  { code: "ACTIVATION_RELEASED", place: 11, severity: "deny" },
  { code: "FINGERPRINT_SCOPE_REQUIRED", place: 11, severity: "deny" },
  { code: "PRODUCT_SCOPE_REQUIRED", place: 11, severity: "deny" },
  { code: "VERSION_SCOPE_REQUIRED", place: 11, severity: "deny" },
  { code: "DOMAIN_SCOPE_REQUIRED", place: 11, severity: "deny" },
  { code: "USER_SCOPE_REQUIRED", place: 11, severity: "deny" },
  { code: "NO_MACHINE", place: 11, severity: "deny" },
  { code: "NO_MACHINES", place: 11, severity: "deny" },
  { code: "FINGERPRINT_SCOPE_MISMATCH", place: 11, severity: "deny" },
  { code: "USER_SCOPE_MISMATCH", place: 11, severity: "deny" },
  { code: "HEARTBEAT_NOT_STARTED", place: 12, severity: "deny" },
  { code: "HEARTBEAT_DEAD", place: 12, severity: "deny" },
  { code: "TOO_MANY_MACHINES", place: 13, severity: "deny" },
  { code: "TOO_MANY_CORES", place: 13, severity: "deny" },
  { code: "TOO_MANY_USERS", place: 13, severity: "deny" },
  { code: "ENTITLEMENTS_MISSING", place: 14, severity: "deny" },
  { code: "ENTITLEMENT_EXPIRED", place: 14, severity: "deny" },
  { code: "QUOTA_EXCEEDED", place: 14, severity: "deny" },
  { code: "CLONE_SUSPECTED", place: 15, severity: "warn" },
  { code: "INTEGRITY_FAILED", place: 15, severity: "warn" },
] as const satisfies readonly { code: string; place: number; severity: Severity }[];

/** The name of a failing check. */
export type ReasonCode = (typeof REASON_ORDER)[number]["code"];

/** What a decision is called: its first denying reason, else its first warning, else `VALID`. */
export type DecisionCode = "VALID" | ReasonCode;

/** One failing check. `pointer` is a JSON pointer into the question, null where the fault is not one of the question's fields. */
export type Reason = { code: ReasonCode; severity: Severity; detail: string; pointer: string | null };

const DEFAULTS = new Map<ReasonCode, { rank: number; place: number; severity: Severity }>(
  REASON_ORDER.map(({ code, place, severity }, rank) => [code, { rank, place, severity }]),
);

/** Makes a reason; without `weighs` it has the severity of the list. */
export function reason(code: ReasonCode, detail: string, extra: { pointer?: string; weighs?: Severity } = {}): Reason {
  return { code, severity: extra.weighs ?? entry(code).severity, detail, pointer: extra.pointer ?? null };
}

/** The place (1 to 15) at which a reason is judged. */
export function placeOf(code: ReasonCode): number {
  return entry(code).place;
}

/** The same reasons in the order of the list; reasons of one code keep the order they came in. */
export function inOrder(reasons: readonly Reason[]): Reason[] {
  return reasons.toSorted((a, b) => entry(a.code).rank - entry(b.code).rank);
}

function entry(code: ReasonCode) {
  const found = DEFAULTS.get(code);
  if (!found) throw new RangeError(`Not a reason: ${code}`);
  return found;
}
