import { type AskingAll, storiesOfAll } from "./stories/stories.ts";
import { tenantsOf } from "./tenants/tenants.ts";

/** What operators see and change: tenants themselves, and how stories stand; never what tenants own. */
export type Platform = ReturnType<typeof platformOf>;

/** The operators' door, apart from `repoOf`. */
export function platformOf(asking: AskingAll) {
  return { shard: asking.shard, tenants: tenantsOf(asking), stories: storiesOfAll(asking) };
}
