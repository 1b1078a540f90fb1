import { sql } from "drizzle-orm";
import { foreignKey, index, integer, primaryKey, sqliteTable, text, uniqueIndex } from "drizzle-orm/sqlite-core";
import { flag, instant, json, owned } from "../columns.ts";
import { customers } from "../customers/tables.ts";
import type { DocumentLine, Party, TaxBehavior, TaxCategory, TaxGroup } from "#rules/billing/documents";
import type { Address } from "#rules/customers/customer";
import type { Provider } from "#rules/money";

/** Who sells, as its documents say: an address, a VAT id, and number series of its own. */
export const legalEntities = sqliteTable(
  "legal_entities",
  {
    tenantId: text().notNull(),
    id: text().notNull(),
    name: text().notNull(),
    address: json<Address>(),
    country: text(), // ISO 3166-1 alpha-2; null: not told yet, and so nothing is taxed
    vatId: text(),
    registration: text(), // number in a register of companies
    email: text(),
    iban: text(),
    bic: text(),
    bankName: text(),
    timeZone: text().notNull(), // in which its documents are dated
    vatScheme: text().$type<"standard" | "small_business">().notNull(),
    consumersAt: text().$type<"destination" | "home">().notNull(), // which state's VAT consumers of other member states pay
    whenVatIdUnknown: text().$type<"charge" | "reverse_charge" | "refuse">().notNull(), // when VIES does not answer
    invoicePrefix: text().notNull(), // INV-{YYYY}-
    creditNotePrefix: text().notNull(),
    numberWidth: integer().notNull(),
    footer: text(),
    isDefault: flag().notNull(),
    archivedAt: instant(),
    ...owned(),
  },
  (t) => [
    primaryKey({ columns: [t.tenantId, t.id] }),
    uniqueIndex("legal_entities_default")
      .on(t.tenantId)
      .where(sql`${t.isDefault} = 1`),
    uniqueIndex("legal_entities_external").on(t.tenantId, t.externalId),
  ],
);

/** The last number that a series of a legal entity has given out. It rises in the batch that makes a document final, and nowhere else. */
export const documentNumbers = sqliteTable(
  "document_numbers",
  {
    tenantId: text().notNull(),
    legalEntityId: text().notNull(),
    series: text().notNull(), // the prefix with its year: INV-2026-
    last: integer().notNull(),
  },
  (t) => [
    primaryKey({ columns: [t.tenantId, t.legalEntityId, t.series] }),
    foreignKey({ columns: [t.tenantId, t.legalEntityId], foreignColumns: [legalEntities.tenantId, legalEntities.id] }),
  ],
);

/** A rate of tax that a tenant charges somewhere, for as long as it is valid. */
export const taxRates = sqliteTable(
  "tax_rates",
  {
    tenantId: text().notNull(),
    id: text().notNull(),
    name: text().notNull(), // VAT, GST, Sales tax
    country: text().notNull(),
    state: text(), // null: the whole country
    taxCategory: text().notNull(), // standard, reduced, …: what a plan or product is
    category: text().$type<TaxCategory>().notNull(), // as EN 16931 names it
    percent: text().notNull(), // at most 4 decimals
    validFromOn: text(), // YYYY-MM-DD; null: always was
    validUntilOn: text(), // exclusive; null: no end is known
    archivedAt: instant(),
    ...owned(),
  },
  (t) => [
    primaryKey({ columns: [t.tenantId, t.id] }),
    index("tax_rates_country").on(t.tenantId, t.country, t.taxCategory, t.id),
    uniqueIndex("tax_rates_external").on(t.tenantId, t.externalId),
  ],
);

/** What VIES, or a person, said of a VAT id, as evidence. The newest of an id counts. */
export const vatChecks = sqliteTable(
  "vat_checks",
  {
    tenantId: text().notNull(),
    id: text().notNull(),
    vatId: text().notNull(), // normalised
    customerId: text(),
    state: text().$type<"valid" | "invalid" | "unknown">().notNull(),
    consultation: text(), // VIES' own number of the question
    name: text(),
    address: text(),
    checkedAt: instant().notNull(),
  },
  (t) => [
    primaryKey({ columns: [t.tenantId, t.id] }),
    index("vat_checks_id").on(t.tenantId, t.vatId, t.checkedAt),
    index("vat_checks_customer")
      .on(t.tenantId, t.customerId, t.id)
      .where(sql`${t.customerId} is not null`),
  ],
);

