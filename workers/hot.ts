import { hotRoutes as entitlements } from "./entitlements/hot-check.ts";
import type { HotRoute } from "./kernel/hot/door.ts";
import { hotRoutes as licensing } from "./licensing/hot/routes.ts";

/** What the edge answers before the router, by path. */
export const hotRoutes: ReadonlyMap<string, HotRoute<unknown>> = new Map([...licensing, ...entitlements]);
