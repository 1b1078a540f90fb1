CREATE TABLE `features` (
	`tenant_id` text NOT NULL,
	`id` text NOT NULL,
	`code` text NOT NULL,
	`name` text NOT NULL,
	`description` text,
	`archived_at` integer,
	`external_id` text,
	`metadata` text NOT NULL,
	`created_at` integer NOT NULL,
	`updated_at` integer NOT NULL,
	`version` integer NOT NULL,
	PRIMARY KEY(`tenant_id`, `id`)
);
--> statement-breakpoint
CREATE UNIQUE INDEX `features_code` ON `features` (`tenant_id`,`code`);--> statement-breakpoint
CREATE UNIQUE INDEX `features_external` ON `features` (`tenant_id`,`external_id`);--> statement-breakpoint
CREATE TABLE `product_versions` (
	`tenant_id` text NOT NULL,
	`product_id` text NOT NULL,
	`version` text NOT NULL,
	`released_at` integer NOT NULL,
	`created_at` integer NOT NULL,
	PRIMARY KEY(`tenant_id`, `product_id`, `version`),
	FOREIGN KEY (`tenant_id`,`product_id`) REFERENCES `products`(`tenant_id`,`id`) ON UPDATE no action ON DELETE no action
);
--> statement-breakpoint
CREATE INDEX `product_versions_released` ON `product_versions` (`tenant_id`,`product_id`,`released_at`,`version`);--> statement-breakpoint
CREATE TABLE `products` (
	`tenant_id` text NOT NULL,
	`id` text NOT NULL,
	`code` text NOT NULL,
	`name` text NOT NULL,
	`description` text,
	`default_entitlements` text NOT NULL,
	`archived_at` integer,
	`external_id` text,
	`metadata` text NOT NULL,
	`created_at` integer NOT NULL,
	`updated_at` integer NOT NULL,
	`version` integer NOT NULL,
	PRIMARY KEY(`tenant_id`, `id`)
);
--> statement-breakpoint
CREATE UNIQUE INDEX `products_code` ON `products` (`tenant_id`,`code`);--> statement-breakpoint
CREATE UNIQUE INDEX `products_external` ON `products` (`tenant_id`,`external_id`);--> statement-breakpoint
CREATE TABLE `template_revisions` (
	`tenant_id` text NOT NULL,
	`template_id` text NOT NULL,
	`rev` integer NOT NULL,
	`terms` text NOT NULL,
	`created_at` integer NOT NULL,
	PRIMARY KEY(`tenant_id`, `template_id`, `rev`),
	FOREIGN KEY (`tenant_id`,`template_id`) REFERENCES `templates`(`tenant_id`,`id`) ON UPDATE no action ON DELETE no action
);
--> statement-breakpoint
CREATE TABLE `templates` (
	`tenant_id` text NOT NULL,
	`id` text NOT NULL,
	`product_id` text NOT NULL,
	`name` text NOT NULL,
	`description` text,
	`type` text NOT NULL,
	`model` text NOT NULL,
	`rev` integer NOT NULL,
	`archived_at` integer,
	`external_id` text,
	`metadata` text NOT NULL,
	`created_at` integer NOT NULL,
	`updated_at` integer NOT NULL,
	`version` integer NOT NULL,
	PRIMARY KEY(`tenant_id`, `id`),
	FOREIGN KEY (`tenant_id`,`product_id`) REFERENCES `products`(`tenant_id`,`id`) ON UPDATE no action ON DELETE no action
);
--> statement-breakpoint
CREATE INDEX `templates_product` ON `templates` (`tenant_id`,`product_id`,`id`);--> statement-breakpoint
CREATE UNIQUE INDEX `templates_external` ON `templates` (`tenant_id`,`external_id`);--> statement-breakpoint
CREATE TABLE `customers` (
	`tenant_id` text NOT NULL,
	`id` text NOT NULL,
	`kind` text NOT NULL,
	`name` text NOT NULL,
	`email` text NOT NULL,
	`billing_email` text,
	`phone` text,
	`company` text,
	`address` text,
	`country` text,
	`vat_id` text,
	`contacts` text NOT NULL,
	`locale` text,
	`time_zone` text,
	`external_id` text,
	`metadata` text NOT NULL,
	`created_at` integer NOT NULL,
	`updated_at` integer NOT NULL,
	`version` integer NOT NULL,
	PRIMARY KEY(`tenant_id`, `id`)
);
--> statement-breakpoint
CREATE INDEX `customers_email` ON `customers` (`tenant_id`,`email`,`id`);--> statement-breakpoint
CREATE INDEX `customers_kind` ON `customers` (`tenant_id`,`kind`,`id`);--> statement-breakpoint
CREATE UNIQUE INDEX `customers_external` ON `customers` (`tenant_id`,`external_id`);--> statement-breakpoint
CREATE TABLE `events` (
	`tenant_id` text NOT NULL,
	`seq` integer NOT NULL,
	`id` text NOT NULL,
	`type` text NOT NULL,
	`subject_type` text NOT NULL,
	`subject_id` text NOT NULL,
	`actor_type` text NOT NULL,
	`actor_id` text,
	`actor_ip` text,
	`data` text NOT NULL,
	`request_id` text,
	`at` integer NOT NULL,
	`lease_until` integer,
	`dispatched_at` integer,
	PRIMARY KEY(`tenant_id`, `seq`)
);
--> statement-breakpoint
CREATE UNIQUE INDEX `events_id` ON `events` (`tenant_id`,`id`);--> statement-breakpoint
CREATE INDEX `events_type` ON `events` (`tenant_id`,`type`,`seq`);--> statement-breakpoint
CREATE INDEX `events_subject` ON `events` (`tenant_id`,`subject_id`,`seq`);--> statement-breakpoint
CREATE INDEX `events_waiting` ON `events` (`lease_until`) WHERE "events"."dispatched_at" is null;--> statement-breakpoint
CREATE TABLE `activations` (
	`tenant_id` text NOT NULL,
	`id` text NOT NULL,
	`license_id` text NOT NULL,
	`device_hash` text NOT NULL,
	`type` text NOT NULL,
	`user_ref` text,
	`name` text,
	`platform` text,
	`app_version` text,
	`generation` integer NOT NULL,
	`metrics` text NOT NULL,
	`activated_at` integer NOT NULL,
	`last_seen_at` integer NOT NULL,
	`heartbeat_at` integer,
	`lease_expires_at` integer,
	`released_at` integer,
	`released_reason` text,
	`external_id` text,
	`metadata` text NOT NULL,
	`created_at` integer NOT NULL,
	`updated_at` integer NOT NULL,
	`version` integer NOT NULL,
	PRIMARY KEY(`tenant_id`, `id`),
	FOREIGN KEY (`tenant_id`,`license_id`) REFERENCES `licenses`(`tenant_id`,`id`) ON UPDATE no action ON DELETE no action
);
--> statement-breakpoint
CREATE UNIQUE INDEX `activations_one_seat_per_device` ON `activations` (`tenant_id`,`license_id`,`device_hash`) WHERE "activations"."released_at" is null;--> statement-breakpoint
CREATE INDEX `activations_license` ON `activations` (`tenant_id`,`license_id`,`id`);--> statement-breakpoint
CREATE UNIQUE INDEX `activations_external` ON `activations` (`tenant_id`,`external_id`);--> statement-breakpoint
CREATE TABLE `licenses` (
	`tenant_id` text NOT NULL,
	`id` text NOT NULL,
	`template_id` text NOT NULL,
	`template_rev` integer NOT NULL,
	`product_id` text NOT NULL,
	`customer_id` text NOT NULL,
	`reseller_id` text,
	`order_id` text,
	`subscription_id` text,
	`type` text NOT NULL,
	`model` text NOT NULL,
	`issued_to` text,
	`key_hash` text NOT NULL,
	`key_last4` text NOT NULL,
	`key_sealed` text,
	`key_sealed_until` integer,
	`overrides` text NOT NULL,
	`max_activations` integer,
	`seat_ceiling` integer,
	`lease_s` integer,
	`frees_dead_seats` integer NOT NULL,
	`expiration_strategy` text NOT NULL,
	`starts_at` integer NOT NULL,
	`expiry_basis` text NOT NULL,
	`activated_at` integer,
	`first_validated_at` integer,
	`expires_at` integer,
	`grace_until` integer,
	`maintenance_until` integer,
	`auto_renew` integer NOT NULL,
	`canceled_at` integer,
	`revoked_at` integer,
	`revoked_reason` text,
	`holds` text NOT NULL,
	`last_validated_at` integer,
	`external_id` text,
	`metadata` text NOT NULL,
	`created_at` integer NOT NULL,
	`updated_at` integer NOT NULL,
	`version` integer NOT NULL,
	PRIMARY KEY(`tenant_id`, `id`),
	FOREIGN KEY (`tenant_id`,`template_id`,`template_rev`) REFERENCES `template_revisions`(`tenant_id`,`template_id`,`rev`) ON UPDATE no action ON DELETE no action,
	FOREIGN KEY (`tenant_id`,`customer_id`) REFERENCES `customers`(`tenant_id`,`id`) ON UPDATE no action ON DELETE no action
);
--> statement-breakpoint
CREATE UNIQUE INDEX `licenses_key` ON `licenses` (`tenant_id`,`key_hash`);--> statement-breakpoint
CREATE UNIQUE INDEX `licenses_external` ON `licenses` (`tenant_id`,`external_id`);--> statement-breakpoint
CREATE INDEX `licenses_customer` ON `licenses` (`tenant_id`,`customer_id`,`id`);--> statement-breakpoint
CREATE INDEX `licenses_product` ON `licenses` (`tenant_id`,`product_id`,`id`);--> statement-breakpoint
CREATE INDEX `licenses_order` ON `licenses` (`tenant_id`,`order_id`,`id`) WHERE "licenses"."order_id" is not null;--> statement-breakpoint
CREATE INDEX `licenses_last4` ON `licenses` (`tenant_id`,`key_last4`);--> statement-breakpoint
CREATE INDEX `licenses_issued_to` ON `licenses` (`tenant_id`,`issued_to`) WHERE "licenses"."issued_to" is not null;--> statement-breakpoint
CREATE INDEX `licenses_expiry` ON `licenses` (`tenant_id`,`expires_at`) WHERE "licenses"."expires_at" is not null;--> statement-breakpoint
CREATE INDEX `licenses_sealed_until` ON `licenses` (`key_sealed_until`) WHERE "licenses"."key_sealed_until" is not null;--> statement-breakpoint
CREATE TABLE `order_numbers` (
	`tenant_id` text PRIMARY KEY NOT NULL,
	`last` integer NOT NULL
);
--> statement-breakpoint
CREATE TABLE `orders` (
	`tenant_id` text NOT NULL,
	`id` text NOT NULL,
	`number` integer NOT NULL,
	`customer_id` text NOT NULL,
	`reseller_id` text,
	`status` text NOT NULL,
	`payment_status` text NOT NULL,
	`provider` text NOT NULL,
	`provider_ref` text,
	`client_secret` text,
	`fulfillment_method` text NOT NULL,
	`currency` text NOT NULL,
	`lines` text NOT NULL,
	`discount` text,
	`subtotal` integer NOT NULL,
	`discount_total` integer NOT NULL,
	`tax_total` integer NOT NULL,
	`total` integer NOT NULL,
	`amount_paid` integer NOT NULL,
	`instructions` text,
	`fulfillment_requested_at` integer,
	`approved_at` integer,
	`fulfilled_at` integer,
	`canceled_at` integer,
	`external_id` text,
	`metadata` text NOT NULL,
	`created_at` integer NOT NULL,
	`updated_at` integer NOT NULL,
	`version` integer NOT NULL,
	PRIMARY KEY(`tenant_id`, `id`),
	FOREIGN KEY (`tenant_id`,`customer_id`) REFERENCES `customers`(`tenant_id`,`id`) ON UPDATE no action ON DELETE no action
);
--> statement-breakpoint
CREATE UNIQUE INDEX `orders_number` ON `orders` (`tenant_id`,`number`);--> statement-breakpoint
CREATE UNIQUE INDEX `orders_external` ON `orders` (`tenant_id`,`external_id`);--> statement-breakpoint
CREATE UNIQUE INDEX `orders_provider_ref` ON `orders` (`tenant_id`,`provider`,`provider_ref`);--> statement-breakpoint
CREATE INDEX `orders_customer` ON `orders` (`tenant_id`,`customer_id`,`id`);--> statement-breakpoint
CREATE INDEX `orders_status` ON `orders` (`tenant_id`,`status`,`id`);--> statement-breakpoint
CREATE INDEX `orders_payment_status` ON `orders` (`tenant_id`,`payment_status`,`id`);--> statement-breakpoint
CREATE TABLE `provider_events` (
	`tenant_id` text NOT NULL,
	`provider` text NOT NULL,
	`event_id` text NOT NULL,
	`type` text NOT NULL,
	`object_ref` text,
	`received_at` integer NOT NULL,
	`applied_at` integer,
	`try_at` integer,
	PRIMARY KEY(`tenant_id`, `provider`, `event_id`)
);
--> statement-breakpoint
CREATE INDEX `provider_events_age` ON `provider_events` (`received_at`);--> statement-breakpoint
CREATE INDEX `provider_events_waiting` ON `provider_events` (`try_at`) WHERE "provider_events"."applied_at" is null;--> statement-breakpoint
CREATE TABLE `wakeups` (
	`tenant_id` text NOT NULL,
	`workflow_id` text NOT NULL,
	`at` integer NOT NULL,
	`created_at` integer NOT NULL,
	PRIMARY KEY(`tenant_id`, `workflow_id`)
);
--> statement-breakpoint
CREATE INDEX `wakeups_due` ON `wakeups` (`tenant_id`,`at`);--> statement-breakpoint
CREATE TABLE `api_keys` (
	`tenant_id` text NOT NULL,
	`id` text NOT NULL,
	`digest` text NOT NULL,
	`kind` text NOT NULL,
	`name` text NOT NULL,
	`last4` text NOT NULL,
	`scopes` text NOT NULL,
	`product_ids` text NOT NULL,
	`allowed_origins` text NOT NULL,
	`ip_allowlist` text NOT NULL,
	`maker_id` text,
	`expires_at` integer,
	`last_used_at` integer,
	`revoked_at` integer,
	`external_id` text,
	`metadata` text NOT NULL,
	`created_at` integer NOT NULL,
	`updated_at` integer NOT NULL,
	`version` integer NOT NULL,
	PRIMARY KEY(`tenant_id`, `id`)
);
--> statement-breakpoint
CREATE UNIQUE INDEX `api_keys_digest` ON `api_keys` (`digest`);--> statement-breakpoint
CREATE INDEX `api_keys_maker` ON `api_keys` (`tenant_id`,`maker_id`);--> statement-breakpoint
CREATE UNIQUE INDEX `api_keys_external` ON `api_keys` (`tenant_id`,`external_id`);--> statement-breakpoint
CREATE TABLE `idempotency_keys` (
	`owner` text NOT NULL,
	`key_hash` text NOT NULL,
	`request_hash` text NOT NULL,
	`subject_id` text,
	`lease_until` integer,
	`status` integer,
	`answer` text,
	`created_at` integer NOT NULL,
	PRIMARY KEY(`owner`, `key_hash`)
);
--> statement-breakpoint
CREATE INDEX `idempotency_keys_age` ON `idempotency_keys` (`created_at`);--> statement-breakpoint
CREATE TABLE `operator_keys` (
	`id` text PRIMARY KEY NOT NULL,
	`digest` text NOT NULL,
	`name` text NOT NULL,
	`last4` text NOT NULL,
	`created_at` integer NOT NULL,
	`revoked_at` integer
);
--> statement-breakpoint
CREATE UNIQUE INDEX `operator_keys_digest` ON `operator_keys` (`digest`);--> statement-breakpoint
CREATE TABLE `payment_providers` (
	`tenant_id` text NOT NULL,
	`provider` text NOT NULL,
	`id` text NOT NULL,
	`secret_key` text NOT NULL,
	`secret_key_last4` text NOT NULL,
	`webhook_secret` text NOT NULL,
	`webhook_secret_last4` text NOT NULL,
	`account_id` text,
	`api_base` text,
	`created_at` integer NOT NULL,
	`updated_at` integer NOT NULL,
	`version` integer NOT NULL,
	PRIMARY KEY(`tenant_id`, `provider`)
);
--> statement-breakpoint
CREATE TABLE `signing_keys` (
	`tenant_id` text NOT NULL,
	`kid` text NOT NULL,
	`public_jwk` text NOT NULL,
	`private_key` text NOT NULL,
	`retired_at` integer,
	`created_at` integer NOT NULL,
	PRIMARY KEY(`tenant_id`, `kid`)
);
--> statement-breakpoint
CREATE TABLE `tenants` (
	`id` text PRIMARY KEY NOT NULL,
	`slug` text NOT NULL,
	`livemode` integer NOT NULL,
	`twin_id` text NOT NULL,
	`name` text NOT NULL,
	`tier` text NOT NULL,
	`owner_email` text NOT NULL,
	`owner_name` text,
	`time_zone` text NOT NULL,
	`locale` text NOT NULL,
	`currency` text NOT NULL,
	`settings` text NOT NULL,
	`clock_offset_ms` integer NOT NULL,
	`data_key` text NOT NULL,
	`closed_at` integer,
	`external_id` text,
	`metadata` text NOT NULL,
	`created_at` integer NOT NULL,
	`updated_at` integer NOT NULL,
	`version` integer NOT NULL
);
--> statement-breakpoint
CREATE UNIQUE INDEX `tenants_slug` ON `tenants` (`slug`,`livemode`);--> statement-breakpoint
CREATE INDEX `tenants_listed` ON `tenants` (`livemode`,`id`);--> statement-breakpoint
CREATE UNIQUE INDEX `tenants_external` ON `tenants` (`livemode`,`external_id`);--> statement-breakpoint
CREATE TABLE `attempts` (
	`tenant_id` text NOT NULL,
	`delivery_id` text NOT NULL,
	`number` integer NOT NULL,
	`id` text NOT NULL,
	`at` integer NOT NULL,
	`duration_ms` integer NOT NULL,
	`status` integer,
	`error` text,
	`detail` text,
	`answer` text,
	PRIMARY KEY(`tenant_id`, `delivery_id`, `number`),
	FOREIGN KEY (`tenant_id`,`delivery_id`) REFERENCES `deliveries`(`tenant_id`,`id`) ON UPDATE no action ON DELETE cascade
);
--> statement-breakpoint
CREATE TABLE `deliveries` (
	`tenant_id` text NOT NULL,
	`id` text NOT NULL,
	`endpoint_id` text NOT NULL,
	`event_seq` integer NOT NULL,
	`event_id` text NOT NULL,
	`event_type` text NOT NULL,
	`state` text NOT NULL,
	`attempts` integer NOT NULL,
	`resent_after` integer DEFAULT 0 NOT NULL,
	`next_at` integer NOT NULL,
	`lease_until` integer,
	`last_status` integer,
	`last_error` text,
	`ended_at` integer,
	`created_at` integer NOT NULL,
	PRIMARY KEY(`tenant_id`, `id`),
	FOREIGN KEY (`tenant_id`,`endpoint_id`) REFERENCES `webhook_endpoints`(`tenant_id`,`id`) ON UPDATE no action ON DELETE no action
);
--> statement-breakpoint
CREATE INDEX `deliveries_due` ON `deliveries` (`next_at`) WHERE "deliveries"."state" = 'pending';--> statement-breakpoint
CREATE INDEX `deliveries_queue` ON `deliveries` (`tenant_id`,`endpoint_id`,`next_at`) WHERE "deliveries"."state" = 'pending';--> statement-breakpoint
CREATE INDEX `deliveries_endpoint` ON `deliveries` (`tenant_id`,`endpoint_id`,`id`);--> statement-breakpoint
CREATE INDEX `deliveries_age` ON `deliveries` (`ended_at`) WHERE "deliveries"."ended_at" is not null;--> statement-breakpoint
CREATE TABLE `webhook_endpoints` (
	`tenant_id` text NOT NULL,
	`id` text NOT NULL,
	`url` text NOT NULL,
	`events` text NOT NULL,
	`description` text,
	`secret` text NOT NULL,
	`previous_secret` text,
	`previous_secret_until` integer,
	`disabled_at` integer,
	`disabled_reason` text,
	`deleted_at` integer,
	`external_id` text,
	`metadata` text NOT NULL,
	`created_at` integer NOT NULL,
	`updated_at` integer NOT NULL,
	`version` integer NOT NULL,
	PRIMARY KEY(`tenant_id`, `id`)
);
--> statement-breakpoint
CREATE INDEX `webhook_endpoints_live` ON `webhook_endpoints` (`tenant_id`) WHERE "webhook_endpoints"."deleted_at" is null;--> statement-breakpoint
CREATE UNIQUE INDEX `webhook_endpoints_external` ON `webhook_endpoints` (`tenant_id`,`external_id`) WHERE "webhook_endpoints"."deleted_at" is null;