const documentContent = () => ({
  legalEntityId: text().notNull(),
  customerId: text().notNull(),
  currency: text().notNull(),
  taxBehavior: text().$type<TaxBehavior>().notNull(),
  seller: json<Party>(), // as they stood when it became final; null: still a draft
  buyer: json<Party>(),
  lines: json<DocumentLine[]>().notNull(),
  taxGroups: json<TaxGroup[]>().notNull(),
  subtotal: integer().notNull(),
  discountTotal: integer().notNull(),
  taxable: integer().notNull(),
  taxTotal: integer().notNull(),
  rounding: integer().notNull(),
  total: integer().notNull(),
  notes: text(),
  taxPointOn: text(),
  series: text(), // with `sequence` its place in the books; null: still a draft
  sequence: integer(),
  number: text(),
  contentHash: text(), // SHA-256 of what is final, without the number, which the database gives
  pdfSha256: text(), // the file stands in FILES under it; null: not made yet
  noXmlReason: text(), // why the file carries no EN 16931 XML; null with a file: it does
  ...owned(),
});

/** What is owed. Final ones are never changed but in what was paid, credited and sent. */
export const invoices = sqliteTable(
  "invoices",
  {
    tenantId: text().notNull(),
    id: text().notNull(),
    status: text().$type<"draft" | "open" | "paid" | "void" | "uncollectible">().notNull(),
    billingReason: text()
      .$type<"manual" | "order" | "subscription_create" | "subscription_cycle" | "subscription_update">()
      .notNull(),
    orderId: text(),
    subscriptionId: text(),
    periodKey: text(), // what of a subscription it bills, `sub_…/3`: one invoice for each
    collectionMethod: text().$type<"automatic" | "send_invoice">().notNull(),
    netTermsDays: integer().notNull(),
    amountPaid: integer().notNull(), // settled money put to it
    amountCredited: integer().notNull(), // by credit notes against what was due
    creditApplied: integer().notNull(), // from the customer's balance
    amountDue: integer().notNull(), // 0 unless it is open or uncollectible
    ...documentContent(),
    dueAt: instant(),
    issuedAt: instant(),
    paidAt: instant(),
    voidedAt: instant(),
    uncollectibleAt: instant(),
    sentAt: instant(),
    attempts: integer().notNull(), // charges tried
    nextAttemptAt: instant(),
  },
  (t) => [
    primaryKey({ columns: [t.tenantId, t.id] }),
    foreignKey({ columns: [t.tenantId, t.customerId], foreignColumns: [customers.tenantId, customers.id] }),
    foreignKey({ columns: [t.tenantId, t.legalEntityId], foreignColumns: [legalEntities.tenantId, legalEntities.id] }),
    uniqueIndex("invoices_number").on(t.tenantId, t.legalEntityId, t.series, t.sequence),
    uniqueIndex("invoices_external").on(t.tenantId, t.externalId),
    uniqueIndex("invoices_order")
      .on(t.tenantId, t.orderId)
      .where(sql`${t.orderId} is not null and ${t.status} <> 'void'`),
    uniqueIndex("invoices_period")
      .on(t.tenantId, t.periodKey)
      .where(sql`${t.periodKey} is not null and ${t.status} <> 'void'`),
    index("invoices_customer").on(t.tenantId, t.customerId, t.id),
    index("invoices_status").on(t.tenantId, t.status, t.id),
    index("invoices_subscription")
      .on(t.tenantId, t.subscriptionId, t.id)
      .where(sql`${t.subscriptionId} is not null`),
    index("invoices_due")
      .on(t.tenantId, t.dueAt)
      .where(sql`${t.status} = 'open'`),
    index("invoices_issued")
      .on(t.tenantId, t.issuedAt)
      .where(sql`${t.issuedAt} is not null`),
    index("invoices_number_text")
      .on(t.tenantId, t.number)
      .where(sql`${t.number} is not null`),
    index("invoices_without_file")
      .on(t.tenantId, t.id)
      .where(sql`${t.status} <> 'draft' and ${t.pdfSha256} is null`),
  ],
);

/** A document that lowers an invoice. It is final from the start. */
export const creditNotes = sqliteTable(
  "credit_notes",
  {
    tenantId: text().notNull(),
    id: text().notNull(),
    invoiceId: text().notNull(),
    reason: text().$type<"order_change" | "product_unsatisfactory" | "duplicate" | "fraudulent" | "other">().notNull(),
    toDue: integer().notNull(), // how its total is used: off what is due,
    toCredit: integer().notNull(), // to the customer's balance,
    toRefund: integer().notNull(), // back to the provider
    refundId: text(),
    ...documentContent(),
    issuedAt: instant().notNull(),
  },
  (t) => [
    primaryKey({ columns: [t.tenantId, t.id] }),
    foreignKey({ columns: [t.tenantId, t.invoiceId], foreignColumns: [invoices.tenantId, invoices.id] }),
    uniqueIndex("credit_notes_number").on(t.tenantId, t.legalEntityId, t.series, t.sequence),
    uniqueIndex("credit_notes_external").on(t.tenantId, t.externalId),
    index("credit_notes_invoice").on(t.tenantId, t.invoiceId, t.id),
    index("credit_notes_customer").on(t.tenantId, t.customerId, t.id),
    index("credit_notes_without_file")
      .on(t.tenantId, t.id)
      .where(sql`${t.pdfSha256} is null`),
  ],
);

