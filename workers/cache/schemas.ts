import { z, Instant, Ref } from "#kernel/wire";
import { KINDS } from "#rules/cache/counted";
import { SUGGESTION_CODES } from "#rules/cache/suggestions";

const Kind = z.enum(KINDS).openapi({ description: "What is kept: snapshots of licenses, or of who holds an API key." });
const TenantId = Ref.openapi({ example: "ten_00…", description: "A tenant or a sandbox." });

const Tier = z.object({
  hits: z.int(),
  misses: z.int().openapi({ description: "What it was asked for and did not have." }),
  hit_rate: z.number().nullable().openapi({ description: "Hits of all that it was asked; null where it was asked nothing." }),
});

const Tiers = z
  .object({
    memory: Tier.openapi({ description: "The memory of the isolate that answers: asked first." }),
    kv: Tier.openapi({
      description: "Workers KV: asked where memory missed a license; whatever it kept that was not usable is a miss too.",
    }),
    d1: z
      .object({ reads: z.int() })
      .openapi({ description: "The database: read where KV missed, or where it had to be the truth." }),
    joined: z.int().openapi({ description: "Reads that waited for the same one of another request." }),
  })
  .openapi("CacheTiers");

const Reads = z.object({ ...Tiers.shape, from: Instant, evictions: z.int(), by_kind: z.record(z.enum(KINDS), Tiers) });

export const CacheStats = z
  .object({
    object: z.literal("cache_stats"),
    recent: Reads.openapi({ description: "This hour and the one before it." }),
    total: Reads.openapi({ description: "Everything that was ever counted." }),
    memory: z
      .object({
        isolates_seen: z.int().openapi({ description: "Isolates that sent counts within an hour." }),
        isolates_telling: z.int().openapi({ description: "Those of the last five minutes; what follows is their sum." }),
        entries: z.int(),
        bytes: z.int(),
        limit_bytes: z.int().openapi({ description: "What one isolate may keep; 0 until one told." }),
        by_kind: z.record(z.enum(KINDS), z.object({ entries: z.int(), bytes: z.int() })),
      })
      .openapi({ description: "What isolates hold, as each told last." }),
    tenant: z
      .object({ ...Tiers.shape, tenant_id: z.string(), from: Instant })
      .nullable()
      .openapi({
        description:
          "The same for licenses of the tenant that was asked for, of this hour and the last one. The busiest 300 are told apart.",
      }),
    at: Instant,
  })
  .openapi("CacheStats");

export const StatsQuery = z.strictObject({ tenant_id: TenantId.optional() });

export const CachePatterns = z
  .object({
    object: z.literal("cache_patterns"),
    data: z.array(
      z.object({
        pattern: z.string().openapi({ example: "license/ten_00…/*" }),
        kind: Kind,
        tenant_id: z.string(),
        entries: z.int(),
        bytes: z.int(),
        isolates: z.int().openapi({ description: "How many isolates told of some." }),
      }),
    ),
    isolates_telling: z.int(),
    at: Instant,
  })
  .openapi("CachePatterns");

export const PatternQuery = z.strictObject({ tenant_id: TenantId.optional(), kind: Kind.optional() });

export const CacheSuggestions = z
  .object({
    object: z.literal("cache_suggestions"),
    data: z.array(
      z.object({
        code: z.enum(SUGGESTION_CODES),
        severity: z
          .enum(["warning", "info"])
          .openapi({ description: "warning: answers suffer; info: they take longer than they need to." }),
        detail: z.string(),
        because: z.record(z.string(), z.number()).openapi({ description: "The numbers that led to it." }),
        act: z
          .object({
            operation: z.string(),
            method: z.enum(["GET", "POST"]),
            path: z.string(),
            body: z.record(z.string(), z.unknown()).nullable(),
          })
          .openapi({ description: "The call that acts on it, or that says more." }),
      }),
    ),
    from: Instant,
    at: Instant,
  })
  .openapi("CacheSuggestions");

const Part = z.object({
  name: z.string().openapi({ example: "database/00" }),
  status: z.enum(["ok", "failing"]),
  latency_ms: z.int().nullable().openapi({ description: "How long it took to answer; null where it did not." }),
  error: z.string().nullable(),
});

export const CacheHealth = z
  .object({
    object: z.literal("cache_health"),
    status: z.enum(["ok", "degraded"]),
    parts: z.array(Part),
    at: Instant,
  })
  .openapi("CacheHealth");

export const Invalidation = z
  .strictObject({
    tenant_id: TenantId,
    license_id: Ref.optional(),
    product_id: Ref.optional(),
    all: z.literal(true).optional().openapi({ description: "Everything that is kept of the tenant." }),
  })
  .refine(
    ({ license_id, product_id, all }) => [license_id, product_id, all].filter((named) => named !== undefined).length === 1,
    {
      message: "must name one of license_id, product_id and all",
    },
  )
  .openapi("CacheInvalidationRequest", { example: { tenant_id: "ten_00…", license_id: "lic_00…" } });

export const Invalidated = z
  .object({
    object: z.literal("cache_invalidation"),
    tenant_id: z.string(),
    subject: z.string().nullable().openapi({ description: "What is dropped: a license, a product, or everything (null)." }),
    number: z.int().openapi({ description: "Counts the invalidations of the tenant's shard." }),
    within_ms: z.int().openapi({ description: "After this long no isolate answers from what it kept before." }),
    at: Instant,
  })
  .openapi("CacheInvalidation");

export const Warming = z
  .strictObject({
    tenant_id: TenantId,
    product_id: Ref.optional(),
    license_ids: z.array(Ref).min(1).max(100).optional(),
    limit: z.int().min(1).max(200).default(100).openapi({
      description: "How many snapshots are written at most; one for each license and one for each device that holds a seat.",
    }),
    cursor: z.string().min(1).max(500).optional(),
  })
  .refine(({ product_id, license_ids }) => product_id === undefined || license_ids === undefined, {
    path: ["license_ids"],
    message: "does not go with product_id",
  })
  .openapi("CacheWarmingRequest", { example: { tenant_id: "ten_00…", product_id: "prod_00…", limit: 100 } });

export const Warmed = z
  .object({
    object: z.literal("cache_warming"),
    tenant_id: z.string(),
    snapshots: z.int().openapi({ description: "How many were kept." }),
    skipped: z.int().openapi({
      description:
        "How many were not: KV refused, or the tenant shuts out addresses, where what holds for one says nothing of another.",
    }),
    licenses: z.int().openapi({ description: "How many licenses were read." }),
    has_more: z.boolean(),
    next_cursor: z.string().nullable(),
    at: Instant,
  })
  .openapi("CacheWarming");
