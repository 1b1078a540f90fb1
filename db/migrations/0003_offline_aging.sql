CREATE INDEX `offline_devices_aging` ON `offline_devices` (`expires_at`);--> statement-breakpoint
CREATE INDEX `offline_requests_aging` ON `offline_requests` (`created_at`);