/** A balance that a customer may spend on invoices of its currency. */
export const credits = sqliteTable(
  "credits",
  {
    tenantId: text().notNull(),
    id: text().notNull(),
    customerId: text().notNull(),
    currency: text().notNull(),
    source: text().$type<"credit_note" | "overpayment" | "manual" | "promotion">().notNull(),
    sourceId: text(), // cn_… or pay_…: what it came from
    amount: integer().notNull(),
    remaining: integer().notNull(),
    reason: text(),
    expiresAt: instant(),
    expiredAt: instant(),
    ...owned(),
  },
  (t) => [
    primaryKey({ columns: [t.tenantId, t.id] }),
    foreignKey({ columns: [t.tenantId, t.customerId], foreignColumns: [customers.tenantId, customers.id] }),
    uniqueIndex("credits_external").on(t.tenantId, t.externalId),
    uniqueIndex("credits_source")
      .on(t.tenantId, t.source, t.sourceId)
      .where(sql`${t.sourceId} is not null`),
    index("credits_customer").on(t.tenantId, t.customerId, t.id),
    index("credits_expiring")
      .on(t.expiresAt)
      .where(sql`${t.remaining} > 0 and ${t.expiresAt} is not null`),
    index("credits_spendable")
      .on(t.tenantId, t.customerId, t.currency, t.expiresAt)
      .where(sql`${t.remaining} > 0`),
  ],
);

/** A customer as a provider knows it. */
export const providerCustomers = sqliteTable(
  "provider_customers",
  {
    tenantId: text().notNull(),
    provider: text().$type<Exclude<Provider, "manual">>().notNull(),
    customerId: text().notNull(),
    ref: text().notNull(), // the provider's own id of it
    createdAt: instant().notNull(),
  },
  (t) => [
    primaryKey({ columns: [t.tenantId, t.provider, t.customerId] }),
    foreignKey({ columns: [t.tenantId, t.customerId], foreignColumns: [customers.tenantId, customers.id] }),
    uniqueIndex("provider_customers_ref").on(t.tenantId, t.provider, t.ref),
  ],
);

/** A card or account that a customer left with a provider, to be charged without them. No number stands here. */
export const paymentMethods = sqliteTable(
  "payment_methods",
  {
    tenantId: text().notNull(),
    id: text().notNull(),
    customerId: text().notNull(),
    provider: text().$type<Exclude<Provider, "manual">>().notNull(),
    status: text().$type<"pending" | "requires_action" | "active" | "failed" | "detached">().notNull(),
    ref: text(), // the provider's own id of it; null: not known yet
    setupRef: text(), // of the setup intent or token that makes it
    clientSecret: text(), // sealed; lets the customer's browser finish
    type: text(), // card, paypal, sepa_debit, …
    brand: text(),
    last4: text(),
    expMonth: integer(),
    expYear: integer(),
    country: text(), // where it was issued: evidence of where its holder lives
    fingerprint: text(), // the provider's: the same card left twice
    isDefault: flag().notNull(),
    endedReason: text(), // a hard decline or advice not to try again ended it for good
    detachedAt: instant(),
    ...owned(),
  },
  (t) => [
    primaryKey({ columns: [t.tenantId, t.id] }),
    foreignKey({ columns: [t.tenantId, t.customerId], foreignColumns: [customers.tenantId, customers.id] }),
    uniqueIndex("payment_methods_external").on(t.tenantId, t.externalId),
    uniqueIndex("payment_methods_ref")
      .on(t.tenantId, t.provider, t.ref)
      .where(sql`${t.ref} is not null and ${t.status} <> 'detached'`),
    uniqueIndex("payment_methods_setup")
      .on(t.tenantId, t.provider, t.setupRef)
      .where(sql`${t.setupRef} is not null`),
    uniqueIndex("payment_methods_default")
      .on(t.tenantId, t.customerId)
      .where(sql`${t.isDefault} = 1`),
    index("payment_methods_customer").on(t.tenantId, t.customerId, t.id),
  ],
);

