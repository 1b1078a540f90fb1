CREATE TABLE `license_terms` (
	`tenant_id` text NOT NULL,
	`license_id` text NOT NULL,
	`n` integer NOT NULL,
	`starts_at` integer NOT NULL,
	`ends_at` integer,
	`cause` text NOT NULL,
	`basis` text,
	`reference` text,
	`created_at` integer NOT NULL,
	PRIMARY KEY(`tenant_id`, `license_id`, `n`),
	FOREIGN KEY (`tenant_id`,`license_id`) REFERENCES `licenses`(`tenant_id`,`id`) ON UPDATE no action ON DELETE no action
);
--> statement-breakpoint
CREATE UNIQUE INDEX `license_terms_reference` ON `license_terms` (`tenant_id`,`license_id`,`reference`) WHERE "license_terms"."reference" is not null;--> statement-breakpoint
CREATE TABLE `license_transfers` (
	`tenant_id` text NOT NULL,
	`id` text NOT NULL,
	`license_id` text NOT NULL,
	`from_customer_id` text NOT NULL,
	`to_customer_id` text NOT NULL,
	`status` text NOT NULL,
	`reason` text,
	`expires_at` integer,
	`ended_at` integer,
	`external_id` text,
	`metadata` text NOT NULL,
	`created_at` integer NOT NULL,
	`updated_at` integer NOT NULL,
	`version` integer NOT NULL,
	PRIMARY KEY(`tenant_id`, `id`),
	FOREIGN KEY (`tenant_id`,`license_id`) REFERENCES `licenses`(`tenant_id`,`id`) ON UPDATE no action ON DELETE no action
);
--> statement-breakpoint
CREATE INDEX `license_transfers_license` ON `license_transfers` (`tenant_id`,`license_id`,`id`);--> statement-breakpoint
CREATE UNIQUE INDEX `license_transfers_one_pending` ON `license_transfers` (`tenant_id`,`license_id`) WHERE "license_transfers"."status" = 'pending';--> statement-breakpoint
CREATE UNIQUE INDEX `license_transfers_external` ON `license_transfers` (`tenant_id`,`external_id`);--> statement-breakpoint
CREATE TABLE `named_users` (
	`tenant_id` text NOT NULL,
	`license_id` text NOT NULL,
	`user_ref` text NOT NULL,
	`named_at` integer NOT NULL,
	PRIMARY KEY(`tenant_id`, `license_id`, `user_ref`),
	FOREIGN KEY (`tenant_id`,`license_id`) REFERENCES `licenses`(`tenant_id`,`id`) ON UPDATE no action ON DELETE no action
);
--> statement-breakpoint
CREATE TABLE `trial_uses` (
	`tenant_id` text NOT NULL,
	`product_id` text NOT NULL,
	`kind` text NOT NULL,
	`subject` text NOT NULL,
	`license_id` text NOT NULL,
	`used_at` integer NOT NULL,
	PRIMARY KEY(`tenant_id`, `product_id`, `kind`, `subject`)
);
--> statement-breakpoint
CREATE INDEX `trial_uses_license` ON `trial_uses` (`tenant_id`,`license_id`);--> statement-breakpoint
CREATE TABLE `emergency_codes` (
	`tenant_id` text NOT NULL,
	`id` text NOT NULL,
	`license_id` text NOT NULL,
	`code_hash` text NOT NULL,
	`device_hash` text,
	`reason` text NOT NULL,
	`created_by` text NOT NULL,
	`created_at` integer NOT NULL,
	`expires_at` integer NOT NULL,
	`redeemed_at` integer,
	`activation_id` text,
	PRIMARY KEY(`tenant_id`, `id`),
	FOREIGN KEY (`tenant_id`,`license_id`) REFERENCES `licenses`(`tenant_id`,`id`) ON UPDATE no action ON DELETE no action
);
--> statement-breakpoint
CREATE UNIQUE INDEX `emergency_codes_code` ON `emergency_codes` (`tenant_id`,`code_hash`);--> statement-breakpoint
CREATE INDEX `emergency_codes_license` ON `emergency_codes` (`tenant_id`,`license_id`,`created_at`);--> statement-breakpoint
CREATE TABLE `offline_devices` (
	`tenant_id` text NOT NULL,
	`activation_id` text NOT NULL,
	`license_id` text NOT NULL,
	`product_id` text NOT NULL,
	`device_key` text NOT NULL,
	`status_index` integer NOT NULL,
	`superseded` integer DEFAULT false NOT NULL,
	`seq` integer NOT NULL,
	`file_id` text NOT NULL,
	`rid` text NOT NULL,
	`request_hash` text NOT NULL,
	`file` text NOT NULL,
	`expires_at` integer NOT NULL,
	`last_seq` integer DEFAULT 0 NOT NULL,
	`created_at` integer NOT NULL,
	`updated_at` integer NOT NULL,
	PRIMARY KEY(`tenant_id`, `activation_id`),
	FOREIGN KEY (`tenant_id`,`activation_id`) REFERENCES `activations`(`tenant_id`,`id`) ON UPDATE no action ON DELETE no action
);
--> statement-breakpoint
CREATE UNIQUE INDEX `offline_devices_status` ON `offline_devices` (`tenant_id`,`product_id`,`status_index`);--> statement-breakpoint
CREATE UNIQUE INDEX `offline_devices_rid` ON `offline_devices` (`tenant_id`,`rid`);--> statement-breakpoint
CREATE INDEX `offline_devices_license` ON `offline_devices` (`tenant_id`,`license_id`);--> statement-breakpoint
CREATE INDEX `offline_devices_superseded` ON `offline_devices` (`tenant_id`,`product_id`,`status_index`) WHERE "offline_devices"."superseded" = 1;--> statement-breakpoint
CREATE INDEX `offline_devices_aging` ON `offline_devices` (`expires_at`);--> statement-breakpoint
CREATE TABLE `offline_keysets` (
	`tenant_id` text NOT NULL,
	`seq` integer NOT NULL,
	`text` text NOT NULL,
	`root_kid` text NOT NULL,
	`expires_at` integer NOT NULL,
	`created_at` integer NOT NULL,
	PRIMARY KEY(`tenant_id`, `seq`)
);
--> statement-breakpoint
CREATE TABLE `offline_requests` (
	`tenant_id` text NOT NULL,
	`rid` text NOT NULL,
	`request_hash` text NOT NULL,
	`activation_id` text NOT NULL,
	`action` text NOT NULL,
	`created_at` integer NOT NULL,
	PRIMARY KEY(`tenant_id`, `rid`)
);
--> statement-breakpoint
CREATE INDEX `offline_requests_activation` ON `offline_requests` (`tenant_id`,`activation_id`);--> statement-breakpoint
CREATE INDEX `offline_requests_aging` ON `offline_requests` (`created_at`);--> statement-breakpoint
CREATE TABLE `offline_roots` (
	`tenant_id` text NOT NULL,
	`kid` text NOT NULL,
	`role` text NOT NULL,
	`custody` text NOT NULL,
	`public_key` text NOT NULL,
	`private_key` text,
	`created_at` integer NOT NULL,
	`retired_at` integer,
	PRIMARY KEY(`tenant_id`, `kid`)
);
--> statement-breakpoint
CREATE UNIQUE INDEX `offline_roots_role` ON `offline_roots` (`tenant_id`,`role`) WHERE "offline_roots"."role" <> 'retired';--> statement-breakpoint
CREATE TABLE `status_lists` (
	`tenant_id` text NOT NULL,
	`product_id` text NOT NULL,
	`seq` integer NOT NULL,
	`text` text NOT NULL,
	`digest` text NOT NULL,
	`expires_at` integer NOT NULL,
	`created_at` integer NOT NULL,
	PRIMARY KEY(`tenant_id`, `product_id`)
);
--> statement-breakpoint
CREATE TABLE `operation_chunks` (
	`tenant_id` text NOT NULL,
	`operation_id` text NOT NULL,
	`n` integer NOT NULL,
	`rows` integer NOT NULL,
	`sealed` text NOT NULL,
	PRIMARY KEY(`tenant_id`, `operation_id`, `n`),
	FOREIGN KEY (`tenant_id`,`operation_id`) REFERENCES `operations`(`tenant_id`,`id`) ON UPDATE no action ON DELETE no action
);
--> statement-breakpoint
CREATE TABLE `operation_results` (
	`tenant_id` text NOT NULL,
	`operation_id` text NOT NULL,
	`n` integer NOT NULL,
	`outcome` text NOT NULL,
	`license_id` text,
	`external_id` text,
	`code` text,
	`detail` text,
	PRIMARY KEY(`tenant_id`, `operation_id`, `n`)
);
--> statement-breakpoint
CREATE INDEX `operation_results_outcome` ON `operation_results` (`tenant_id`,`operation_id`,`outcome`,`n`);--> statement-breakpoint
CREATE TABLE `operations` (
	`tenant_id` text NOT NULL,
	`id` text NOT NULL,
	`kind` text NOT NULL,
	`status` text NOT NULL,
	`params` text NOT NULL,
	`total` integer NOT NULL,
	`done` integer NOT NULL,
	`succeeded` integer NOT NULL,
	`skipped` integer NOT NULL,
	`failed` integer NOT NULL,
	`position` text,
	`error` text,
	`created_by` text,
	`finished_at` integer,
	`created_at` integer NOT NULL,
	`updated_at` integer NOT NULL,
	`version` integer NOT NULL,
	PRIMARY KEY(`tenant_id`, `id`)
);
--> statement-breakpoint
CREATE TABLE `blacklist` (
	`tenant_id` text NOT NULL,
	`id` text NOT NULL,
	`kind` text NOT NULL,
	`digest` text,
	`part_kind` text,
	`range` text,
	`range_from` text,
	`range_to` text,
	`reason` text NOT NULL,
	`expires_at` integer,
	`external_id` text,
	`metadata` text NOT NULL,
	`created_at` integer NOT NULL,
	`updated_at` integer NOT NULL,
	`version` integer NOT NULL,
	PRIMARY KEY(`tenant_id`, `id`)
);
--> statement-breakpoint
CREATE UNIQUE INDEX `blacklist_digest` ON `blacklist` (`tenant_id`,`digest`) WHERE "blacklist"."digest" is not null;--> statement-breakpoint
CREATE INDEX `blacklist_range` ON `blacklist` (`tenant_id`,`range_from`,`range_to`) WHERE "blacklist"."range_from" is not null;--> statement-breakpoint
CREATE UNIQUE INDEX `blacklist_external` ON `blacklist` (`tenant_id`,`external_id`);--> statement-breakpoint
CREATE TABLE `integrity_checks` (
	`tenant_id` text NOT NULL,
	`id` text NOT NULL,
	`license_id` text NOT NULL,
	`activation_id` text,
	`app_version` text NOT NULL,
	`passed` integer NOT NULL,
	`mismatches` text NOT NULL,
	`mismatches_count` integer,
	`created_at` integer NOT NULL,
	PRIMARY KEY(`tenant_id`, `id`),
	FOREIGN KEY (`tenant_id`,`license_id`) REFERENCES `licenses`(`tenant_id`,`id`) ON UPDATE no action ON DELETE no action
);
--> statement-breakpoint
CREATE INDEX `integrity_checks_license` ON `integrity_checks` (`tenant_id`,`license_id`,`id`);--> statement-breakpoint
CREATE INDEX `integrity_checks_age` ON `integrity_checks` (`created_at`);--> statement-breakpoint
CREATE TABLE `security_reports` (
	`tenant_id` text NOT NULL,
	`id` text NOT NULL,
	`kind` text NOT NULL,
	`source` text NOT NULL,
	`license_id` text,
	`activation_id` text,
	`device_hash` text,
	`ip` text,
	`description` text,
	`evidence` text NOT NULL,
	`times` integer DEFAULT 1 NOT NULL,
	`last_seen_at` integer NOT NULL,
	`closed_at` integer,
	`outcome` text,
	`closed_reason` text,
	`external_id` text,
	`metadata` text NOT NULL,
	`created_at` integer NOT NULL,
	`updated_at` integer NOT NULL,
	`version` integer NOT NULL,
	PRIMARY KEY(`tenant_id`, `id`)
);
--> statement-breakpoint
CREATE INDEX `security_reports_license` ON `security_reports` (`tenant_id`,`license_id`,`id`);--> statement-breakpoint
CREATE UNIQUE INDEX `security_reports_open` ON `security_reports` (`tenant_id`,`kind`,`source`,`activation_id`) WHERE "security_reports"."closed_at" is null and "security_reports"."activation_id" is not null;--> statement-breakpoint
CREATE UNIQUE INDEX `security_reports_external` ON `security_reports` (`tenant_id`,`external_id`);--> statement-breakpoint
ALTER TABLE `product_versions` ADD `manifest` text;--> statement-breakpoint
ALTER TABLE `events` ADD `license_id` text;--> statement-breakpoint
CREATE INDEX `events_license` ON `events` (`tenant_id`,`license_id`,`seq`) WHERE "events"."license_id" is not null;--> statement-breakpoint
ALTER TABLE `activations` ADD `cores` integer;--> statement-breakpoint
ALTER TABLE `activations` ADD `components` text DEFAULT '[]' NOT NULL;--> statement-breakpoint
ALTER TABLE `activations` ADD `device_public_key` text;--> statement-breakpoint
ALTER TABLE `activations` ADD `ends_at` integer;--> statement-breakpoint
ALTER TABLE `activations` ADD `clone_suspected_at` integer;--> statement-breakpoint
ALTER TABLE `activations` ADD `integrity_failed_at` integer;--> statement-breakpoint
CREATE INDEX `activations_device` ON `activations` (`tenant_id`,`device_hash`) WHERE "activations"."released_at" is null;--> statement-breakpoint
CREATE INDEX `activations_marked` ON `activations` (`tenant_id`,`license_id`,`device_hash`) WHERE "activations"."released_at" is not null and ("activations"."clone_suspected_at" is not null or "activations"."integrity_failed_at" is not null);--> statement-breakpoint
ALTER TABLE `licenses` ADD `key_bits` integer;--> statement-breakpoint
ALTER TABLE `licenses` ADD `proof_hash` text;--> statement-breakpoint
ALTER TABLE `licenses` ADD `core_ceiling` integer;--> statement-breakpoint
ALTER TABLE `licenses` ADD `user_ceiling` integer;--> statement-breakpoint
ALTER TABLE `licenses` ADD `churn_limit` integer;--> statement-breakpoint
ALTER TABLE `licenses` ADD `device_scope` text DEFAULT 'license' NOT NULL;--> statement-breakpoint
ALTER TABLE `licenses` ADD `canceled_reason` text;--> statement-breakpoint
ALTER TABLE `licenses` ADD `converted_at` integer;--> statement-breakpoint
ALTER TABLE `licenses` ADD `transfer_count` integer DEFAULT 0 NOT NULL;--> statement-breakpoint
ALTER TABLE `licenses` ADD `term_count` integer DEFAULT 0 NOT NULL;--> statement-breakpoint
ALTER TABLE `licenses` ADD `anchor_day` integer;--> statement-breakpoint
CREATE UNIQUE INDEX `licenses_proof` ON `licenses` (`tenant_id`,`proof_hash`) WHERE "licenses"."proof_hash" is not null;--> statement-breakpoint
CREATE INDEX `licenses_unusable` ON `licenses` (`tenant_id`,`product_id`,`id`) WHERE "licenses"."revoked_at" is not null or "licenses"."canceled_at" is not null or "licenses"."holds" <> '[]';--> statement-breakpoint
CREATE INDEX `licenses_template` ON `licenses` (`tenant_id`,`template_id`,`template_rev`,`id`);--> statement-breakpoint
ALTER TABLE `signing_keys` ADD `product_ids` text DEFAULT '[]' NOT NULL;--> statement-breakpoint
ALTER TABLE `signing_keys` ADD `pending_since` integer;--> statement-breakpoint
ALTER TABLE `signing_keys` ADD `revoked_at` integer;--> statement-breakpoint
ALTER TABLE `signing_keys` ADD `revoked_reason` text;--> statement-breakpoint
UPDATE `events` SET `license_id` = CASE WHEN `subject_type` = 'license' THEN `subject_id` ELSE `data` ->> '$.object.license_id' END
	WHERE `subject_type` = 'license' OR json_type(`data`, '$.object.license_id') = 'text';--> statement-breakpoint
UPDATE `licenses` SET `term_count` = 1
	WHERE `term_count` = 0 AND CASE `expiry_basis` WHEN 'creation' THEN `starts_at` WHEN 'first_activation' THEN `activated_at` ELSE `first_validated_at` END IS NOT NULL;--> statement-breakpoint
INSERT INTO `license_terms` (`tenant_id`, `license_id`, `n`, `starts_at`, `ends_at`, `cause`, `created_at`)
	SELECT `tenant_id`, `id`, 1, CASE `expiry_basis` WHEN 'creation' THEN `starts_at` WHEN 'first_activation' THEN `activated_at` ELSE `first_validated_at` END, `expires_at`, `expiry_basis`, `created_at`
	FROM `licenses` WHERE `term_count` = 1 ON CONFLICT DO NOTHING;
