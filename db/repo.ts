import { featuresOf } from "./catalog/features.ts";
import { productsOf } from "./catalog/products.ts";
import { templatesOf } from "./catalog/templates.ts";
import type { Asking } from "./commit.ts";
import { customersOf } from "./customers/customers.ts";
import { wakeupsOf } from "./stories/wakeups.ts";
import { apiKeysOf } from "./tenants/api-keys.ts";
import type { TenantRow } from "./tenants/callers.ts";
import { ownTenantOf } from "./tenants/own.ts";
import { paymentProvidersOf } from "./tenants/payment-providers.ts";

/** Everything one tenant owns, and no other way to a row of it. */
export type Repo = ReturnType<typeof repoOf>;

/** Opens a tenant's rows for one request. The tenant id can only come from a read that authenticated (see tenant-id.ts). */
export function repoOf(asking: Asking, tenant: TenantRow) {
  return {
    tenantId: asking.tenantId,
    shard: asking.shard,
    tenant,
    own: ownTenantOf(asking),
    apiKeys: apiKeysOf(asking),
    paymentProviders: paymentProvidersOf(asking),
    wakeups: wakeupsOf(asking),
    products: productsOf(asking),
    features: featuresOf(asking),
    templates: templatesOf(asking),
    customers: customersOf(asking),
  };
}
