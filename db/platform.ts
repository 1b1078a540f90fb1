import type { Asking } from "./commit.ts";
import { tenantsOf } from "./tenants/tenants.ts";

/** What operators see and change: tenants themselves, never what they own. */
export type Platform = ReturnType<typeof platformOf>;

/** The operators' door, apart from `repoOf`. */
export function platformOf(asking: Omit<Asking, "tenantId">) {
  return { shard: asking.shard, tenants: tenantsOf(asking) };
}
