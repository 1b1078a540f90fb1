import { catalog } from "./catalog/index.ts";
import type { Endpoint } from "./kernel/endpoint.ts";
import { tenants } from "./tenants/index.ts";

/** Every operation of the edge, one line per room. */
export const endpoints: readonly Endpoint[] = [...tenants, ...catalog];
