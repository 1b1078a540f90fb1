import { appOf } from "./kernel/app.ts";
import type { Env } from "./kernel/env.ts";
import { endpoints } from "./rooms.ts";

export { Bell } from "./kernel/bell.object.ts";
export { Nonces } from "./kernel/nonces.object.ts";

const app = appOf(endpoints);

export default {
  fetch: (request, env, context) => app.fetch(request, env, context),
} satisfies ExportedHandler<Env>;
