import { featuresOf } from "./catalog/features.ts";
import { couponsOf } from "./pricing/coupons.ts";
import { pricingPageOf } from "./pricing/pricing-page.ts";
import { plansOf } from "./pricing/plans.ts";
import { priceRevisionsOf } from "./pricing/price-revisions.ts";
import { pricesOf } from "./pricing/prices.ts";
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
import { seatsOf } from "./licensing/seats.ts";
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
import { alertsOf } from "./stories/alerts.ts";
import { storiesOf } from "./stories/stories.ts";
import { booksOf } from "./billing/books.ts";
import { creditNotesOf } from "./billing/credit-notes.ts";
import { creditsOf } from "./billing/credits.ts";
import { invoicesOf } from "./billing/invoices.ts";
import { paymentMethodsOf } from "./billing/payment-methods.ts";
import { paymentsOf } from "./billing/payments.ts";
import { legalEntitiesOf } from "./billing/legal-entities.ts";
import { taxRatesOf } from "./billing/tax-rates.ts";
import { taxingOf } from "./billing/taxing.ts";
import { ledgerOf } from "./billing/ledger.ts";
import { testClocksOf } from "./stories/test-clocks.ts";
import { wakeupsOf } from "./stories/wakeups.ts";
import { apiKeysOf } from "./tenants/api-keys.ts";
import type { TenantId } from "./tenant-id.ts";
import type { TenantRow } from "./tenants/callers.ts";
import { ownTenantOf } from "./tenants/own.ts";
import { paymentProvidersOf } from "./tenants/payment-providers.ts";
import { noticesOf } from "./mail/notices.ts";
import { mailPreferencesOf } from "./mail/preferences.ts";
import { mailStatusOf } from "./mail/status.ts";
import { mailTemplatesOf } from "./mail/templates.ts";
import { deliveriesOf } from "./webhooks/deliveries.ts";
import { webhookEndpointsOf } from "./webhooks/endpoints.ts";
import { webhookQueuesOf } from "./webhooks/queues.ts";

/** Everything one tenant owns, and no other way to a row of it. */
export type Repo = Opened & { readonly [Room in keyof typeof ROOMS]: ReturnType<(typeof ROOMS)[Room]> };

const ROOMS = {
  own: ownTenantOf,
  apiKeys: apiKeysOf,
  paymentProviders: paymentProvidersOf,
  testClocks: testClocksOf,
  wakeups: wakeupsOf,
  stories: storiesOf,
  alerts: alertsOf,
  products: productsOf,
  productVersions: productVersionsOf,
  features: featuresOf,
  templates: templatesOf,
  templateRevisions: templateRevisionsOf,
  customers: customersOf,
  licenses: licensesOf,
  licenseTerms: licenseTermsOf,
  licenseOverview: licenseOverviewOf,
  activations: activationsOf,
  seats: seatsOf,
  namedUsers: namedUsersOf,
  transfers: transfersOf,
  seatsBeyond: beyondOf,
  pinned: pinnedOf,
  asked: askedOf,
  warming: warmingOf,
  blacklist: blacklistOf,
  securityReports: securityReportsOf,
  integrityChecks: integrityChecksOf,
  suspicions: suspicionsOf,
  operations: operationsOf,
  offlineKeys: offlineKeysOf,
  offlineDevices: offlineDevicesOf,
  statusLists: statusListsOf,
  emergencyCodes: emergencyCodesOf,
  rights: rightsOf,
  usageDays: usageDaysOf,
  usageSums: usageSumsOf,
  usageAlerts: usageAlertsOf,
  orders: ordersOf,
  providerEvents: providerEventsOf,
  plans: plansOf,
  prices: pricesOf,
  coupons: couponsOf,
  pricingPage: pricingPageOf,
  priceRevisions: priceRevisionsOf,
  books: booksOf,
  ledger: ledgerOf,
  invoices: invoicesOf,
  creditNotes: creditNotesOf,
  credits: creditsOf,
  taxing: taxingOf,
  taxRates: taxRatesOf,
  legalEntities: legalEntitiesOf,
  payments: paymentsOf,
  paymentMethods: paymentMethodsOf,
  events: eventsOf,
  webhookEndpoints: webhookEndpointsOf,
  webhookQueues: webhookQueuesOf,
  deliveries: deliveriesOf,
  notices: noticesOf,
  mailPreferences: mailPreferencesOf,
  mailTemplates: mailTemplatesOf,
  mailStatus: mailStatusOf,
};

/** What of a tenant's rows is open in one request. A request uses one or two of them, so each is opened when it is asked for. */
class Opened {
  readonly tenant: TenantRow;
  readonly #asking: Asking;

  constructor(asking: Asking, tenant: TenantRow) {
    this.tenant = tenant;
    this.#asking = asking;
  }

  static {
    for (const [name, open] of Object.entries(ROOMS)) {
      Object.defineProperty(Opened.prototype, name, {
        get(this: Opened) {
          const opened: unknown = open(this.#asking);
          Object.defineProperty(this, name, { value: opened });
          return opened;
        },
      });
    }
  }

  get tenantId(): TenantId {
    return this.#asking.tenantId;
  }

  get shard(): string {
    return this.#asking.shard;
  }

  /** The object that an earlier try of the same intent began and could not finish; known only while a handler runs. */
  get resumes(): string | null {
    return this.#asking.intent?.resumes ?? null;
  }
}

/** Opens a tenant's rows for one request. The tenant id can only come from a read that authenticated (see tenant-id.ts). */
export const repoOf = (asking: Asking, tenant: TenantRow): Repo => new Opened(asking, tenant) as Repo;
