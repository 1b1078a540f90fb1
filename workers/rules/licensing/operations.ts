import type { RenewalBasis } from "./renewal.ts";
import type { HoldCause, LicenseStatus } from "./states.ts";

/** Long works that a caller may start. */
export const OPERATION_KINDS = ["licenses.import", "licenses.bulk", "templates.migrate", "webhooks.replay"] as const;
export type OperationKind = (typeof OPERATION_KINDS)[number];

/** Where an operation stands. */
export const OPERATION_STATUSES = ["running", "succeeded", "failed", "canceled"] as const;
export type OperationStatus = (typeof OPERATION_STATUSES)[number];

/** What came of one license of an operation: it was done, there was nothing to do, or it was refused. */
export const OPERATION_OUTCOMES = ["succeeded", "skipped", "failed"] as const;
export type OperationOutcome = (typeof OPERATION_OUTCOMES)[number];

/** What may be done to many licenses at once. */
export const BULK_ACTIONS = ["suspend", "reinstate", "renew", "revoke", "cancel"] as const;
export type BulkAction = (typeof BULK_ACTIONS)[number];

/** How many operations of one tenant may be under way at once: each may hold an upload. */
export const MOST_RUNNING = 100;

/** How many licenses one step of an operation takes on at most, and how many rows of an upload. */
export const LICENSES_A_STEP = 50;
export const ROWS_A_CHUNK = 100;

/** Which licenses an operation is about: those that fit all of this when their turn comes. Plain JSON, as it is stored. */
export type LicenseSelection = {
  status?: LicenseStatus | undefined;
  customerId?: string | undefined;
  productId?: string | undefined;
  templateId?: string | undefined;
  /** milliseconds since 1970, as in the last one */
  expiresBefore?: number | undefined;
  externalIds?: readonly string[] | undefined;
  ids?: readonly string[] | undefined;
  /** of these revisions of the template, and of another than the last */
  fromRevs?: readonly number[] | undefined;
  otherRevThan?: number | undefined;
  /** only licenses whose place in the stages is below this */
  stageBelow?: number | undefined;
  /** the newest license when the operation began; null = there was none. Ids of ordered licenses are older than they are, hence the instant. */
  upTo: string | null;
  madeUntil: number;
};

/** What an operation was asked for, as it is stored. No secrets. */
export type OperationParams =
  | {
      kind: "licenses.bulk";
      action: BulkAction;
      selection: LicenseSelection;
      reason: string | null;
      cause: HoldCause | null;
      /** of renew; absent in operations from before there was any */
      renewal?: { duration: string | null; until: number | null; basis: RenewalBasis } | undefined;
    }
  | { kind: "licenses.import"; rows: number; onConflict: "fail" | "skip" }
  | { kind: "templates.migrate"; templateId: string; toRev: number; selection: LicenseSelection }
  | {
      kind: "webhooks.replay";
      endpointId: string;
      /** milliseconds since 1970; what happened in this span */
      from: number;
      to: number;
      /** the numbers of the first and last event of it that there were when it began */
      firstSeq: number;
      lastSeq: number;
      /** only events that these tell; null = all that the endpoint subscribes to */
      patterns: readonly string[] | null;
      only: ReplayOnly;
    };

/** Which events of a span are sent again: those that the endpoint has not got, or all. */
export const REPLAY_ONLY = ["missed", "all"] as const;
export type ReplayOnly = (typeof REPLAY_ONLY)[number];

/** How many places the stages of a migration have. */
const STAGE_PLACES = 1024;
const ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz";

/**
 * A license's place in the stages, 0 to 1023: the last ten bits of its id, which are random. It never changes, so a larger stage holds all of
 * a smaller one. The SQL twin is `stagePlaceSql`.
 */
export function stagePlace(licenseId: string): number {
  return ALPHABET.indexOf(licenseId.at(-2) ?? "") * 32 + ALPHABET.indexOf(licenseId.at(-1) ?? "");
}

/** Below which place a license belongs to a stage of `percent` (1 to 100). */
export function stageOf(percent: number): number {
  return Math.ceil((percent * STAGE_PLACES) / 100);
}

/** What an operator reads of an operation: `Suspended 450 of 9,000 licenses`. */
export function progressOf(what: { kind: OperationKind; action: BulkAction | null; done: number; total: number }): string {
  const { kind, action, done, total } = what;
  return `${DONE[action ?? kind]} ${grouped(done)} of ${grouped(total)} ${kind === "webhooks.replay" ? "events" : "licenses"}`;
}

const DONE: Record<OperationKind | BulkAction, string> = {
  "licenses.import": "Imported",
  "licenses.bulk": "Went through",
  "templates.migrate": "Migrated",
  "webhooks.replay": "Replayed",
  suspend: "Suspended",
  reinstate: "Reinstated",
  renew: "Renewed",
  revoke: "Revoked",
  cancel: "Canceled",
};

function grouped(n: number): string {
  return String(n).replaceAll(/\B(?=(\d{3})+$)/g, ",");
}
