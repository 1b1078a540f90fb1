import { createExecutionContext, createScheduledController, waitOnExecutionContext } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { expect, test } from "vitest";
import worker from "../../../workers/main.ts";
import { world } from "../world.ts";

const DAY_MS = 24 * 3_600_000;

async function tended() {
  const context = createExecutionContext();
  worker.scheduled(createScheduledController(), env, context);
  await waitOnExecutionContext(context);
}

test("an answer is kept for thirty days and then taken away; a younger one stays", async () => {
  const w = await world();
  await w.post("/v1/products", { name: "Old", code: "old" }, { idempotencyKey: "old" });
  await w.post("/v1/products", { name: "Young", code: "young" }, { idempotencyKey: "young" });
  const age = env.DB_00.prepare(
    "update idempotency_keys set created_at = ? where owner = ? and rowid = (select min(rowid) from idempotency_keys where owner = ?)",
  );
  await age.bind(Date.now() - 31 * DAY_MS, w.tenant.id, w.tenant.id).run();
  await tended();
  const left = await env.DB_00.prepare("select count(*) as n from idempotency_keys where owner = ?").bind(w.tenant.id).first();
  expect(left).toEqual({ n: 1 });
  expect(
    (await w.post("/v1/products", { name: "Young", code: "young" }, { idempotencyKey: "young" })).headers.get(
      "idempotency-replayed",
    ),
  ).toBe("true");
});
