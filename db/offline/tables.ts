import { sql } from "drizzle-orm";
import { foreignKey, index, integer, primaryKey, sqliteTable, text, uniqueIndex } from "drizzle-orm/sqlite-core";
import { instant } from "../columns.ts";
import { activations, licenses } from "../licensing/tables.ts";

/** A root of a tenant: its public half, and the private one only where the platform holds it. */
export const offlineRoots = sqliteTable(
  "offline_roots",
  {
    tenantId: text().notNull(),
    kid: text().notNull(), // RFC 7638 thumbprint
    role: text().$type<"current" | "next" | "retired">().notNull(),
    custody: text().$type<"platform" | "tenant">().notNull(),
    publicKey: text().notNull(), // base64url
    privateKey: text(), // PKCS #8, sealed; null where the tenant holds it
    createdAt: instant().notNull(),
    retiredAt: instant(),
  },
  (t) => [
    primaryKey({ columns: [t.tenantId, t.kid] }),
    uniqueIndex("offline_roots_role")
      .on(t.tenantId, t.role)
      .where(sql`${t.role} <> 'retired'`),
  ],
);

/** The signed list of a tenant's signing keys, each time it was made anew. The highest `seq` holds. */
export const offlineKeysets = sqliteTable(
  "offline_keysets",
  {
    tenantId: text().notNull(),
    seq: integer().notNull(),
    text: text().notNull(), // olp1-keyset+jws
    rootKid: text().notNull(),
    expiresAt: instant().notNull(),
    createdAt: instant().notNull(),
  },
  (t) => [primaryKey({ columns: [t.tenantId, t.seq] })],
);

/** What an offline activation has beside its seat: the device's key, and the newest file that was made for it. */
export const offlineDevices = sqliteTable(
  "offline_devices",
  {
    tenantId: text().notNull(),
    activationId: text().notNull(),
    licenseId: text().notNull(),
    productId: text().notNull(),
    deviceKey: text().notNull(), // Ed25519, base64url: signs requests and receipts
    statusIndex: integer().notNull(), // in the status list of the product
    superseded: integer({ mode: "boolean" }).notNull().default(false), // its files count no more: another took its place
    seq: integer().notNull(), // of the newest file
    fileId: text().notNull(),
    rid: text().notNull(), // of the request that it answers
    requestHash: text().notNull(),
    file: text().notNull(), // keyset~license: the same request gets the same text
    expiresAt: instant().notNull(), // when the last of its files ends, which need not be the newest
    lastSeq: integer().notNull().default(0), // what the device said that it had: going back is a clone
    createdAt: instant().notNull(),
    updatedAt: instant().notNull(),
  },
  (t) => [
    primaryKey({ columns: [t.tenantId, t.activationId] }),
    foreignKey({ columns: [t.tenantId, t.activationId], foreignColumns: [activations.tenantId, activations.id] }),
    uniqueIndex("offline_devices_status").on(t.tenantId, t.productId, t.statusIndex),
    uniqueIndex("offline_devices_rid").on(t.tenantId, t.rid),
    index("offline_devices_license").on(t.tenantId, t.licenseId),
    index("offline_devices_superseded")
      .on(t.tenantId, t.productId, t.statusIndex)
      .where(sql`${t.superseded} = 1`),
    index("offline_devices_aging").on(t.expiresAt),
  ],
);

/** Every request and receipt that took effect: none does twice with other content. */
export const offlineRequests = sqliteTable(
  "offline_requests",
  {
    tenantId: text().notNull(),
    rid: text().notNull(),
    requestHash: text().notNull(),
    activationId: text().notNull(),
    action: text().$type<"activate" | "refresh" | "deactivate">().notNull(),
    createdAt: instant().notNull(),
  },
  (t) => [
    primaryKey({ columns: [t.tenantId, t.rid] }),
    index("offline_requests_activation").on(t.tenantId, t.activationId),
    index("offline_requests_aging").on(t.createdAt),
  ],
);

/** The newest status list of each product, kept until something in it changes. */
export const statusLists = sqliteTable(
  "status_lists",
  {
    tenantId: text().notNull(),
    productId: text().notNull(),
    seq: integer().notNull(),
    text: text().notNull(), // olp1-status+jws
    digest: text().notNull(), // of the bits, so that an unchanged list is told from a changed one
    expiresAt: instant().notNull(),
    createdAt: instant().notNull(),
  },
  (t) => [primaryKey({ columns: [t.tenantId, t.productId] })],
);

/** A code that lets one device run for a day whatever the license's end or seats say. Kept as a digest, used once. */
export const emergencyCodes = sqliteTable(
  "emergency_codes",
  {
    tenantId: text().notNull(),
    id: text().notNull(),
    licenseId: text().notNull(),
    codeHash: text().notNull(),
    deviceHash: text(), // null = the first device that comes
    reason: text().notNull(),
    createdBy: text().notNull(), // the API key
    createdAt: instant().notNull(),
    expiresAt: instant().notNull(), // 24 hours after it was made; so does what it gives
    redeemedAt: instant(),
    activationId: text(),
  },
  (t) => [
    primaryKey({ columns: [t.tenantId, t.id] }),
    foreignKey({ columns: [t.tenantId, t.licenseId], foreignColumns: [licenses.tenantId, licenses.id] }),
    uniqueIndex("emergency_codes_code").on(t.tenantId, t.codeHash),
    index("emergency_codes_license").on(t.tenantId, t.licenseId, t.createdAt),
  ],
);
