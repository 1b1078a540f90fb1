import { catalog } from "./catalog/index.ts";
import type { Endpoint } from "./kernel/endpoint.ts";
import { health } from "./health/index.ts";
import { stories } from "./stories/index.ts";
import { tenants } from "./tenants/index.ts";

/** Every operation of the edge, one line per room. */
export const endpoints: readonly Endpoint[] = [...health, ...stories, ...tenants, ...catalog];
