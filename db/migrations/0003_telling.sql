CREATE TABLE `webhook_queues` (
	`tenant_id` text NOT NULL,
	`endpoint_id` text NOT NULL,
	`failing_since` integer,
	`failures` integer NOT NULL,
	`recovering_since` integer,
	`probe_at` integer,
	`catching_up_since` integer,
	`paced_until` integer,
	PRIMARY KEY(`tenant_id`, `endpoint_id`),
	FOREIGN KEY (`tenant_id`,`endpoint_id`) REFERENCES `webhook_endpoints`(`tenant_id`,`id`) ON UPDATE no action ON DELETE no action
);
--> statement-breakpoint
CREATE INDEX `webhook_queues_paced` ON `webhook_queues` (`paced_until`) WHERE "webhook_queues"."paced_until" is not null;--> statement-breakpoint
ALTER TABLE `deliveries` ADD `replay_id` text;--> statement-breakpoint
CREATE INDEX `deliveries_order` ON `deliveries` (`tenant_id`,`endpoint_id`,`event_seq`) WHERE "deliveries"."state" = 'pending';--> statement-breakpoint
CREATE INDEX `deliveries_exhausted` ON `deliveries` (`tenant_id`,`endpoint_id`,`ended_at`) WHERE "deliveries"."state" = 'exhausted';--> statement-breakpoint
CREATE UNIQUE INDEX `deliveries_replay` ON `deliveries` (`tenant_id`,`replay_id`,`endpoint_id`,`event_seq`) WHERE "deliveries"."replay_id" is not null;--> statement-breakpoint
ALTER TABLE `webhook_endpoints` ADD `product_ids` text;--> statement-breakpoint
ALTER TABLE `webhook_endpoints` ADD `origin` text DEFAULT 'api' NOT NULL;--> statement-breakpoint
ALTER TABLE `webhook_endpoints` ADD `headers` text;--> statement-breakpoint
ALTER TABLE `webhook_endpoints` ADD `header_names` text DEFAULT '[]' NOT NULL;--> statement-breakpoint
ALTER TABLE `webhook_endpoints` ADD `fifo` integer DEFAULT false NOT NULL;--> statement-breakpoint
ALTER TABLE `webhook_endpoints` ADD `on_exhausted` text DEFAULT 'block' NOT NULL;--> statement-breakpoint
ALTER TABLE `webhook_endpoints` ADD `rate_per_s` integer;--> statement-breakpoint
ALTER TABLE `webhook_endpoints` ADD `max_attempts` integer;--> statement-breakpoint
ALTER TABLE `webhook_endpoints` ADD `signing_key` text;--> statement-breakpoint
ALTER TABLE `webhook_endpoints` ADD `public_key` text;--> statement-breakpoint
ALTER TABLE `webhook_endpoints` ADD `previous_signing_key` text;