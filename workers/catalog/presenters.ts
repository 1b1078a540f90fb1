import type { FeatureRow } from "#db/catalog/features";
import type { ProductVersionRow } from "#db/catalog/product-versions";
import type { ProductRow } from "#db/catalog/products";
import type { TemplateRevisionRow } from "#db/catalog/template-revisions";
import type { Template as TemplateAsStored } from "#db/catalog/templates";
import { presentOwned } from "#kernel/present";
import { givenToWire, termsToWire } from "#kernel/terms";
import type { z } from "#kernel/wire";
import type { Feature, Manifest, Product, ProductVersion, Template, TemplateRevision } from "./schemas.ts";

export const presentProduct = (row: ProductRow): z.infer<typeof Product> => ({
  object: "product",
  id: row.id,
  code: row.code,
  name: row.name,
  description: row.description,
  default_entitlements: givenToWire(row.defaultEntitlements),
  archived_at: row.archivedAt?.toISOString() ?? null,
  ...presentOwned(row),
});

export const presentProductVersion = (row: ProductVersionRow): z.infer<typeof ProductVersion> => ({
  object: "product_version",
  id: `${row.productId}:${row.version}`,
  product_id: row.productId,
  version: row.version,
  released_at: row.releasedAt.toISOString(),
  files_count: row.manifest?.length ?? null,
  created_at: row.createdAt.toISOString(),
});

export const presentManifest = ({ productId, version, manifest }: ProductVersionRow): z.infer<typeof Manifest> => ({
  object: "product_version_manifest",
  id: `${productId}:${version}`,
  product_id: productId,
  version,
  files: manifest ?? [],
});

export const presentFeature = (row: FeatureRow): z.infer<typeof Feature> => ({
  object: "feature",
  id: row.id,
  code: row.code,
  name: row.name,
  description: row.description,
  archived_at: row.archivedAt?.toISOString() ?? null,
  ...presentOwned(row),
});

export const presentTemplate = (template: TemplateAsStored): z.infer<typeof Template> => ({
  object: "template",
  id: template.id,
  rev: template.rev,
  product_id: template.productId,
  name: template.name,
  description: template.description,
  ...termsToWire(template.terms),
  archived_at: template.archivedAt?.toISOString() ?? null,
  ...presentOwned(template),
});

export const presentTemplateRevision = (row: TemplateRevisionRow): z.infer<typeof TemplateRevision> => ({
  object: "template_revision",
  id: `${row.templateId}:${row.rev}`,
  template_id: row.templateId,
  rev: row.rev,
  ...termsToWire(row.terms),
  created_at: row.createdAt.toISOString(),
});
