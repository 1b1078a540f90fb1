import { applyD1Migrations } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { afterAll, inject } from "vitest";
import { firstEvents } from "./recording.ts";

const { DB_00, TEST_MIGRATIONS } = env as typeof env & { TEST_MIGRATIONS: Parameters<typeof applyD1Migrations>[1] };

await applyD1Migrations(DB_00, TEST_MIGRATIONS);

const recorder = inject("recorder");
if (recorder !== null) {
  afterAll(async () => {
    await fetch(recorder, { method: "POST", body: JSON.stringify(await firstEvents(DB_00)) });
  });
}
