import { lifecycleOf } from "./stories/lifecycle.ts";
import { type AskingAll, storiesOfAll } from "./stories/stories.ts";
import { tenantsOf } from "./tenants/tenants.ts";

/** What operators see and change: tenants themselves, how stories stand, and sweeps for those that are missing; never what tenants own. */
export type Platform = ReturnType<typeof platformOf>;

/** The operators' door, apart from `repoOf`. */
export function platformOf(asking: AskingAll) {
  return { shard: asking.shard, tenants: tenantsOf(asking), stories: storiesOfAll(asking), lifecycle: lifecycleOf(asking) };
}
