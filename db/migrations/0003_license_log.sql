ALTER TABLE `events` ADD `license_id` text;--> statement-breakpoint
CREATE INDEX `events_license` ON `events` (`tenant_id`,`license_id`,`seq`) WHERE "events"."license_id" is not null;--> statement-breakpoint
UPDATE `events` SET `license_id` = CASE WHEN `subject_type` = 'license' THEN `subject_id` ELSE `data` ->> '$.object.license_id' END
	WHERE `subject_type` = 'license' OR json_type(`data`, '$.object.license_id') = 'text';
