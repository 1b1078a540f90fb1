import { sql } from "drizzle-orm";
import { foreignKey, index, integer, primaryKey, sqliteTable, text, uniqueIndex } from "drizzle-orm/sqlite-core";
import { flag, instant, json, owned } from "../columns.ts";
import { templateRevisions } from "../catalog/tables.ts";
import { customers } from "../customers/tables.ts";
import type { RenewalBasis, TermCause } from "#rules/licensing/renewal";
import type { Hold } from "#rules/licensing/states";
import type { TransferStatus } from "#rules/licensing/transfers";
import type {
  ExpirationStrategy,
  ExpiryBasis,
  FingerprintScope,
  LicenseModel,
  LicenseType,
  TermsOverrides,
} from "#rules/licensing/terms";

/** A part of a device as it is kept: what it is, and the keyed digest of what its program told of it. */
export type DevicePart = { kind: string; hash: string };

/** The right of a customer to use a product. Status is never stored: it follows from holds and instants. */
export const licenses = sqliteTable(
  "licenses",
  {
    tenantId: text().notNull(),
    id: text().notNull(),
    templateId: text().notNull(),
    templateRev: integer().notNull(),
    productId: text().notNull(),
    customerId: text().notNull(),
    resellerId: text(),
    orderId: text(),
    subscriptionId: text(),
    type: text().$type<LicenseType>().notNull(),
    model: text().$type<LicenseModel>().notNull(),
    issuedTo: text(),
    keyHash: text().notNull(), // keyed digest of the license key
    keyLast4: text().notNull(),
    keySealed: text(), // opened by reveal_key alone; null where only the digest is kept
    keySealedUntil: instant(), // hash_only: when the copy of an ordered license's key is dropped
    overrides: json<TermsOverrides>().notNull(), // what this license has apart from its template's revision
    keyBits: integer(), // what guessing the key takes: all of ours, an estimate for imported ones; null = made before this was noted
    proofHash: text(), // keyed digest of the public half that is derived from the license key: finds the license by an offline request
    maxActivations: integer(), // effective; null = unlimited
    seatCeiling: integer(), // effective: how many seats a claim may fill, overage included; null = no end
    coreCeiling: integer(), // effective: how many cores its devices may claim together, overage included; null = no end
    userCeiling: integer(), // effective: how many users may hold seats, overage included; null = no end
    churnLimit: integer(), // effective: how many activations it may make within 30 days; null = no end
    deviceScope: text().$type<FingerprintScope>().notNull().default("license"), // effective: within what a device may hold one seat only
    leaseS: integer(), // effective: how long a seat is held after its last heartbeat; null = seats need none
    freesDeadSeats: flag().notNull(), // effective: a seat whose lease ended is free at that instant
    expirationStrategy: text().$type<ExpirationStrategy>().notNull(), // effective
    startsAt: instant().notNull(),
    expiryBasis: text().$type<ExpiryBasis>().notNull(),
    activatedAt: instant(), // first activation
    firstValidatedAt: instant(),
    expiresAt: instant(), // exclusive; null = never, or not yet begun
    graceUntil: instant(),
    maintenanceUntil: instant(),
    autoRenew: flag().notNull(),
    canceledAt: instant(), // exclusive end, which may lie ahead
    canceledReason: text(),
    revokedAt: instant(),
    revokedReason: text(),
    holds: json<Hold[]>().notNull(),
    lastValidatedAt: instant(),
    convertedAt: instant(), // a trial that became paid for
    transferCount: integer().notNull().default(0), // to other customers and, of named users, to other users: what max_transfers limits
    termCount: integer().notNull().default(0), // the number of its newest term
    anchorDay: integer(), // the day of the month to which its renewals return; null = that of its end
    ...owned(),
  },
  (t) => [
    primaryKey({ columns: [t.tenantId, t.id] }),
    foreignKey({
      columns: [t.tenantId, t.templateId, t.templateRev],
      foreignColumns: [templateRevisions.tenantId, templateRevisions.templateId, templateRevisions.rev],
    }),
    foreignKey({ columns: [t.tenantId, t.customerId], foreignColumns: [customers.tenantId, customers.id] }),
    uniqueIndex("licenses_key").on(t.tenantId, t.keyHash),
    uniqueIndex("licenses_external").on(t.tenantId, t.externalId),
    index("licenses_customer").on(t.tenantId, t.customerId, t.id),
    index("licenses_product").on(t.tenantId, t.productId, t.id),
    index("licenses_order")
      .on(t.tenantId, t.orderId, t.id)
      .where(sql`${t.orderId} is not null`),
    index("licenses_subscription")
      .on(t.tenantId, t.subscriptionId, t.id)
      .where(sql`${t.subscriptionId} is not null`),
    index("licenses_last4").on(t.tenantId, t.keyLast4),
    index("licenses_issued_to")
      .on(t.tenantId, t.issuedTo)
      .where(sql`${t.issuedTo} is not null`),
    index("licenses_expiry")
      .on(t.tenantId, t.expiresAt)
      .where(sql`${t.expiresAt} is not null`),
    uniqueIndex("licenses_proof")
      .on(t.tenantId, t.proofHash)
      .where(sql`${t.proofHash} is not null`),
    index("licenses_unusable") // what somebody stopped: those that a status list has to name
      .on(t.tenantId, t.productId, t.id)
      .where(sql`${t.revokedAt} is not null or ${t.canceledAt} is not null or ${t.holds} <> '[]'`),
    index("licenses_template").on(t.tenantId, t.templateId, t.templateRev, t.id),
    index("licenses_sealed_until")
      .on(t.keySealedUntil)
      .where(sql`${t.keySealedUntil} is not null`),
  ],
);

