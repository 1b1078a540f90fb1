ALTER TABLE `licenses` ADD `anchor_day` integer;--> statement-breakpoint
ALTER TABLE `license_terms` DROP COLUMN `anchor_day`;