CREATE TABLE `credit_notes` (
	`tenant_id` text NOT NULL,
	`id` text NOT NULL,
	`invoice_id` text NOT NULL,
	`reason` text NOT NULL,
	`to_due` integer NOT NULL,
	`to_credit` integer NOT NULL,
	`to_refund` integer NOT NULL,
	`refund_id` text,
	`legal_entity_id` text NOT NULL,
	`customer_id` text NOT NULL,
	`currency` text NOT NULL,
	`tax_behavior` text NOT NULL,
	`seller` text,
	`buyer` text,
	`lines` text NOT NULL,
	`tax_groups` text NOT NULL,
	`subtotal` integer NOT NULL,
	`discount_total` integer NOT NULL,
	`taxable` integer NOT NULL,
	`tax_total` integer NOT NULL,
	`rounding` integer NOT NULL,
	`total` integer NOT NULL,
	`notes` text,
	`tax_point_on` text,
	`series` text,
	`sequence` integer,
	`number` text,
	`content_hash` text,
	`pdf_sha256` text,
	`no_xml_reason` text,
	`external_id` text,
	`metadata` text NOT NULL,
	`created_at` integer NOT NULL,
	`updated_at` integer NOT NULL,
	`version` integer NOT NULL,
	`issued_at` integer NOT NULL,
	PRIMARY KEY(`tenant_id`, `id`),
	FOREIGN KEY (`tenant_id`,`invoice_id`) REFERENCES `invoices`(`tenant_id`,`id`) ON UPDATE no action ON DELETE no action
);
--> statement-breakpoint
CREATE UNIQUE INDEX `credit_notes_number` ON `credit_notes` (`tenant_id`,`legal_entity_id`,`series`,`sequence`);--> statement-breakpoint
CREATE UNIQUE INDEX `credit_notes_external` ON `credit_notes` (`tenant_id`,`external_id`);--> statement-breakpoint
CREATE INDEX `credit_notes_invoice` ON `credit_notes` (`tenant_id`,`invoice_id`,`id`);--> statement-breakpoint
CREATE INDEX `credit_notes_customer` ON `credit_notes` (`tenant_id`,`customer_id`,`id`);--> statement-breakpoint
CREATE INDEX `credit_notes_without_file` ON `credit_notes` (`tenant_id`,`id`) WHERE "credit_notes"."pdf_sha256" is null;--> statement-breakpoint
CREATE TABLE `credits` (
	`tenant_id` text NOT NULL,
	`id` text NOT NULL,
	`customer_id` text NOT NULL,
	`currency` text NOT NULL,
	`source` text NOT NULL,
	`source_id` text,
	`amount` integer NOT NULL,
	`remaining` integer NOT NULL,
	`reason` text,
	`expires_at` integer,
	`expired_at` integer,
	`external_id` text,
	`metadata` text NOT NULL,
	`created_at` integer NOT NULL,
	`updated_at` integer NOT NULL,
	`version` integer NOT NULL,
	PRIMARY KEY(`tenant_id`, `id`),
	FOREIGN KEY (`tenant_id`,`customer_id`) REFERENCES `customers`(`tenant_id`,`id`) ON UPDATE no action ON DELETE no action
);
--> statement-breakpoint
CREATE UNIQUE INDEX `credits_external` ON `credits` (`tenant_id`,`external_id`);--> statement-breakpoint
CREATE UNIQUE INDEX `credits_source` ON `credits` (`tenant_id`,`source`,`source_id`) WHERE "credits"."source_id" is not null;--> statement-breakpoint
CREATE INDEX `credits_customer` ON `credits` (`tenant_id`,`customer_id`,`id`);--> statement-breakpoint
CREATE INDEX `credits_expiring` ON `credits` (`expires_at`) WHERE "credits"."remaining" > 0 and "credits"."expires_at" is not null;--> statement-breakpoint
CREATE INDEX `credits_spendable` ON `credits` (`tenant_id`,`customer_id`,`currency`,`expires_at`) WHERE "credits"."remaining" > 0;--> statement-breakpoint
CREATE TABLE `reconciliation_differences` (
	`tenant_id` text NOT NULL,
	`reconciliation_id` text NOT NULL,
	`ref` text NOT NULL,
	`kind` text NOT NULL,
	`ours` text,
	`theirs` text,
	`outcome` text NOT NULL,
	`detail` text NOT NULL,
	`at` integer NOT NULL,
	PRIMARY KEY(`tenant_id`, `reconciliation_id`, `ref`, `kind`),
	FOREIGN KEY (`tenant_id`,`reconciliation_id`) REFERENCES `reconciliations`(`tenant_id`,`id`) ON UPDATE no action ON DELETE no action
);
--> statement-breakpoint
CREATE TABLE `disputes` (
	`tenant_id` text NOT NULL,
	`id` text NOT NULL,
	`payment_id` text NOT NULL,
	`customer_id` text,
	`provider` text NOT NULL,
	`ref` text NOT NULL,
	`status` text NOT NULL,
	`currency` text NOT NULL,
	`amount` integer NOT NULL,
	`is_withdrawn` integer NOT NULL,
	`reason` text,
	`evidence_due_at` integer,
	`ended_at` integer,
	`external_id` text,
	`metadata` text NOT NULL,
	`created_at` integer NOT NULL,
	`updated_at` integer NOT NULL,
	`version` integer NOT NULL,
	PRIMARY KEY(`tenant_id`, `id`),
	FOREIGN KEY (`tenant_id`,`payment_id`) REFERENCES `payments`(`tenant_id`,`id`) ON UPDATE no action ON DELETE no action
);
--> statement-breakpoint
CREATE UNIQUE INDEX `disputes_ref` ON `disputes` (`tenant_id`,`provider`,`ref`);--> statement-breakpoint
CREATE UNIQUE INDEX `disputes_external` ON `disputes` (`tenant_id`,`external_id`);--> statement-breakpoint
CREATE INDEX `disputes_payment` ON `disputes` (`tenant_id`,`payment_id`,`id`);--> statement-breakpoint
CREATE INDEX `disputes_status` ON `disputes` (`tenant_id`,`status`,`id`);--> statement-breakpoint
CREATE TABLE `document_numbers` (
	`tenant_id` text NOT NULL,
	`legal_entity_id` text NOT NULL,
	`series` text NOT NULL,
	`last` integer NOT NULL,
	PRIMARY KEY(`tenant_id`, `legal_entity_id`, `series`),
	FOREIGN KEY (`tenant_id`,`legal_entity_id`) REFERENCES `legal_entities`(`tenant_id`,`id`) ON UPDATE no action ON DELETE no action
);
--> statement-breakpoint
CREATE TABLE `invoices` (
	`tenant_id` text NOT NULL,
	`id` text NOT NULL,
	`status` text NOT NULL,
	`billing_reason` text NOT NULL,
	`order_id` text,
	`subscription_id` text,
	`period_key` text,
	`collection_method` text NOT NULL,
	`net_terms_days` integer NOT NULL,
	`amount_paid` integer NOT NULL,
	`amount_credited` integer NOT NULL,
	`credit_applied` integer NOT NULL,
	`amount_due` integer NOT NULL,
	`legal_entity_id` text NOT NULL,
	`customer_id` text NOT NULL,
	`currency` text NOT NULL,
	`tax_behavior` text NOT NULL,
	`seller` text,
	`buyer` text,
	`lines` text NOT NULL,
	`tax_groups` text NOT NULL,
	`subtotal` integer NOT NULL,
	`discount_total` integer NOT NULL,
	`taxable` integer NOT NULL,
	`tax_total` integer NOT NULL,
	`rounding` integer NOT NULL,
	`total` integer NOT NULL,
	`notes` text,
	`tax_point_on` text,
	`series` text,
	`sequence` integer,
	`number` text,
	`content_hash` text,
	`pdf_sha256` text,
	`no_xml_reason` text,
	`external_id` text,
	`metadata` text NOT NULL,
	`created_at` integer NOT NULL,
	`updated_at` integer NOT NULL,
	`version` integer NOT NULL,
	`due_at` integer,
	`issued_at` integer,
	`paid_at` integer,
	`voided_at` integer,
	`uncollectible_at` integer,
	`sent_at` integer,
	`attempts` integer NOT NULL,
	`next_attempt_at` integer,
	PRIMARY KEY(`tenant_id`, `id`),
	FOREIGN KEY (`tenant_id`,`customer_id`) REFERENCES `customers`(`tenant_id`,`id`) ON UPDATE no action ON DELETE no action,
	FOREIGN KEY (`tenant_id`,`legal_entity_id`) REFERENCES `legal_entities`(`tenant_id`,`id`) ON UPDATE no action ON DELETE no action
);
--> statement-breakpoint
CREATE UNIQUE INDEX `invoices_number` ON `invoices` (`tenant_id`,`legal_entity_id`,`series`,`sequence`);--> statement-breakpoint
CREATE UNIQUE INDEX `invoices_external` ON `invoices` (`tenant_id`,`external_id`);--> statement-breakpoint
CREATE UNIQUE INDEX `invoices_order` ON `invoices` (`tenant_id`,`order_id`) WHERE "invoices"."order_id" is not null and "invoices"."status" <> 'void';--> statement-breakpoint
CREATE UNIQUE INDEX `invoices_period` ON `invoices` (`tenant_id`,`period_key`) WHERE "invoices"."period_key" is not null and "invoices"."status" <> 'void';--> statement-breakpoint
CREATE INDEX `invoices_customer` ON `invoices` (`tenant_id`,`customer_id`,`id`);--> statement-breakpoint
CREATE INDEX `invoices_status` ON `invoices` (`tenant_id`,`status`,`id`);--> statement-breakpoint
CREATE INDEX `invoices_subscription` ON `invoices` (`tenant_id`,`subscription_id`,`id`) WHERE "invoices"."subscription_id" is not null;--> statement-breakpoint
CREATE INDEX `invoices_due` ON `invoices` (`tenant_id`,`due_at`) WHERE "invoices"."status" = 'open';--> statement-breakpoint
CREATE INDEX `invoices_issued` ON `invoices` (`tenant_id`,`issued_at`) WHERE "invoices"."issued_at" is not null;--> statement-breakpoint
CREATE INDEX `invoices_number_text` ON `invoices` (`tenant_id`,`number`) WHERE "invoices"."number" is not null;--> statement-breakpoint
CREATE INDEX `invoices_without_file` ON `invoices` (`tenant_id`,`id`) WHERE "invoices"."status" <> 'draft' and "invoices"."pdf_sha256" is null;--> statement-breakpoint
CREATE TABLE `ledger_entries` (
	`tenant_id` text NOT NULL,
	`group_key` text NOT NULL,
	`line` integer NOT NULL,
	`account` text NOT NULL,
	`provider` text,
	`currency` text NOT NULL,
	`amount` integer NOT NULL,
	`invoice_id` text,
	`customer_id` text,
	`event_id` text,
	`at` integer NOT NULL,
	PRIMARY KEY(`tenant_id`, `group_key`, `line`)
);
--> statement-breakpoint
CREATE INDEX `ledger_entries_at` ON `ledger_entries` (`tenant_id`,`at`,`group_key`,`line`);--> statement-breakpoint
CREATE INDEX `ledger_entries_invoice` ON `ledger_entries` (`tenant_id`,`invoice_id`,`at`,`group_key`,`line`) WHERE "ledger_entries"."invoice_id" is not null;--> statement-breakpoint
CREATE TABLE `legal_entities` (
	`tenant_id` text NOT NULL,
	`id` text NOT NULL,
	`name` text NOT NULL,
	`address` text,
	`country` text,
	`vat_id` text,
	`registration` text,
	`email` text,
	`iban` text,
	`bic` text,
	`bank_name` text,
	`time_zone` text NOT NULL,
	`vat_scheme` text NOT NULL,
	`consumers_at` text NOT NULL,
	`when_vat_id_unknown` text NOT NULL,
	`invoice_prefix` text NOT NULL,
	`credit_note_prefix` text NOT NULL,
	`number_width` integer NOT NULL,
	`footer` text,
	`is_default` integer NOT NULL,
	`archived_at` integer,
	`external_id` text,
	`metadata` text NOT NULL,
	`created_at` integer NOT NULL,
	`updated_at` integer NOT NULL,
	`version` integer NOT NULL,
	PRIMARY KEY(`tenant_id`, `id`)
);
--> statement-breakpoint
CREATE UNIQUE INDEX `legal_entities_default` ON `legal_entities` (`tenant_id`) WHERE "legal_entities"."is_default" = 1;--> statement-breakpoint
CREATE UNIQUE INDEX `legal_entities_external` ON `legal_entities` (`tenant_id`,`external_id`);--> statement-breakpoint
CREATE TABLE `payment_methods` (
	`tenant_id` text NOT NULL,
	`id` text NOT NULL,
	`customer_id` text NOT NULL,
	`provider` text NOT NULL,
	`status` text NOT NULL,
	`ref` text,
	`setup_ref` text,
	`client_secret` text,
	`type` text,
	`brand` text,
	`last4` text,
	`exp_month` integer,
	`exp_year` integer,
	`country` text,
	`fingerprint` text,
	`is_default` integer NOT NULL,
	`ended_reason` text,
	`detached_at` integer,
	`external_id` text,
	`metadata` text NOT NULL,
	`created_at` integer NOT NULL,
	`updated_at` integer NOT NULL,
	`version` integer NOT NULL,
	PRIMARY KEY(`tenant_id`, `id`),
	FOREIGN KEY (`tenant_id`,`customer_id`) REFERENCES `customers`(`tenant_id`,`id`) ON UPDATE no action ON DELETE no action
);
--> statement-breakpoint
CREATE UNIQUE INDEX `payment_methods_external` ON `payment_methods` (`tenant_id`,`external_id`);--> statement-breakpoint
CREATE UNIQUE INDEX `payment_methods_ref` ON `payment_methods` (`tenant_id`,`provider`,`ref`) WHERE "payment_methods"."ref" is not null and "payment_methods"."status" <> 'detached';--> statement-breakpoint
CREATE UNIQUE INDEX `payment_methods_setup` ON `payment_methods` (`tenant_id`,`provider`,`setup_ref`) WHERE "payment_methods"."setup_ref" is not null;--> statement-breakpoint
CREATE UNIQUE INDEX `payment_methods_default` ON `payment_methods` (`tenant_id`,`customer_id`) WHERE "payment_methods"."is_default" = 1;--> statement-breakpoint
CREATE INDEX `payment_methods_customer` ON `payment_methods` (`tenant_id`,`customer_id`,`id`);--> statement-breakpoint
CREATE TABLE `payments` (
	`tenant_id` text NOT NULL,
	`id` text NOT NULL,
	`customer_id` text,
	`invoice_id` text,
	`order_id` text,
	`subscription_id` text,
	`provider` text NOT NULL,
	`ref` text,
	`capture_ref` text,
	`payment_method_id` text,
	`attempt` integer NOT NULL,
	`off_session` integer NOT NULL,
	`status` text NOT NULL,
	`currency` text NOT NULL,
	`amount` integer NOT NULL,
	`amount_received` integer NOT NULL,
	`amount_allocated` integer NOT NULL,
	`amount_credited` integer NOT NULL,
	`amount_refunded` integer NOT NULL,
	`amount_disputed` integer NOT NULL,
	`unapplied` integer NOT NULL,
	`fee` integer NOT NULL,
	`client_secret` text,
	`approve_url` text,
	`decline_code` text,
	`advice_code` text,
	`failure` text,
	`note` text,
	`settled_at` integer,
	`external_id` text,
	`metadata` text NOT NULL,
	`created_at` integer NOT NULL,
	`updated_at` integer NOT NULL,
	`version` integer NOT NULL,
	PRIMARY KEY(`tenant_id`, `id`),
	FOREIGN KEY (`tenant_id`,`customer_id`) REFERENCES `customers`(`tenant_id`,`id`) ON UPDATE no action ON DELETE no action
);
--> statement-breakpoint
CREATE UNIQUE INDEX `payments_external` ON `payments` (`tenant_id`,`external_id`);--> statement-breakpoint
CREATE UNIQUE INDEX `payments_ref` ON `payments` (`tenant_id`,`provider`,`ref`) WHERE "payments"."ref" is not null;--> statement-breakpoint
CREATE UNIQUE INDEX `payments_capture` ON `payments` (`tenant_id`,`provider`,`capture_ref`) WHERE "payments"."capture_ref" is not null;--> statement-breakpoint
CREATE UNIQUE INDEX `payments_attempt` ON `payments` (`tenant_id`,`invoice_id`,`attempt`) WHERE "payments"."invoice_id" is not null and "payments"."provider" <> 'manual';--> statement-breakpoint
CREATE INDEX `payments_customer` ON `payments` (`tenant_id`,`customer_id`,`id`) WHERE "payments"."customer_id" is not null;--> statement-breakpoint
CREATE INDEX `payments_invoice` ON `payments` (`tenant_id`,`invoice_id`,`id`) WHERE "payments"."invoice_id" is not null;--> statement-breakpoint
CREATE INDEX `payments_order` ON `payments` (`tenant_id`,`order_id`,`id`) WHERE "payments"."order_id" is not null;--> statement-breakpoint
CREATE INDEX `payments_status` ON `payments` (`tenant_id`,`status`,`id`);--> statement-breakpoint
CREATE INDEX `payments_settled` ON `payments` (`tenant_id`,`settled_at`) WHERE "payments"."settled_at" is not null;--> statement-breakpoint
CREATE TABLE `payouts` (
	`tenant_id` text NOT NULL,
	`id` text NOT NULL,
	`provider` text NOT NULL,
	`purpose` text NOT NULL,
	`recipient` text NOT NULL,
	`currency` text NOT NULL,
	`amount` integer NOT NULL,
	`status` text NOT NULL,
	`batch_ref` text,
	`ref` text,
	`fee` integer NOT NULL,
	`note` text,
	`failure` text,
	`ended_at` integer,
	`external_id` text,
	`metadata` text NOT NULL,
	`created_at` integer NOT NULL,
	`updated_at` integer NOT NULL,
	`version` integer NOT NULL,
	PRIMARY KEY(`tenant_id`, `id`)
);
--> statement-breakpoint
CREATE UNIQUE INDEX `payouts_external` ON `payouts` (`tenant_id`,`external_id`);--> statement-breakpoint
CREATE INDEX `payouts_status` ON `payouts` (`tenant_id`,`status`,`id`);--> statement-breakpoint
CREATE TABLE `provider_customers` (
	`tenant_id` text NOT NULL,
	`provider` text NOT NULL,
	`customer_id` text NOT NULL,
	`ref` text NOT NULL,
	`created_at` integer NOT NULL,
	PRIMARY KEY(`tenant_id`, `provider`, `customer_id`),
	FOREIGN KEY (`tenant_id`,`customer_id`) REFERENCES `customers`(`tenant_id`,`id`) ON UPDATE no action ON DELETE no action
);
--> statement-breakpoint
CREATE UNIQUE INDEX `provider_customers_ref` ON `provider_customers` (`tenant_id`,`provider`,`ref`);--> statement-breakpoint
CREATE TABLE `reconciliations` (
	`tenant_id` text NOT NULL,
	`id` text NOT NULL,
	`provider` text NOT NULL,
	`status` text NOT NULL,
	`from_at` integer NOT NULL,
	`to_at` integer NOT NULL,
	`cursor` text,
	`compared` integer NOT NULL,
	`differences` integer NOT NULL,
	`repaired` integer NOT NULL,
	`failure` text,
	`ended_at` integer,
	`external_id` text,
	`metadata` text NOT NULL,
	`created_at` integer NOT NULL,
	`updated_at` integer NOT NULL,
	`version` integer NOT NULL,
	PRIMARY KEY(`tenant_id`, `id`)
);
--> statement-breakpoint
CREATE UNIQUE INDEX `reconciliations_external` ON `reconciliations` (`tenant_id`,`external_id`);--> statement-breakpoint
CREATE INDEX `reconciliations_listed` ON `reconciliations` (`tenant_id`,`provider`,`id`);--> statement-breakpoint
CREATE TABLE `refunds` (
	`tenant_id` text NOT NULL,
	`id` text NOT NULL,
	`payment_id` text NOT NULL,
	`customer_id` text,
	`credit_note_id` text,
	`provider` text NOT NULL,
	`ref` text,
	`status` text NOT NULL,
	`currency` text NOT NULL,
	`amount` integer NOT NULL,
	`taken_from` text NOT NULL,
	`reason` text,
	`failure` text,
	`ended_at` integer,
	`external_id` text,
	`metadata` text NOT NULL,
	`created_at` integer NOT NULL,
	`updated_at` integer NOT NULL,
	`version` integer NOT NULL,
	PRIMARY KEY(`tenant_id`, `id`),
	FOREIGN KEY (`tenant_id`,`payment_id`) REFERENCES `payments`(`tenant_id`,`id`) ON UPDATE no action ON DELETE no action
);
--> statement-breakpoint
CREATE UNIQUE INDEX `refunds_external` ON `refunds` (`tenant_id`,`external_id`);--> statement-breakpoint
CREATE UNIQUE INDEX `refunds_ref` ON `refunds` (`tenant_id`,`provider`,`ref`) WHERE "refunds"."ref" is not null;--> statement-breakpoint
CREATE INDEX `refunds_payment` ON `refunds` (`tenant_id`,`payment_id`,`id`);--> statement-breakpoint
CREATE INDEX `refunds_status` ON `refunds` (`tenant_id`,`status`,`id`);--> statement-breakpoint
CREATE TABLE `tax_rates` (
	`tenant_id` text NOT NULL,
	`id` text NOT NULL,
	`name` text NOT NULL,
	`country` text NOT NULL,
	`state` text,
	`tax_category` text NOT NULL,
	`category` text NOT NULL,
	`percent` text NOT NULL,
	`valid_from_on` text,
	`valid_until_on` text,
	`archived_at` integer,
	`external_id` text,
	`metadata` text NOT NULL,
	`created_at` integer NOT NULL,
	`updated_at` integer NOT NULL,
	`version` integer NOT NULL,
	PRIMARY KEY(`tenant_id`, `id`)
);
--> statement-breakpoint
CREATE INDEX `tax_rates_country` ON `tax_rates` (`tenant_id`,`country`,`tax_category`,`id`);--> statement-breakpoint
CREATE UNIQUE INDEX `tax_rates_external` ON `tax_rates` (`tenant_id`,`external_id`);--> statement-breakpoint
CREATE TABLE `vat_checks` (
	`tenant_id` text NOT NULL,
	`id` text NOT NULL,
	`vat_id` text NOT NULL,
	`customer_id` text,
	`state` text NOT NULL,
	`consultation` text,
	`name` text,
	`address` text,
	`checked_at` integer NOT NULL,
	PRIMARY KEY(`tenant_id`, `id`)
);
--> statement-breakpoint
CREATE INDEX `vat_checks_id` ON `vat_checks` (`tenant_id`,`vat_id`,`checked_at`);--> statement-breakpoint
CREATE INDEX `vat_checks_customer` ON `vat_checks` (`tenant_id`,`customer_id`,`id`) WHERE "vat_checks"."customer_id" is not null;--> statement-breakpoint
CREATE TABLE `coupon_redemptions` (
	`tenant_id` text NOT NULL,
	`coupon_id` text NOT NULL,
	`subject_id` text NOT NULL,
	`customer_id` text NOT NULL,
	`redeemed_at` integer NOT NULL,
	PRIMARY KEY(`tenant_id`, `coupon_id`, `subject_id`),
	FOREIGN KEY (`tenant_id`,`coupon_id`) REFERENCES `coupons`(`tenant_id`,`id`) ON UPDATE no action ON DELETE no action,
	FOREIGN KEY (`tenant_id`,`customer_id`) REFERENCES `customers`(`tenant_id`,`id`) ON UPDATE no action ON DELETE no action
);
--> statement-breakpoint
CREATE INDEX `coupon_redemptions_customer` ON `coupon_redemptions` (`tenant_id`,`coupon_id`,`customer_id`);--> statement-breakpoint
CREATE TABLE `coupons` (
	`tenant_id` text NOT NULL,
	`id` text NOT NULL,
	`code` text,
	`name` text NOT NULL,
	`percent` text,
	`amount` integer,
	`currency` text,
	`duration` text NOT NULL,
	`duration_months` integer,
	`max_redemptions` integer,
	`redemptions` integer NOT NULL,
	`once_per_customer` integer NOT NULL,
	`redeem_by` integer,
	`product_ids` text NOT NULL,
	`price_ids` text NOT NULL,
	`archived_at` integer,
	`external_id` text,
	`metadata` text NOT NULL,
	`created_at` integer NOT NULL,
	`updated_at` integer NOT NULL,
	`version` integer NOT NULL,
	PRIMARY KEY(`tenant_id`, `id`)
);
--> statement-breakpoint
CREATE UNIQUE INDEX `coupons_code` ON `coupons` (`tenant_id`,`code`);--> statement-breakpoint
CREATE UNIQUE INDEX `coupons_external` ON `coupons` (`tenant_id`,`external_id`);--> statement-breakpoint
CREATE TABLE `plans` (
	`tenant_id` text NOT NULL,
	`id` text NOT NULL,
	`product_id` text,
	`template_id` text,
	`code` text,
	`name` text NOT NULL,
	`description` text,
	`highlights` text NOT NULL,
	`tax_category` text NOT NULL,
	`is_public` integer NOT NULL,
	`position` integer NOT NULL,
	`archived_at` integer,
	`external_id` text,
	`metadata` text NOT NULL,
	`created_at` integer NOT NULL,
	`updated_at` integer NOT NULL,
	`version` integer NOT NULL,
	PRIMARY KEY(`tenant_id`, `id`),
	FOREIGN KEY (`tenant_id`,`product_id`) REFERENCES `products`(`tenant_id`,`id`) ON UPDATE no action ON DELETE no action,
	FOREIGN KEY (`tenant_id`,`template_id`) REFERENCES `templates`(`tenant_id`,`id`) ON UPDATE no action ON DELETE no action
);
--> statement-breakpoint
CREATE UNIQUE INDEX `plans_code` ON `plans` (`tenant_id`,`code`);--> statement-breakpoint
CREATE UNIQUE INDEX `plans_external` ON `plans` (`tenant_id`,`external_id`);--> statement-breakpoint
CREATE INDEX `plans_product` ON `plans` (`tenant_id`,`product_id`,`id`);--> statement-breakpoint
CREATE INDEX `plans_public` ON `plans` (`tenant_id`,`position`,`id`) WHERE "plans"."is_public" = 1 and "plans"."archived_at" is null;--> statement-breakpoint
CREATE TABLE `price_revisions` (
	`tenant_id` text NOT NULL,
	`price_id` text NOT NULL,
	`rev` integer NOT NULL,
	`terms` text NOT NULL,
	`created_at` integer NOT NULL,
	PRIMARY KEY(`tenant_id`, `price_id`, `rev`),
	FOREIGN KEY (`tenant_id`,`price_id`) REFERENCES `prices`(`tenant_id`,`id`) ON UPDATE no action ON DELETE no action
);
--> statement-breakpoint
CREATE TABLE `prices` (
	`tenant_id` text NOT NULL,
	`id` text NOT NULL,
	`plan_id` text NOT NULL,
	`nickname` text,
	`rev` integer NOT NULL,
	`currency` text NOT NULL,
	`interval` text NOT NULL,
	`interval_count` integer NOT NULL,
	`metered_feature_id` text,
	`tax_behavior` text NOT NULL,
	`archived_at` integer,
	`external_id` text,
	`metadata` text NOT NULL,
	`created_at` integer NOT NULL,
	`updated_at` integer NOT NULL,
	`version` integer NOT NULL,
	PRIMARY KEY(`tenant_id`, `id`),
	FOREIGN KEY (`tenant_id`,`plan_id`) REFERENCES `plans`(`tenant_id`,`id`) ON UPDATE no action ON DELETE no action
);
--> statement-breakpoint
CREATE UNIQUE INDEX `prices_external` ON `prices` (`tenant_id`,`external_id`);--> statement-breakpoint
CREATE INDEX `prices_plan` ON `prices` (`tenant_id`,`plan_id`,`id`);--> statement-breakpoint
CREATE TABLE `subscriptions` (
	`tenant_id` text NOT NULL,
	`id` text NOT NULL,
	`customer_id` text NOT NULL,
	`legal_entity_id` text NOT NULL,
	`order_id` text,
	`status` text NOT NULL,
	`currency` text NOT NULL,
	`tax_behavior` text NOT NULL,
	`items` text NOT NULL,
	`pending_lines` text NOT NULL,
	`scheduled` text,
	`coupons` text NOT NULL,
	`provider` text NOT NULL,
	`provider_ref` text,
	`approve_url` text,
	`collection_method` text NOT NULL,
	`net_terms_days` integer NOT NULL,
	`payment_method_id` text,
	`template_id` text,
	`time_zone` text NOT NULL,
	`interval` text NOT NULL,
	`interval_count` integer NOT NULL,
	`billing_anchor_at` integer NOT NULL,
	`period_index` integer NOT NULL,
	`current_period_start_at` integer NOT NULL,
	`current_period_end_at` integer NOT NULL,
	`trial_start_at` integer,
	`trial_end_at` integer,
	`cancel_at` integer,
	`cancel_reason` text,
	`canceled_at` integer,
	`ended_at` integer,
	`paused_at` integer,
	`resume_at` integer,
	`latest_invoice_id` text,
	`due_at` integer,
	`external_id` text,
	`metadata` text NOT NULL,
	`created_at` integer NOT NULL,
	`updated_at` integer NOT NULL,
	`version` integer NOT NULL,
	PRIMARY KEY(`tenant_id`, `id`),
	FOREIGN KEY (`tenant_id`,`customer_id`) REFERENCES `customers`(`tenant_id`,`id`) ON UPDATE no action ON DELETE no action
);
--> statement-breakpoint
CREATE UNIQUE INDEX `subscriptions_external` ON `subscriptions` (`tenant_id`,`external_id`);--> statement-breakpoint
CREATE UNIQUE INDEX `subscriptions_provider_ref` ON `subscriptions` (`tenant_id`,`provider`,`provider_ref`) WHERE "subscriptions"."provider_ref" is not null;--> statement-breakpoint
CREATE INDEX `subscriptions_customer` ON `subscriptions` (`tenant_id`,`customer_id`,`id`);--> statement-breakpoint
CREATE INDEX `subscriptions_status` ON `subscriptions` (`tenant_id`,`status`,`id`);--> statement-breakpoint
CREATE INDEX `subscriptions_due` ON `subscriptions` (`due_at`) WHERE "subscriptions"."due_at" is not null;--> statement-breakpoint
ALTER TABLE `customers` ADD `tax_exempt_reason` text;--> statement-breakpoint
ALTER TABLE `notices` ADD `delivered_at` integer;--> statement-breakpoint
CREATE INDEX `notices_id` ON `notices` (`id`);--> statement-breakpoint
ALTER TABLE `orders` ADD `legal_entity_id` text;--> statement-breakpoint
ALTER TABLE `orders` ADD `tax_behavior` text DEFAULT 'exclusive' NOT NULL;--> statement-breakpoint
ALTER TABLE `orders` ADD `tax_evidence` text;--> statement-breakpoint
ALTER TABLE `orders` ADD `coupon_id` text;--> statement-breakpoint
ALTER TABLE `orders` ADD `invoice_id` text;--> statement-breakpoint
ALTER TABLE `orders` ADD `subscription_id` text;--> statement-breakpoint
ALTER TABLE `payment_providers` ADD `client_id` text;--> statement-breakpoint
CREATE INDEX `licenses_subscription` ON `licenses` (`tenant_id`,`subscription_id`,`id`) WHERE "licenses"."subscription_id" is not null;--> statement-breakpoint
-- by hand: what the books rest on is law in the database itself
CREATE TRIGGER `invoices_are_final` BEFORE UPDATE ON `invoices` WHEN old.`sequence` is not null and (new.`currency` is not old.`currency` or new.`tax_behavior` is not old.`tax_behavior` or new.`seller` is not old.`seller` or new.`buyer` is not old.`buyer` or new.`lines` is not old.`lines` or new.`tax_groups` is not old.`tax_groups` or new.`subtotal` is not old.`subtotal` or new.`discount_total` is not old.`discount_total` or new.`taxable` is not old.`taxable` or new.`tax_total` is not old.`tax_total` or new.`rounding` is not old.`rounding` or new.`total` is not old.`total` or new.`tax_point_on` is not old.`tax_point_on` or new.`series` is not old.`series` or new.`sequence` is not old.`sequence` or new.`number` is not old.`number` or new.`content_hash` is not old.`content_hash` or new.`legal_entity_id` is not old.`legal_entity_id` or new.`customer_id` is not old.`customer_id` or new.`notes` is not old.`notes` or new.`issued_at` is not old.`issued_at`) BEGIN SELECT RAISE(ABORT, 'final documents are never changed'); END;--> statement-breakpoint
CREATE TRIGGER `invoices_stay` BEFORE DELETE ON `invoices` WHEN old.`sequence` is not null BEGIN SELECT RAISE(ABORT, 'final documents are never deleted'); END;--> statement-breakpoint
CREATE TRIGGER `credit_notes_are_final` BEFORE UPDATE ON `credit_notes` WHEN old.`sequence` is not null and (new.`currency` is not old.`currency` or new.`tax_behavior` is not old.`tax_behavior` or new.`seller` is not old.`seller` or new.`buyer` is not old.`buyer` or new.`lines` is not old.`lines` or new.`tax_groups` is not old.`tax_groups` or new.`subtotal` is not old.`subtotal` or new.`discount_total` is not old.`discount_total` or new.`taxable` is not old.`taxable` or new.`tax_total` is not old.`tax_total` or new.`rounding` is not old.`rounding` or new.`total` is not old.`total` or new.`tax_point_on` is not old.`tax_point_on` or new.`series` is not old.`series` or new.`sequence` is not old.`sequence` or new.`number` is not old.`number` or new.`content_hash` is not old.`content_hash` or new.`legal_entity_id` is not old.`legal_entity_id` or new.`customer_id` is not old.`customer_id` or new.`notes` is not old.`notes` or new.`issued_at` is not old.`issued_at`) BEGIN SELECT RAISE(ABORT, 'final documents are never changed'); END;--> statement-breakpoint
CREATE TRIGGER `credit_notes_stay` BEFORE DELETE ON `credit_notes` WHEN old.`sequence` is not null BEGIN SELECT RAISE(ABORT, 'final documents are never deleted'); END;--> statement-breakpoint
CREATE TRIGGER `ledger_entries_are_final` BEFORE UPDATE ON `ledger_entries` BEGIN SELECT RAISE(ABORT, 'the books are only added to'); END;--> statement-breakpoint
CREATE TRIGGER `ledger_entries_stay` BEFORE DELETE ON `ledger_entries` BEGIN SELECT RAISE(ABORT, 'the books are only added to'); END;--> statement-breakpoint
-- every tenant that exists sells in its own name until it says more
INSERT INTO `legal_entities` (`tenant_id`, `id`, `name`, `time_zone`, `vat_scheme`, `consumers_at`, `when_vat_id_unknown`, `invoice_prefix`, `credit_note_prefix`, `number_width`, `is_default`, `metadata`, `created_at`, `updated_at`, `version`)
SELECT `id`, 'len_' || substr(`id`, 5), `name`, `time_zone`, 'standard', 'destination', 'charge', 'INV-{YYYY}-', 'CN-{YYYY}-', 6, 1, '{}', `created_at`, `created_at`, 1 FROM `tenants`;--> statement-breakpoint
-- a secret key that holds every scope there was stands for the whole tenant: it holds the new ones, too
UPDATE `api_keys` SET `scopes` = (
  SELECT json_group_array(`scope`) FROM (
    SELECT `value` AS `scope` FROM json_each(`api_keys`.`scopes`)
    UNION
    SELECT `value` FROM json_each('["coupons:read", "coupons:write", "credit_notes:read", "credit_notes:write", "credits:read", "credits:write", "invoices:read", "invoices:write", "ledger:read", "legal_entities:read", "legal_entities:write", "payment_methods:read", "payment_methods:write", "payments:read", "payments:write", "payouts:read", "payouts:write", "plans:read", "plans:write", "prices:read", "prices:write", "reconciliations:read", "reconciliations:write", "subscriptions:read", "subscriptions:write", "tax_rates:read", "tax_rates:write"]')
    ORDER BY 1
  )
)
WHERE `kind` = 'secret' AND NOT EXISTS (
  SELECT 1 FROM json_each('["activations:read", "activations:write", "alerts:read", "api_keys:read", "api_keys:write", "blacklist:read", "blacklist:write", "customers:read", "customers:write", "emergency_codes:read", "emergency_codes:write", "entitlements:read", "entitlements:write", "events:read", "features:read", "features:write", "integrity_checks:read", "integrity_checks:write", "license_keys:read", "licenses:read", "licenses:write", "mail:read", "mail:write", "offline:read", "offline_keys:write", "operations:read", "operations:write", "orders:read", "orders:write", "payment_providers:read", "payment_providers:write", "products:read", "products:write", "security_reports:read", "security_reports:write", "settings:read", "settings:write", "stories:read", "stories:write", "templates:read", "templates:write", "test_clocks:read", "test_clocks:write", "usage:read", "usage:write", "webhook_endpoints:read", "webhook_endpoints:write"]') AS `held`
  WHERE `held`.`value` NOT IN (SELECT `value` FROM json_each(`api_keys`.`scopes`))
);