/** One try to take money, and what became of it. Money that came outside of a provider is one that has succeeded. */
export const payments = sqliteTable(
  "payments",
  {
    tenantId: text().notNull(),
    id: text().notNull(),
    customerId: text(), // null: money that nobody of ours owes
    invoiceId: text(),
    orderId: text(),
    subscriptionId: text(),
    provider: text().$type<Provider>().notNull(),
    ref: text(), // the provider's id of the intent, order or sale
    captureRef: text(), // of the charge or capture that moved the money
    paymentMethodId: text(),
    attempt: integer().notNull(), // 1, 2, 3 … of its invoice
    offSession: flag().notNull(),
    status: text()
      .$type<
        "requires_method" | "requires_confirmation" | "requires_action" | "processing" | "succeeded" | "failed" | "canceled"
      >()
      .notNull(),
    currency: text().notNull(),
    amount: integer().notNull(), // asked for
    amountReceived: integer().notNull(),
    amountAllocated: integer().notNull(), // of what was received: put to its invoice
    amountCredited: integer().notNull(), // to the customer's balance
    amountRefunded: integer().notNull(),
    amountDisputed: integer().notNull(), // withdrawn by disputes that are not won
    unapplied: integer().notNull(), // what of it waits for an invoice: received - allocated - credited - refunded out of it
    fee: integer().notNull(), // what the provider kept
    clientSecret: text(), // sealed; lets the buyer's browser pay
    approveUrl: text(), // where a buyer approves a PayPal order
    declineCode: text(),
    adviceCode: text(),
    failure: text(), // in the provider's words
    note: text(),
    settledAt: instant(),
    ...owned(),
  },
  (t) => [
    primaryKey({ columns: [t.tenantId, t.id] }),
    foreignKey({ columns: [t.tenantId, t.customerId], foreignColumns: [customers.tenantId, customers.id] }),
    uniqueIndex("payments_external").on(t.tenantId, t.externalId),
    uniqueIndex("payments_ref")
      .on(t.tenantId, t.provider, t.ref)
      .where(sql`${t.ref} is not null`),
    uniqueIndex("payments_capture")
      .on(t.tenantId, t.provider, t.captureRef)
      .where(sql`${t.captureRef} is not null`),
    uniqueIndex("payments_attempt")
      .on(t.tenantId, t.invoiceId, t.attempt)
      .where(sql`${t.invoiceId} is not null and ${t.provider} <> 'manual'`),
    index("payments_customer")
      .on(t.tenantId, t.customerId, t.id)
      .where(sql`${t.customerId} is not null`),
    index("payments_invoice")
      .on(t.tenantId, t.invoiceId, t.id)
      .where(sql`${t.invoiceId} is not null`),
    index("payments_order")
      .on(t.tenantId, t.orderId, t.id)
      .where(sql`${t.orderId} is not null`),
    index("payments_status").on(t.tenantId, t.status, t.id),
    index("payments_settled")
      .on(t.tenantId, t.settledAt)
      .where(sql`${t.settledAt} is not null`),
  ],
);

/** Money that goes back to who paid it. */
export const refunds = sqliteTable(
  "refunds",
  {
    tenantId: text().notNull(),
    id: text().notNull(),
    paymentId: text().notNull(),
    customerId: text(),
    creditNoteId: text(),
    provider: text().$type<Provider>().notNull(),
    ref: text(),
    status: text().$type<"pending" | "succeeded" | "failed" | "canceled">().notNull(),
    currency: text().notNull(),
    amount: integer().notNull(),
    takenFrom: text().$type<"invoice" | "unapplied" | "credit">().notNull(), // what the money was before
    reason: text(),
    failure: text(),
    endedAt: instant(),
    ...owned(),
  },
  (t) => [
    primaryKey({ columns: [t.tenantId, t.id] }),
    foreignKey({ columns: [t.tenantId, t.paymentId], foreignColumns: [payments.tenantId, payments.id] }),
    uniqueIndex("refunds_external").on(t.tenantId, t.externalId),
    uniqueIndex("refunds_ref")
      .on(t.tenantId, t.provider, t.ref)
      .where(sql`${t.ref} is not null`),
    index("refunds_payment").on(t.tenantId, t.paymentId, t.id),
    index("refunds_status").on(t.tenantId, t.status, t.id),
  ],
);