/** One seat of a license, held by one device until it is released. */
export const activations = sqliteTable(
  "activations",
  {
    tenantId: text().notNull(),
    id: text().notNull(),
    licenseId: text().notNull(),
    deviceHash: text().notNull(), // HMAC of the fingerprint: the fingerprint itself never lands here
    type: text().$type<"online" | "offline" | "emergency">().notNull(),
    userRef: text(),
    name: text(),
    platform: text(),
    appVersion: text(),
    cores: integer(), // what the device claims; null = it did not say
    components: json<DevicePart[]>().notNull().default([]), // HMACs of its parts, of which k must fit
    devicePublicKey: text(), // Ed25519, base64url: with it the device proves to be itself
    generation: integer().notNull(), // part of the token's derivation: raising it revokes the token
    metrics: json<{ counters: Record<string, number>; gauges: Record<string, number>; seq: number }>().notNull(),
    activatedAt: instant().notNull(),
    lastSeenAt: instant().notNull(),
    heartbeatAt: instant(), // null until the first heartbeat
    leaseExpiresAt: instant(),
    endsAt: instant(), // ends by itself at this instant (exclusive), whatever beats: emergencies, and offline seats that were released by force
    cloneSuspectedAt: instant(), // this device's key or sequence was seen to come from two places
    integrityFailedAt: instant(), // its files were not those that the vendor registered; null again once they are
    releasedAt: instant(), // null while the seat is held
    releasedReason: text(),
    ...owned(),
  },
  (t) => [
    primaryKey({ columns: [t.tenantId, t.id] }),
    foreignKey({ columns: [t.tenantId, t.licenseId], foreignColumns: [licenses.tenantId, licenses.id] }),
    uniqueIndex("activations_one_seat_per_device")
      .on(t.tenantId, t.licenseId, t.deviceHash)
      .where(sql`${t.releasedAt} is null`),
    index("activations_device")
      .on(t.tenantId, t.deviceHash)
      .where(sql`${t.releasedAt} is null`),
    index("activations_license").on(t.tenantId, t.licenseId, t.id),
    index("activations_marked")
      .on(t.tenantId, t.licenseId, t.deviceHash)
      .where(sql`${t.releasedAt} is not null and (${t.cloneSuspectedAt} is not null or ${t.integrityFailedAt} is not null)`),
    index("activations_released")
      .on(t.tenantId, t.releasedAt)
      .where(sql`${t.releasedAt} is not null`),
    uniqueIndex("activations_external").on(t.tenantId, t.externalId),
  ],
);

