import { addPages } from "./docs/pages.ts";
import { hotRoutes } from "./hot.ts";
import { appOf } from "./kernel/app.ts";
import { realNow } from "./kernel/clock.ts";
import type { Env } from "./kernel/env.ts";
import { throughHotDoor } from "./kernel/hot/door.ts";
import { heldIn } from "./kernel/hot/held.ts";
import { memory } from "./kernel/hot/memory.ts";
import { tellHeld } from "./kernel/tallies.ts";
import { endpoints } from "./rooms.ts";
import { tend } from "./tend.ts";

export { Bell } from "./kernel/bell.object.ts";
export { Feed } from "./kernel/feed.object.ts";
export { Nonces } from "./kernel/nonces.object.ts";
export { Quota } from "./kernel/quota.object.ts";
export { Tally } from "./kernel/tally.object.ts";
export { Meter } from "./entitlements/meter.object.ts";

const app = appOf(endpoints);
addPages(app);
tellHeld(heldIn(memory));

export default {
  fetch: (request, env, context) =>
    throughHotDoor(memory, hotRoutes, request, { env, context, realNow: realNow() }, (left) => app.fetch(left, env, context)),
  scheduled: (_, env, context) => context.waitUntil(tend(env, context)),
} satisfies ExportedHandler<Env>;
