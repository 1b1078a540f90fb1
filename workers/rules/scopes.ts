/** What a secret key may be allowed to do. `license_keys:read` stands apart: it opens sealed license keys. */
export const SCOPES = [
  "activations:read",
  "activations:write",
  "api_keys:read",
  "api_keys:write",
  "customers:read",
  "customers:write",
  "events:read",
  "features:read",
  "features:write",
  "license_keys:read",
  "licenses:read",
  "licenses:write",
  "orders:read",
  "orders:write",
  "payment_providers:read",
  "payment_providers:write",
  "products:read",
  "products:write",
  "settings:read",
  "settings:write",
  "templates:read",
  "templates:write",
  "webhook_endpoints:read",
  "webhook_endpoints:write",
] as const;

export type Scope = (typeof SCOPES)[number];

/** What a key gets when its maker names no scopes: everything but making keys and opening license keys. */
export const DEFAULT_SCOPES: readonly Scope[] = SCOPES.filter(
  (scope) => scope !== "api_keys:write" && scope !== "license_keys:read",
);

/** Which of `wanted` the maker does not hold: a key never grants more than its maker has. */
export function beyondMaker(wanted: readonly Scope[], maker: readonly Scope[]): Scope[] {
  return wanted.filter((scope) => !maker.includes(scope));
}