/** A seat that was released long ago, kept for the record and out of the way of those that count. */
export const archivedActivations = sqliteTable(
  "archived_activations",
  {
    tenantId: text().notNull(),
    id: text().notNull(),
    licenseId: text().notNull(),
    row: json<Record<string, unknown>>().notNull(), // all columns of the row as it was
    releasedAt: instant().notNull(),
    archivedAt: instant().notNull(),
  },
  (t) => [primaryKey({ columns: [t.tenantId, t.id] }), index("archived_activations_license").on(t.tenantId, t.licenseId, t.id)],
);

/** One period of a license: the chain of these is its history. The last one's end is the license's own `expires_at`. */
export const licenseTerms = sqliteTable(
  "license_terms",
  {
    tenantId: text().notNull(),
    licenseId: text().notNull(),
    n: integer().notNull(), // 1 is the first
    startsAt: instant().notNull(),
    endsAt: instant(), // exclusive; null = never
    cause: text().$type<TermCause>().notNull(),
    basis: text().$type<RenewalBasis>(), // of a renewal: from where it was counted
    reference: text(), // the order, invoice or caller's intent that it came from: one of each extends once
    createdAt: instant().notNull(),
  },
  (t) => [
    primaryKey({ columns: [t.tenantId, t.licenseId, t.n] }),
    foreignKey({ columns: [t.tenantId, t.licenseId], foreignColumns: [licenses.tenantId, licenses.id] }),
    uniqueIndex("license_terms_reference")
      .on(t.tenantId, t.licenseId, t.reference)
      .where(sql`${t.reference} is not null`),
  ],
);

/** A place of a license that belongs to one user by name. */
export const namedUsers = sqliteTable(
  "named_users",
  {
    tenantId: text().notNull(),
    licenseId: text().notNull(),
    userRef: text().notNull(),
    namedAt: instant().notNull(),
  },
  (t) => [
    primaryKey({ columns: [t.tenantId, t.licenseId, t.userRef] }),
    foreignKey({ columns: [t.tenantId, t.licenseId], foreignColumns: [licenses.tenantId, licenses.id] }),
  ],
);

/** Who had the trial of a product: a device and a customer have one each. Rows stay when the license converts or ends. */
export const trialUses = sqliteTable(
  "trial_uses",
  {
    tenantId: text().notNull(),
    productId: text().notNull(),
    kind: text().$type<"device" | "customer">().notNull(),
    subject: text().notNull(), // keyed digest of the device, or the customer's id
    licenseId: text().notNull(),
    usedAt: instant().notNull(),
  },
  (t) => [
    primaryKey({ columns: [t.tenantId, t.productId, t.kind, t.subject] }),
    index("trial_uses_license").on(t.tenantId, t.licenseId),
  ],
);

/** A license on its way from one customer to another. */
export const licenseTransfers = sqliteTable(
  "license_transfers",
  {
    tenantId: text().notNull(),
    id: text().notNull(),
    licenseId: text().notNull(),
    fromCustomerId: text().notNull(),
    toCustomerId: text().notNull(),
    status: text().$type<TransferStatus>().notNull(), // a pending one past its end is expired, written down or not
    reason: text(),
    expiresAt: instant(), // a pending one is void from here on; null = it was carried out at once
    endedAt: instant(),
    ...owned(),
  },
  (t) => [
    primaryKey({ columns: [t.tenantId, t.id] }),
    foreignKey({ columns: [t.tenantId, t.licenseId], foreignColumns: [licenses.tenantId, licenses.id] }),
    index("license_transfers_license").on(t.tenantId, t.licenseId, t.id),
    uniqueIndex("license_transfers_one_pending")
      .on(t.tenantId, t.licenseId)
      .where(sql`${t.status} = 'pending'`),
    uniqueIndex("license_transfers_external").on(t.tenantId, t.externalId),
  ],
);
