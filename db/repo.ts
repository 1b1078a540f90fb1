import { featuresOf } from "./catalog/features.ts";
import { productVersionsOf } from "./catalog/product-versions.ts";
import { productsOf } from "./catalog/products.ts";
import { templateRevisionsOf } from "./catalog/template-revisions.ts";
import { templatesOf } from "./catalog/templates.ts";
import type { Asking } from "./commit.ts";
import { customersOf } from "./customers/customers.ts";
import { activationsOf } from "./licensing/activations.ts";
import { askedOf } from "./licensing/asked.ts";
import { licenseTermsOf } from "./licensing/license-terms.ts";
import { beyondOf } from "./licensing/beyond.ts";
import { rightsOf } from "./entitlements/rights.ts";
import { usageAlertsOf } from "./entitlements/usage-alerts.ts";
import { usageDaysOf } from "./entitlements/usage-days.ts";
import { usageSumsOf } from "./entitlements/usage-sums.ts";
import { licensesOf } from "./licensing/licenses.ts";
import { namedUsersOf } from "./licensing/named-users.ts";
import { licenseOverviewOf } from "./licensing/overview.ts";
import { pinnedOf } from "./licensing/pinned.ts";
import { transfersOf } from "./licensing/transfers.ts";
import { warmingOf } from "./licensing/warming.ts";
import { operationsOf } from "./operations/operations.ts";
import { ordersOf } from "./sales/orders.ts";
import { providerEventsOf } from "./sales/provider-events.ts";
import { eventsOf } from "./events/events.ts";
import { blacklistOf } from "./security/blacklist.ts";
import { integrityChecksOf, suspicionsOf } from "./security/integrity.ts";
import { securityReportsOf } from "./security/reports.ts";
import { offlineDevicesOf } from "./offline/devices.ts";
import { emergencyCodesOf } from "./offline/emergency-codes.ts";
import { offlineKeysOf } from "./offline/keys.ts";
import { statusListsOf } from "./offline/status-lists.ts";
import { wakeupsOf } from "./stories/wakeups.ts";
import { apiKeysOf } from "./tenants/api-keys.ts";
import type { TenantRow } from "./tenants/callers.ts";
import { ownTenantOf } from "./tenants/own.ts";
import { paymentProvidersOf } from "./tenants/payment-providers.ts";
import { deliveriesOf } from "./webhooks/deliveries.ts";
import { webhookEndpointsOf } from "./webhooks/endpoints.ts";

/** Everything one tenant owns, and no other way to a row of it. */
export type Repo = ReturnType<typeof repoOf>;

/** Opens a tenant's rows for one request. The tenant id can only come from a read that authenticated (see tenant-id.ts). */
export function repoOf(asking: Asking, tenant: TenantRow) {
  return {
    tenantId: asking.tenantId,
    shard: asking.shard,
    tenant,
    /** The object that an earlier try of the same intent began and could not finish; known only while a handler runs. */
    get resumes(): string | null {
      return asking.intent?.resumes ?? null;
    },
    own: ownTenantOf(asking),
    apiKeys: apiKeysOf(asking),
    paymentProviders: paymentProvidersOf(asking),
    wakeups: wakeupsOf(asking),
    products: productsOf(asking),
    productVersions: productVersionsOf(asking),
    features: featuresOf(asking),
    templates: templatesOf(asking),
    templateRevisions: templateRevisionsOf(asking),
    customers: customersOf(asking),
    licenses: licensesOf(asking),
    licenseTerms: licenseTermsOf(asking),
    licenseOverview: licenseOverviewOf(asking),
    activations: activationsOf(asking),
    namedUsers: namedUsersOf(asking),
    transfers: transfersOf(asking),
    seatsBeyond: beyondOf(asking),
    pinned: pinnedOf(asking),
    asked: askedOf(asking),
    warming: warmingOf(asking),
    blacklist: blacklistOf(asking),
    securityReports: securityReportsOf(asking),
    integrityChecks: integrityChecksOf(asking),
    suspicions: suspicionsOf(asking),
    operations: operationsOf(asking),
    offlineKeys: offlineKeysOf(asking),
    offlineDevices: offlineDevicesOf(asking),
    statusLists: statusListsOf(asking),
    emergencyCodes: emergencyCodesOf(asking),
    rights: rightsOf(asking),
    usageDays: usageDaysOf(asking),
    usageSums: usageSumsOf(asking),
    usageAlerts: usageAlertsOf(asking),
    orders: ordersOf(asking),
    providerEvents: providerEventsOf(asking),
    events: eventsOf(asking),
    webhookEndpoints: webhookEndpointsOf(asking),
    deliveries: deliveriesOf(asking),
  };
}
