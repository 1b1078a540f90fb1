/** What a secret key may be allowed to do. `license_keys:read` stands apart: it opens sealed license keys. */
export const SCOPES = [
  "activations:read",
  "activations:write",
  "alerts:read",
  "api_keys:read",
  "api_keys:write",
  "blacklist:read",
  "blacklist:write",
  "customers:read",
  "customers:write",
  "emergency_codes:read",
  "emergency_codes:write",
  "entitlements:read",
  "entitlements:write",
  "events:read",
  "features:read",
  "features:write",
  "integrity_checks:read",
  "integrity_checks:write",
  "license_keys:read",
  "licenses:read",
  "licenses:write",
  "mail:read",
  "mail:write",
  "offline:read",
  "offline_keys:write",
  "operations:read",
  "operations:write",
  "orders:read",
  "orders:write",
  "payment_providers:read",
  "payment_providers:write",
  "products:read",
  "products:write",
  "security_reports:read",
  "security_reports:write",
  "settings:read",
  "settings:write",
  "stories:read",
  "stories:write",
  "templates:read",
  "templates:write",
  "test_clocks:read",
  "test_clocks:write",
  "usage:read",
  "usage:write",
  "webhook_endpoints:read",
  "webhook_endpoints:write",
] as const;

export type Scope = (typeof SCOPES)[number];

/** What must be named to be given: making API keys, opening license keys, changing what signs, and breaking the glass. */
const NAMED_ONLY: ReadonlySet<Scope> = new Set([
  "api_keys:write",
  "license_keys:read",
  "offline_keys:write",
  "emergency_codes:write",
]);

/** What a key gets when its maker names no scopes. */
export const DEFAULT_SCOPES: readonly Scope[] = SCOPES.filter((scope) => !NAMED_ONLY.has(scope));

/** Which of `wanted` the maker does not hold: a key never grants more than its maker has. */
export function beyondMaker(wanted: readonly Scope[], maker: readonly Scope[]): Scope[] {
  return wanted.filter((scope) => !maker.includes(scope));
}
