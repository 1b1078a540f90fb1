import { listQuery } from "#kernel/endpoint";
import { ProgramFiles } from "#kernel/program-files";
import { GivenEntitlement, Entitlements, templateFields, TermChange, termsOutput } from "#kernel/terms";
import { z, Code, ExternalId, Instant, InstantInput, ownedInput, ownedOutput, Ref, text } from "#kernel/wire";
import { LICENSE_MODELS, LICENSE_TYPES } from "#rules/licensing/terms";

/** Objects that were put away, the others, or both where the parameter is absent. */
const Archived = z
  .stringbool({ truthy: ["true"], falsy: ["false"] })
  .optional()
  .openapi({ type: "boolean" });

const Name = text(200);
const Description = text(2000).nullish();

export const Product = z
  .object({
    object: z.literal("product"),
    id: z.string(),
    code: z.string(),
    name: z.string(),
    description: z.string().nullable(),
    default_entitlements: z.array(GivenEntitlement).openapi({ description: "What a customer without a license may use." }),
    archived_at: Instant.nullable(),
    ...ownedOutput,
  })
  .openapi("Product");

export const NewProduct = z
  .strictObject({
    name: Name,
    code: Code,
    description: Description,
    default_entitlements: Entitlements.optional(),
    ...ownedInput,
  })
  .openapi("NewProduct", {
    example: {
      name: "Acme Studio",
      code: "acme-studio",
      description: "The editor for professionals",
      default_entitlements: [{ feature: "fea_000je5x2k8q1t4v7z0b3d6f9h2", limit_value: 3, reset: "day" }],
      external_id: "sku-100",
      metadata: { line: "creative" },
    },
  });

export const ProductPatch = NewProduct.partial().openapi("ProductPatch", { example: { name: "Acme Studio 2" } });

export const ProductQuery = listQuery({ code: Code.optional(), external_id: ExternalId.optional(), archived: Archived });

export const ProductVersion = z
  .object({
    object: z.literal("product_version"),
    id: z.string().openapi({ description: "The product's id and the version, with a colon between them." }),
    product_id: z.string(),
    version: z.string(),
    released_at: Instant,
    files_count: z.int().nullable().openapi({ description: "How many files its manifest has; null = none was registered." }),
    created_at: Instant,
  })
  .openapi("ProductVersion");

export const NewProductVersion = z
  .strictObject({
    version: z
      .string()
      .regex(
        /^[0-9A-Za-z][0-9A-Za-z.+_~-]{0,63}$/,
        "must be 1 to 64 letters, digits, dots, dashes, pluses, tildes and underscores",
      )
      .openapi({ description: "As the program names it when it asks; compared letter by letter." }),
    released_at: InstantInput,
  })
  .openapi("NewProductVersion", { example: { version: "2.4.0", released_at: "2026-11-22T09:30:00.000Z" } });

/** Which version of which product a path names. */
export const ProductVersionParam = z.strictObject({
  id: z
    .string()
    .max(255)
    .openapi({ param: { name: "id", in: "path" }, example: "prod_00…" }),
  version: z
    .string()
    .max(255)
    .openapi({ param: { name: "version", in: "path" }, example: "2.4.0" }),
});

export const Manifest = z
  .object({
    object: z.literal("product_version_manifest"),
    id: z.string().openapi({ description: "The product's id and the version, with a colon between them." }),
    product_id: z.string(),
    version: z.string(),
    files: z.array(z.object({ path: z.string(), sha256: z.string() })),
  })
  .openapi("ProductVersionManifest");

export const NewManifest = z.strictObject({ files: ProgramFiles }).openapi("NewProductVersionManifest", {
  example: {
    files: [
      { path: "bin/studio.exe", sha256: "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08" },
      { path: "lib/render.dll", sha256: "60303ae22b998861bce3b28f33eec1be758a213c86c93c076dbe9f558c11c752" },
    ],
  },
});

export const ProductVersionQuery = listQuery({});

export const Feature = z
  .object({
    object: z.literal("feature"),
    id: z.string(),
    code: z.string(),
    name: z.string(),
    description: z.string().nullable(),
    archived_at: Instant.nullable(),
    ...ownedOutput,
  })
  .openapi("Feature");

export const NewFeature = z
  .strictObject({ code: Code, name: Name, description: Description, ...ownedInput })
  .openapi("NewFeature", {
    example: {
      code: "export",
      name: "Export to print",
      description: "PDF/X with crop marks",
      external_id: "f-7",
      metadata: { team: "print" },
    },
  });

export const FeaturePatch = NewFeature.partial().openapi("FeaturePatch", { example: { name: "Export to print and web" } });

export const FeatureQuery = listQuery({ code: Code.optional(), external_id: ExternalId.optional(), archived: Archived });

