import { foreignKey, index, integer, primaryKey, sqliteTable, text, uniqueIndex } from "drizzle-orm/sqlite-core";
import { instant, json, owned } from "../columns.ts";
import type { ManifestFile } from "#rules/licensing/security";
import type { Entitlement, LicenseModel, LicenseType, TemplateTerms } from "#rules/licensing/terms";

/** What a tenant sells. */
export const products = sqliteTable(
  "products",
  {
    tenantId: text().notNull(),
    id: text().notNull(),
    code: text().notNull(),
    name: text().notNull(),
    description: text(),
    defaultEntitlements: json<Entitlement[]>().notNull(),
    archivedAt: instant(),
    ...owned(),
  },
  (t) => [
    primaryKey({ columns: [t.tenantId, t.id] }),
    uniqueIndex("products_code").on(t.tenantId, t.code),
    uniqueIndex("products_external").on(t.tenantId, t.externalId),
  ],
);

/** A released version of a product: when it came out decides what maintenance covers. */
export const productVersions = sqliteTable(
  "product_versions",
  {
    tenantId: text().notNull(),
    productId: text().notNull(),
    version: text().notNull(),
    releasedAt: instant().notNull(),
    manifest: json<ManifestFile[]>(), // the files of this version and their SHA-256; null = none were registered
    createdAt: instant().notNull(),
  },
  (t) => [
    primaryKey({ columns: [t.tenantId, t.productId, t.version] }),
    foreignKey({ columns: [t.tenantId, t.productId], foreignColumns: [products.tenantId, products.id] }),
    index("product_versions_released").on(t.tenantId, t.productId, t.releasedAt, t.version),
  ],
);

/** What a product can do. */
export const features = sqliteTable(
  "features",
  {
    tenantId: text().notNull(),
    id: text().notNull(),
    code: text().notNull(),
    name: text().notNull(),
    description: text(),
    archivedAt: instant(),
    ...owned(),
  },
  (t) => [
    primaryKey({ columns: [t.tenantId, t.id] }),
    uniqueIndex("features_code").on(t.tenantId, t.code),
    uniqueIndex("features_external").on(t.tenantId, t.externalId),
  ],
);

/** A blueprint for licenses; its terms stand in revisions, and a license pins the one it was made from. */
export const templates = sqliteTable(
  "templates",
  {
    tenantId: text().notNull(),
    id: text().notNull(),
    productId: text().notNull(),
    name: text().notNull(),
    description: text(),
    type: text().$type<LicenseType>().notNull(),
    model: text().$type<LicenseModel>().notNull(),
    rev: integer().notNull(), // the newest revision
    archivedAt: instant(),
    ...owned(),
  },
  (t) => [
    primaryKey({ columns: [t.tenantId, t.id] }),
    foreignKey({ columns: [t.tenantId, t.productId], foreignColumns: [products.tenantId, products.id] }),
    index("templates_product").on(t.tenantId, t.productId, t.id),
    uniqueIndex("templates_external").on(t.tenantId, t.externalId),
  ],
);

/** The terms of a template as they stood at one revision; never changed. */
export const templateRevisions = sqliteTable(
  "template_revisions",
  {
    tenantId: text().notNull(),
    templateId: text().notNull(),
    rev: integer().notNull(),
    terms: json<TemplateTerms>().notNull(),
    createdAt: instant().notNull(),
  },
  (t) => [
    primaryKey({ columns: [t.tenantId, t.templateId, t.rev] }),
    foreignKey({ columns: [t.tenantId, t.templateId], foreignColumns: [templates.tenantId, templates.id] }),
  ],
);
