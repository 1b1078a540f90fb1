import { DurableObject } from "cloudflare:workers";

/** What changed of a tenant, in the order of its events' numbers: isolates ask it what they still may answer from. */
export class Feed extends DurableObject {}
