import { DurableObject } from "cloudflare:workers";

/** Adds up what the isolates counted, for operators and for Prometheus. */
export class Tally extends DurableObject {}