export const Template = z
  .object({
    object: z.literal("template"),
    id: z.string(),
    rev: z
      .int()
      .openapi({ description: "The revision whose terms are shown: the newest. Licenses pin the one they were made from." }),
    product_id: z.string(),
    name: z.string(),
    description: z.string().nullable(),
    ...termsOutput,
    archived_at: Instant.nullable(),
    ...ownedOutput,
  })
  .openapi("Template");

export const NewTemplate = z
  .strictObject({
    name: Name,
    product_id: Ref.openapi({ description: "Id or code of the product." }),
    description: Description,
    type: z.enum(LICENSE_TYPES),
    model: z.enum(LICENSE_MODELS),
    ...templateFields,
    ...ownedInput,
  })
  .openapi("NewTemplate", {
    example: {
      name: "Acme Studio, one year",
      product_id: "prod_000je5x2k8q1t4v7z0b3d6f9h2",
      description: "Three devices of one person",
      type: "subscription",
      model: "per_device",
      duration: "P1Y",
      max_activations: 3,
      requires: ["fingerprint"],
      entitlements: [
        { feature: "fea_000je5x2k8q1t4v7z0b3d6f9h2", enabled: true, limit_value: 500, limit_type: "count", reset: "month" },
      ],
      restrictions: [{ type: "geographic", operator: "allow", values: ["DE", "AT", "CH"] }],
      pricing: { currency: "EUR", unit_amount: 4900, interval: "year" },
      trial: { allowed: true, duration: "P14D" },
      grace_period: "P14D",
      maintenance: "P1Y",
      overage: { mode: "limited", percent: 10 },
      heartbeat: { required: false, interval_s: 600, on_dead: "free_seat" },
      offline: { allowed: true, max_ttl: "P30D" },
      key_format: { prefix: "ACME", groups: 5 },
      external_id: "plan-studio-1y",
      metadata: { channel: "shop" },
    },
  });

export const TemplatePatch = z
  .strictObject({
    name: Name.optional(),
    description: Description,
    type: z.enum(LICENSE_TYPES).optional(),
    model: z.enum(LICENSE_MODELS).optional(),
    ...templateFields,
    ...ownedInput,
  })
  .openapi("TemplatePatch", { example: { max_activations: 5, grace_period: "P30D" } });

export const TemplatePreviewAsk = z
  .strictObject({
    rev: z.int().min(1).max(1_000_000).optional().openapi({ description: "A revision that there is, instead of a change." }),
    type: z.enum(LICENSE_TYPES).optional(),
    model: z.enum(LICENSE_MODELS).optional(),
    ...templateFields,
  })
  .refine(({ rev, ...change }) => rev === undefined || Object.values(change).every((value) => value === undefined), {
    path: ["rev"],
    message: "does not go with a change",
  })
  .openapi("TemplatePreviewAsk", { example: { max_activations: 2, grace_period: "P7D" } });

const count = z.int().min(0);

export const TemplatePreview = z
  .object({
    object: z.literal("template_preview"),
    template_id: z.string(),
    rev: z.int().openapi({ description: "The newest revision there is." }),
    changes: z.array(TermChange).openapi({ description: "What differs from the newest revision." }),
    licenses: count.openapi({ description: "Licenses of the template that are neither revoked nor canceled." }),
    revisions: z
      .array(z.object({ rev: z.int(), licenses: count, changes: z.array(TermChange) }))
      .openapi({ description: "The revisions that they pin, at most fifty, each with what would differ for its licenses." }),
    over_limits: z
      .object({ seats: count, cores: count, users: count })
      .openapi({ description: "How many hold more than they could then; licenses with a limit of their own do not follow." }),
    own_terms: z
      .array(z.object({ field: z.string(), licenses: count }))
      .openapi({ description: "How many have of their own what changes, and so keep it." }),
  })
  .openapi("TemplatePreview");

export const TemplateCopy = z
  .strictObject({
    name: Name.optional(),
    product_id: Ref.optional().openapi({ description: "Id or code of the product that the copy is for." }),
    description: Description,
    ...ownedInput,
  })
  .openapi("TemplateCopy", { example: { name: "Acme Studio, one year, partners" } });

export const TemplateQuery = listQuery({
  product_id: Ref.optional(),
  type: z.enum(LICENSE_TYPES).optional(),
  external_id: ExternalId.optional(),
  archived: Archived,
});

export const TemplateRevision = z
  .object({
    object: z.literal("template_revision"),
    id: z.string().openapi({ description: "The template's id and the revision, with a colon between them." }),
    template_id: z.string(),
    rev: z.int(),
    ...termsOutput,
    created_at: Instant,
  })
  .openapi("TemplateRevision");

export const TemplateRevisionQuery = listQuery({});
