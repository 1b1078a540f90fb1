import { REASON_ORDER } from "../licensing/reasons.ts";

/** Where an answer about a license or an API key was read: this isolate's memory, KV, the database, or the read that another request had begun. */
export const TIERS = ["memory", "kv", "d1", "joined"] as const;
export type Tier = (typeof TIERS)[number];

/** What is cached. */
export const KINDS = ["license", "api_key"] as const;
export type Kind = (typeof KINDS)[number];

/** Requests are told apart no finer than this: the operations of programs by name, all others by who may call them. */
export const ROUTES = [
  "licenses.validate",
  "activations.validate",
  "activations.create",
  "activations.heartbeat",
  "entitlements.check",
  "entitlements.consume",
  "tenant",
  "operator",
  "public",
  "internal",
  "unmatched",
] as const;
export type Route = (typeof ROUTES)[number];

/** What a label holds whose value is not in its list, so that no input can add a series. */
export const OTHER = "other";

/** A counter or a histogram. */
export type Definition = {
  help: string;
  labels: readonly string[];
  /** every value that the labels may have together, joined by `/` */
  values: readonly string[];
};

/** Everything that is counted. A label of two parts is written `first/second`; one that is not listed is counted as `other`. */
export const COUNTERS = {
  requests: {
    help: "Requests answered, by route and class of status",
    labels: ["route", "status"],
    values: pairs(ROUTES, ["2xx", "3xx", "4xx", "5xx"]),
  },
  validations: {
    help: "Decisions about a license, by code",
    labels: ["code"],
    values: ["VALID", ...REASON_ORDER.map(({ code }) => code)],
  },
  cache_reads: {
    help: "Snapshots read, by the tier that had them and what they are of",
    labels: ["tier", "kind"],
    values: pairs(TIERS, KINDS),
  },
  confirmations: {
    help: "Denies read again from the database before they were answered: kept, or turned by what had been done since",
    labels: ["outcome"],
    values: ["kept", "turned"],
  },
  blind: {
    help: "Answers while neither change feed nor database answered: the last known one, or a refusal",
    labels: ["outcome"],
    values: ["stale", "refused"],
  },
  evictions: { help: "Snapshots that gave way to others in an isolate's memory", labels: ["kind"], values: KINDS },
  feed_polls: {
    help: "Questions to a tenant's change feed, by how they ended",
    labels: ["outcome"],
    values: ["unchanged", "changed", "failed"],
  },
  hot_calls: {
    help: "Calls of the hot path to what is behind it, by what was called and whether the request waited for it",
    labels: ["to", "wait"],
    values: pairs(["d1", "kv", "object"], ["awaited", "background"]),
  },
  rate_limited: {
    help: "Requests refused by a limit, by its policy",
    labels: ["policy"],
    values: ["shield", "requests", "key", "address", "license", "not_found"],
  },
  limits_blind: { help: "Requests let through because the limits' object did not answer in time", labels: [], values: [""] },
  quota_calls: {
    help: "Calls to the meters of quotas: taken from, refused as used up, or not answered in time",
    labels: ["outcome"],
    values: ["consumed", "exceeded", "unavailable"],
  },
  flushes_failed: { help: "Flushes of these counters that were not answered, and were sent again", labels: [], values: [""] },
} as const satisfies Record<string, Definition>;

export type Counter = keyof typeof COUNTERS;

/** Every duration that is measured. The platform's clock stands still while code runs, so these show waiting for I/O alone. */
export const HISTOGRAMS = {
  hot_seconds: {
    help: "Time to an answer of the hot path, by the slowest tier it read from; waiting alone, not computing",
    labels: ["tier"],
    values: TIERS,
  },
  router_seconds: {
    help: "Time to an answer of the router, by route; waiting alone, not computing",
    labels: ["route"],
    values: ROUTES,
  },
} as const satisfies Record<string, Definition>;

export type Histogram = keyof typeof HISTOGRAMS;

/** Upper ends of the histograms' buckets in seconds, inclusive; a last one without an end follows. */
export const BUCKETS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5] as const;

/** What one label of a histogram saw: how many fell into each bucket (not added up), and the sum of all seconds. */
export type Observed = { buckets: number[]; sum: number };

/** Counts by name and label. Labels without a count are left out. */
export type Counts = Record<string, Record<string, number>>;

/** What an isolate's memory holds at this moment. */
export type Held = {
  limitBytes: number;
  kinds: Record<Kind, { entries: number; bytes: number }>;
  /** by tenant, the largest first and no more than `PATTERNS_TOLD` */
  patterns: { kind: Kind; tenantId: string; entries: number; bytes: number }[];
};

/** How many of its patterns an isolate tells. */
export const PATTERNS_TOLD = 50;

/** What one isolate counted since its last flush. Sent again unchanged, under the same number, until the object has it. */
export type Flush = {
  isolate: string;
  /** 1, 2, 3, … in this isolate */
  seq: number;
  counters: Counts;
  histograms: Record<string, Record<string, Observed>>;
  /** reads of licenses by tier, in the order of `TIERS`; those of tenants beyond the bound stand under `""` */
  tenants: Record<string, number[]>;
  held: Held | null;
};

function pairs(first: readonly string[], second: readonly string[]): string[] {
  return first.flatMap((one) => second.map((two) => `${one}/${two}`));
}
