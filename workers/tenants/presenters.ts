import type { TenantRow } from "#db/tenants/callers";
import type { ApiKeyRow } from "#db/tenants/tenants";
import { presentOwned } from "#kernel/present";
import type { z } from "#kernel/wire";
import type { ApiKey, Tenant } from "./schemas.ts";

export const presentTenant = (row: TenantRow): z.infer<typeof Tenant> => ({
  object: "tenant",
  id: row.id,
  slug: row.slug,
  name: row.name,
  tier: row.tier,
  owner_email: row.ownerEmail,
  owner_name: row.ownerName,
  time_zone: row.timeZone,
  locale: row.locale,
  currency: row.currency,
  sandbox_id: row.twinId,
  ...presentOwned(row),
});

export const presentApiKey = (row: ApiKeyRow, livemode: boolean): z.infer<typeof ApiKey> => ({
  object: "api_key",
  id: row.id,
  kind: row.kind,
  livemode,
  name: row.name,
  last4: row.last4,
  scopes: row.scopes,
  product_ids: row.productIds,
  allowed_origins: row.allowedOrigins,
  ip_allowlist: row.ipAllowlist,
  expires_at: row.expiresAt?.toISOString() ?? null,
  last_used_at: row.lastUsedAt?.toISOString() ?? null,
  revoked_at: row.revokedAt?.toISOString() ?? null,
  ...presentOwned(row),
});