/** Money that a customer's bank took back. */
export const disputes = sqliteTable(
  "disputes",
  {
    tenantId: text().notNull(),
    id: text().notNull(),
    paymentId: text().notNull(),
    customerId: text(),
    provider: text().$type<Exclude<Provider, "manual">>().notNull(),
    ref: text().notNull(),
    status: text().$type<"inquiry" | "open" | "won" | "lost">().notNull(),
    currency: text().notNull(),
    amount: integer().notNull(),
    isWithdrawn: flag().notNull(), // the money is gone, until it is won
    reason: text(),
    evidenceDueAt: instant(),
    endedAt: instant(),
    ...owned(),
  },
  (t) => [
    primaryKey({ columns: [t.tenantId, t.id] }),
    foreignKey({ columns: [t.tenantId, t.paymentId], foreignColumns: [payments.tenantId, payments.id] }),
    uniqueIndex("disputes_ref").on(t.tenantId, t.provider, t.ref),
    uniqueIndex("disputes_external").on(t.tenantId, t.externalId),
    index("disputes_payment").on(t.tenantId, t.paymentId, t.id),
    index("disputes_status").on(t.tenantId, t.status, t.id),
  ],
);

/** Money that a tenant sends to somebody through a provider. */
export const payouts = sqliteTable(
  "payouts",
  {
    tenantId: text().notNull(),
    id: text().notNull(),
    provider: text().$type<"paypal">().notNull(),
    purpose: text().$type<"refund" | "affiliate" | "other">().notNull(),
    recipient: text().notNull(), // an address of mail
    currency: text().notNull(),
    amount: integer().notNull(),
    status: text().$type<"pending" | "succeeded" | "unclaimed" | "returned" | "failed" | "canceled">().notNull(),
    batchRef: text(),
    ref: text(),
    fee: integer().notNull(),
    note: text(),
    failure: text(),
    endedAt: instant(),
    ...owned(),
  },
  (t) => [
    primaryKey({ columns: [t.tenantId, t.id] }),
    uniqueIndex("payouts_external").on(t.tenantId, t.externalId),
    index("payouts_status").on(t.tenantId, t.status, t.id),
  ],
);

/** One line of the books. Never changed; the lines of a group sum to zero in each currency. */
export const ledgerEntries = sqliteTable(
  "ledger_entries",
  {
    tenantId: text().notNull(),
    groupKey: text().notNull(), // the fact, by its business name: `inv_…/finalized`
    line: integer().notNull(), // 0, 1, 2 … within its group
    account: text().notNull(),
    provider: text().$type<Provider>(), // of cash
    currency: text().notNull(),
    amount: integer().notNull(), // debit positive
    invoiceId: text(),
    customerId: text(),
    eventId: text(), // the event that tells of the fact, where one was written with it
    at: instant().notNull(),
  },
  (t) => [
    primaryKey({ columns: [t.tenantId, t.groupKey, t.line] }),
    index("ledger_entries_at").on(t.tenantId, t.at, t.groupKey, t.line),
    index("ledger_entries_invoice")
      .on(t.tenantId, t.invoiceId, t.at, t.groupKey, t.line)
      .where(sql`${t.invoiceId} is not null`),
  ],
);

/** A comparison of a provider's books with ours. */
export const reconciliations = sqliteTable(
  "reconciliations",
  {
    tenantId: text().notNull(),
    id: text().notNull(),
    provider: text().$type<Exclude<Provider, "manual">>().notNull(),
    status: text().$type<"running" | "succeeded" | "failed">().notNull(),
    fromAt: instant().notNull(),
    toAt: instant().notNull(),
    cursor: text(), // where the provider's list goes on
    compared: integer().notNull(),
    differences: integer().notNull(),
    repaired: integer().notNull(),
    failure: text(),
    endedAt: instant(),
    ...owned(),
  },
  (t) => [
    primaryKey({ columns: [t.tenantId, t.id] }),
    uniqueIndex("reconciliations_external").on(t.tenantId, t.externalId),
    index("reconciliations_listed").on(t.tenantId, t.provider, t.id),
  ],
);

/** Where a provider's books and ours said different things, and what was done about it. */
export const differences = sqliteTable(
  "reconciliation_differences",
  {
    tenantId: text().notNull(),
    reconciliationId: text().notNull(),
    ref: text().notNull(), // the provider's id of what it speaks of
    kind: text().notNull(),
    ours: json<Record<string, unknown>>(),
    theirs: json<Record<string, unknown>>(),
    outcome: text().$type<"repaired" | "open">().notNull(),
    detail: text().notNull(),
    at: instant().notNull(),
  },
  (t) => [
    primaryKey({ columns: [t.tenantId, t.reconciliationId, t.ref, t.kind] }),
    foreignKey({ columns: [t.tenantId, t.reconciliationId], foreignColumns: [reconciliations.tenantId, reconciliations.id] }),
  ],
);
