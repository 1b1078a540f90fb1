import type { TenantRow } from "#db/tenants/callers";
import type { PaymentProviderRow } from "#db/tenants/payment-providers";
import type { ApiKeyRow } from "#db/tenants/tenants";
import { presentOwned } from "#kernel/present";
import type { z } from "#kernel/wire";
import { ceilingsOf } from "#rules/limits/numbers";
import { settingsOf } from "#rules/tenants/settings";
import type { ApiKey, PaymentProvider, SettingsObject, Tenant } from "./schemas.ts";

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
  limits: ceilingsOf(row.tier, row.limits),
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

export const presentSettings = (
  row: Pick<TenantRow, "id" | "settings" | "createdAt" | "updatedAt">,
): z.infer<typeof SettingsObject> => ({
  object: "settings",
  id: row.id,
  ...settingsOf(row.settings),
  created_at: row.createdAt.toISOString(),
  updated_at: row.updatedAt.toISOString(),
});

export const presentPaymentProvider = (row: PaymentProviderRow, publicUrl: string): z.infer<typeof PaymentProvider> => ({
  object: "payment_provider",
  id: row.id,
  provider: row.provider,
  account_id: row.accountId,
  secret_key_last4: row.secretKeyLast4,
  webhook_secret_last4: row.webhookSecretLast4,
  api_base: row.apiBase,
  hook_url: `${publicUrl}/hooks/${row.provider}/${row.tenantId}`,
  created_at: row.createdAt.toISOString(),
  updated_at: row.updatedAt.toISOString(),
});
