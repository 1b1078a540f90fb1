import { archiveFeature } from "./features.archive.ts";
import { createFeature } from "./features.create.ts";
import { getFeature } from "./features.get.ts";
import { listFeatures } from "./features.list.ts";
import { updateFeature } from "./features.update.ts";
import { createProductVersion } from "./product_versions.create.ts";
import { getManifest } from "./product_versions.get_manifest.ts";
import { listProductVersions } from "./product_versions.list.ts";
import { putManifest } from "./product_versions.put_manifest.ts";
import { archiveProduct } from "./products.archive.ts";
import { createProduct } from "./products.create.ts";
import { getProduct } from "./products.get.ts";
import { listProducts } from "./products.list.ts";
import { updateProduct } from "./products.update.ts";
import { archiveTemplate } from "./templates.archive.ts";
import { createTemplate } from "./templates.create.ts";
import { duplicateTemplate } from "./templates.duplicate.ts";
import { getTemplate } from "./templates.get.ts";
import { listTemplates } from "./templates.list.ts";
import { listTemplateRevisions } from "./templates.list_revisions.ts";
import { previewTemplate } from "./templates.preview.ts";
import { updateTemplate } from "./templates.update.ts";

/** What a tenant sells: products, features, templates. */
export const catalog = [
  createProduct,
  listProducts,
  getProduct,
  updateProduct,
  archiveProduct,
  createProductVersion,
  listProductVersions,
  putManifest,
  getManifest,
  createFeature,
  listFeatures,
  getFeature,
  updateFeature,
  archiveFeature,
  createTemplate,
  listTemplates,
  getTemplate,
  updateTemplate,
  duplicateTemplate,
  previewTemplate,
  archiveTemplate,
  listTemplateRevisions,
];
