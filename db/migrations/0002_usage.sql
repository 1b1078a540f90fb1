CREATE TABLE `usage_alerts` (
	`tenant_id` text NOT NULL,
	`id` text NOT NULL,
	`subject` text NOT NULL,
	`license_id` text,
	`feature_id` text,
	`feature` text NOT NULL,
	`period_starts_at` integer NOT NULL,
	`percent` integer NOT NULL,
	`used` integer NOT NULL,
	`limit_value` integer NOT NULL,
	`at` integer NOT NULL,
	PRIMARY KEY(`tenant_id`, `id`)
);
--> statement-breakpoint
CREATE UNIQUE INDEX `usage_alerts_once` ON `usage_alerts` (`tenant_id`,`subject`,`feature`,`period_starts_at`,`percent`);--> statement-breakpoint
CREATE INDEX `usage_alerts_license` ON `usage_alerts` (`tenant_id`,`license_id`,`id`);--> statement-breakpoint
CREATE INDEX `usage_alerts_period` ON `usage_alerts` (`tenant_id`,`period_starts_at`,`percent`,`license_id`);--> statement-breakpoint
CREATE TABLE `usage_days` (
	`tenant_id` text NOT NULL,
	`license_id` text NOT NULL,
	`feature_id` text NOT NULL,
	`on_day` text NOT NULL,
	`feature` text NOT NULL,
	`used` integer NOT NULL,
	`level` integer NOT NULL,
	`items` integer NOT NULL,
	`seq` integer NOT NULL,
	`updated_at` integer NOT NULL,
	PRIMARY KEY(`tenant_id`, `license_id`, `feature_id`, `on_day`),
	FOREIGN KEY (`tenant_id`,`license_id`) REFERENCES `licenses`(`tenant_id`,`id`) ON UPDATE no action ON DELETE no action
);
--> statement-breakpoint
CREATE INDEX `usage_days_report` ON `usage_days` (`tenant_id`,`on_day`,`feature_id`,`license_id`,`used`);--> statement-breakpoint
CREATE INDEX `usage_days_feature` ON `usage_days` (`tenant_id`,`feature_id`,`on_day`,`license_id`,`used`);--> statement-breakpoint
CREATE INDEX `usage_days_license` ON `usage_days` (`tenant_id`,`license_id`,`on_day`,`feature_id`,`used`);--> statement-breakpoint
ALTER TABLE `tenants` ADD `limits` text;