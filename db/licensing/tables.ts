import { sql } from "drizzle-orm";
import { foreignKey, index, integer, primaryKey, sqliteTable, text, uniqueIndex } from "drizzle-orm/sqlite-core";
import { flag, instant, json, owned } from "../columns.ts";
import { templateRevisions } from "../catalog/tables.ts";
import { customers } from "../customers/tables.ts";
import type { Hold } from "#rules/licensing/states";
import type { ExpirationStrategy, ExpiryBasis, LicenseModel, LicenseType, TermsOverrides } from "#rules/licensing/terms";

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
    maxActivations: integer(), // effective; null = unlimited
    seatCeiling: integer(), // effective: how many seats a claim may fill, overage included; null = no end
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
    canceledAt: instant(),
    revokedAt: instant(),
    revokedReason: text(),
    holds: json<Hold[]>().notNull(),
    lastValidatedAt: instant(),
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
    index("licenses_last4").on(t.tenantId, t.keyLast4),
    index("licenses_issued_to")
      .on(t.tenantId, t.issuedTo)
      .where(sql`${t.issuedTo} is not null`),
    index("licenses_expiry")
      .on(t.tenantId, t.expiresAt)
      .where(sql`${t.expiresAt} is not null`),
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
    generation: integer().notNull(), // part of the token's derivation: raising it revokes the token
    metrics: json<{ counters: Record<string, number>; gauges: Record<string, number>; seq: number }>().notNull(),
    activatedAt: instant().notNull(),
    lastSeenAt: instant().notNull(),
    heartbeatAt: instant(), // null until the first heartbeat
    leaseExpiresAt: instant(),
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
    index("activations_license").on(t.tenantId, t.licenseId, t.id),
    uniqueIndex("activations_external").on(t.tenantId, t.externalId),
  ],
);
