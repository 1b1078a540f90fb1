import { productsOf } from "./catalog/products.ts";
import type { TenantRow } from "./tenants/callers.ts";
import type { Asking } from "./commit.ts";

/** Everything one tenant owns, and no other way to a row of it. */
export type Repo = ReturnType<typeof repoOf>;

/** Opens a tenant's rows for one request. The tenant id can only come from a read that authenticated (see tenant-id.ts). */
export function repoOf(asking: Asking, tenant: TenantRow) {
  return {
    tenantId: asking.tenantId,
    shard: asking.shard,
    tenant,
    products: productsOf(asking),
  };
}
