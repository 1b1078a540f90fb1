-- A secret key that holds every scope there was stands for the whole tenant: it holds the new ones, too. Nobody else could give them to a key.
UPDATE `api_keys` SET `scopes` = (
  SELECT json_group_array(`scope`) FROM (
    SELECT `value` AS `scope` FROM json_each(`api_keys`.`scopes`)
    UNION
    SELECT `value` FROM json_each('["alerts:read", "mail:read", "mail:write", "stories:read", "stories:write", "test_clocks:read", "test_clocks:write"]')
    ORDER BY 1
  )
)
WHERE `kind` = 'secret' AND NOT EXISTS (
  SELECT 1 FROM json_each('["activations:read", "activations:write", "api_keys:read", "api_keys:write", "blacklist:read", "blacklist:write", "customers:read", "customers:write", "emergency_codes:read", "emergency_codes:write", "entitlements:read", "entitlements:write", "events:read", "features:read", "features:write", "integrity_checks:read", "integrity_checks:write", "license_keys:read", "licenses:read", "licenses:write", "offline:read", "offline_keys:write", "operations:read", "operations:write", "orders:read", "orders:write", "payment_providers:read", "payment_providers:write", "products:read", "products:write", "security_reports:read", "security_reports:write", "settings:read", "settings:write", "templates:read", "templates:write", "usage:read", "usage:write", "webhook_endpoints:read", "webhook_endpoints:write"]') AS `held`
  WHERE `held`.`value` NOT IN (SELECT `value` FROM json_each(`api_keys`.`scopes`))
);
