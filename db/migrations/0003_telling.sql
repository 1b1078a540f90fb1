CREATE TABLE `archived_activations` (
	`tenant_id` text NOT NULL,
	`id` text NOT NULL,
	`license_id` text NOT NULL,
	`row` text NOT NULL,
	`released_at` integer NOT NULL,
	`archived_at` integer NOT NULL,
	PRIMARY KEY(`tenant_id`, `id`)
);
--> statement-breakpoint
CREATE INDEX `archived_activations_license` ON `archived_activations` (`tenant_id`,`license_id`,`id`);--> statement-breakpoint
CREATE TABLE `mail_bounces` (
	`tenant_id` text NOT NULL,
	`address` text NOT NULL,
	`notice_id` text NOT NULL,
	`detail` text,
	`created_at` integer NOT NULL,
	PRIMARY KEY(`tenant_id`, `address`)
);
--> statement-breakpoint
CREATE INDEX `mail_bounces_age` ON `mail_bounces` (`tenant_id`,`created_at`);--> statement-breakpoint
CREATE TABLE `mail_preferences` (
	`tenant_id` text NOT NULL,
	`recipient_id` text NOT NULL,
	`unsubscribed` text NOT NULL,
	`created_at` integer NOT NULL,
	`updated_at` integer NOT NULL,
	`version` integer NOT NULL,
	PRIMARY KEY(`tenant_id`, `recipient_id`)
);
--> statement-breakpoint
CREATE TABLE `mail_templates` (
	`tenant_id` text NOT NULL,
	`kind` text NOT NULL,
	`locale` text NOT NULL,
	`subject` text NOT NULL,
	`body` text NOT NULL,
	`created_at` integer NOT NULL,
	`updated_at` integer NOT NULL,
	PRIMARY KEY(`tenant_id`, `kind`, `locale`)
);
--> statement-breakpoint
CREATE TABLE `mail_transport` (
	`id` integer PRIMARY KEY NOT NULL,
	`transport` text,
	`problem` text,
	`told_at` integer NOT NULL
);
--> statement-breakpoint
CREATE TABLE `notice_attempts` (
	`tenant_id` text NOT NULL,
	`notice_id` text NOT NULL,
	`number` integer NOT NULL,
	`id` text NOT NULL,
	`at` integer NOT NULL,
	`duration_ms` integer NOT NULL,
	`outcome` text NOT NULL,
	`status` integer,
	`detail` text,
	PRIMARY KEY(`tenant_id`, `notice_id`, `number`),
	FOREIGN KEY (`tenant_id`,`notice_id`) REFERENCES `notices`(`tenant_id`,`id`) ON UPDATE no action ON DELETE cascade
);
--> statement-breakpoint
CREATE TABLE `notices` (
	`tenant_id` text NOT NULL,
	`id` text NOT NULL,
	`kind` text NOT NULL,
	`audience` text NOT NULL,
	`customer_id` text,
	`recipient` text NOT NULL,
	`locale` text,
	`subject_type` text NOT NULL,
	`subject_id` text NOT NULL,
	`event_id` text NOT NULL,
	`params` text NOT NULL,
	`state` text NOT NULL,
	`attempts` integer NOT NULL,
	`resent_after` integer DEFAULT 0 NOT NULL,
	`reached_at` integer NOT NULL,
	`next_at` integer NOT NULL,
	`lease_until` integer,
	`message_id` text,
	`reason` text,
	`last_error` text,
	`sent_at` integer,
	`ended_at` integer,
	`created_at` integer NOT NULL,
	PRIMARY KEY(`tenant_id`, `id`)
);
--> statement-breakpoint
CREATE UNIQUE INDEX `notices_once` ON `notices` (`tenant_id`,`event_id`,`kind`,`recipient`);--> statement-breakpoint
CREATE INDEX `notices_due` ON `notices` (`next_at`) WHERE "notices"."state" = 'pending';--> statement-breakpoint
CREATE INDEX `notices_queue` ON `notices` (`tenant_id`,`next_at`) WHERE "notices"."state" = 'pending';--> statement-breakpoint
CREATE INDEX `notices_customer` ON `notices` (`tenant_id`,`customer_id`,`id`) WHERE "notices"."customer_id" is not null;--> statement-breakpoint
CREATE INDEX `notices_age` ON `notices` (`ended_at`) WHERE "notices"."ended_at" is not null;--> statement-breakpoint
CREATE TABLE `lifecycle_runs` (
	`id` text PRIMARY KEY NOT NULL,
	`shard` text NOT NULL,
	`state` text NOT NULL,
	`looked` integer NOT NULL,
	`started` integer NOT NULL,
	`found` text NOT NULL,
	`error` text,
	`lease_until` integer,
	`created_at` integer NOT NULL,
	`ended_at` integer
);
--> statement-breakpoint
CREATE INDEX `lifecycle_runs_open` ON `lifecycle_runs` (`shard`,`id`) WHERE "lifecycle_runs"."ended_at" is null;--> statement-breakpoint
CREATE INDEX `lifecycle_runs_age` ON `lifecycle_runs` (`ended_at`) WHERE "lifecycle_runs"."ended_at" is not null;--> statement-breakpoint
CREATE TABLE `stories` (
	`tenant_id` text NOT NULL,
	`id` text NOT NULL,
	`workflow_id` text NOT NULL,
	`run_id` text NOT NULL,
	`kind` text NOT NULL,
	`subject_id` text NOT NULL,
	`shard` text NOT NULL,
	`state` text NOT NULL,
	`outcome` text,
	`summary` text NOT NULL,
	`details` text NOT NULL,
	`waits_for` text,
	`waits_until` integer,
	`attempt` integer NOT NULL,
	`error_code` text,
	`error` text,
	`since` integer NOT NULL,
	`started_at` integer NOT NULL,
	`ended_at` integer,
	`seen_at` integer NOT NULL,
	`command` text,
	`command_reason` text,
	`commanded_at` integer,
	`command_outcome` text,
	`command_detail` text,
	PRIMARY KEY(`tenant_id`, `id`)
);
--> statement-breakpoint
CREATE UNIQUE INDEX `stories_id` ON `stories` (`id`);--> statement-breakpoint
CREATE UNIQUE INDEX `stories_workflow` ON `stories` (`workflow_id`,`tenant_id`);--> statement-breakpoint
CREATE INDEX `stories_subject` ON `stories` (`subject_id`,`tenant_id`,`id`);--> statement-breakpoint
CREATE INDEX `stories_state` ON `stories` (`tenant_id`,`state`,`id`);--> statement-breakpoint
CREATE INDEX `stories_state_anywhere` ON `stories` (`state`,`id`);--> statement-breakpoint
CREATE INDEX `stories_open` ON `stories` (`id`) WHERE "stories"."ended_at" is null;--> statement-breakpoint
CREATE INDEX `stories_commanded` ON `stories` (`shard`) WHERE "stories"."command" is not null and "stories"."command_outcome" is null;--> statement-breakpoint
CREATE INDEX `stories_age` ON `stories` (`ended_at`) WHERE "stories"."ended_at" is not null;--> statement-breakpoint
CREATE TABLE `test_clocks` (
	`tenant_id` text NOT NULL,
	`id` text NOT NULL,
	`status` text NOT NULL,
	`target` integer,
	`waits_for` text,
	`waits_since` integer,
	`error` text,
	`external_id` text,
	`metadata` text NOT NULL,
	`created_at` integer NOT NULL,
	`updated_at` integer NOT NULL,
	`version` integer NOT NULL,
	PRIMARY KEY(`tenant_id`, `id`)
);
--> statement-breakpoint
CREATE UNIQUE INDEX `test_clocks_one` ON `test_clocks` (`tenant_id`);--> statement-breakpoint
CREATE INDEX `test_clocks_advancing` ON `test_clocks` (`tenant_id`,`id`) WHERE "test_clocks"."status" = 'advancing';--> statement-breakpoint
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
CREATE INDEX `webhook_queues_recovering` ON `webhook_queues` (`tenant_id`,`endpoint_id`) WHERE "webhook_queues"."recovering_since" is not null;--> statement-breakpoint
DROP INDEX `wakeups_due`;--> statement-breakpoint
ALTER TABLE `wakeups` ADD `woken_at` integer;--> statement-breakpoint
CREATE INDEX `wakeups_woken` ON `wakeups` (`tenant_id`,`at`,`workflow_id`) WHERE "wakeups"."woken_at" is not null;--> statement-breakpoint
CREATE INDEX `wakeups_due` ON `wakeups` (`tenant_id`,`at`,`workflow_id`);--> statement-breakpoint
ALTER TABLE `tenants` ADD `clock_frozen_at` integer;--> statement-breakpoint
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
ALTER TABLE `webhook_endpoints` ADD `previous_signing_key` text;--> statement-breakpoint
CREATE INDEX `activations_released` ON `activations` (`tenant_id`,`released_at`) WHERE "activations"."released_at" is not null;--> statement-breakpoint
CREATE INDEX `operations_running` ON `operations` (`tenant_id`,`id`) WHERE "operations"."status" = 'running';--> statement-breakpoint
CREATE INDEX `orders_unfulfilled` ON `orders` (`tenant_id`,`id`) WHERE "orders"."status" = 'approved' and "orders"."fulfillment_requested_at" is not null;