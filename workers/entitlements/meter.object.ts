import { DurableObject } from "cloudflare:workers";

/** What was used of one license's quotas: counters, the ledger that sums to them, reservations, and what is still to be told to the database. */
export class Meter extends DurableObject {}
