import { DurableObject } from "cloudflare:workers";

/** Counts the requests of one subject per window, exactly, by handing out leases on them. */
export class Quota extends DurableObject {}
