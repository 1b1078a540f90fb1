import { createExecutionContext, createScheduledController, waitOnExecutionContext } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { expect, test } from "vitest";
import worker from "../../../workers/main.ts";
import { airGap, receiptOf } from "../licensing/offline/air.ts";
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

test("a place in a status list is free again once its device gave its seat back and no list speaks of its files any more", async () => {
  const g = await airGap();
  const given = async (name: string, daysOver: number, { back = true, asked = 401 } = {}) => {
    const { device, file, activation, request } = await g.activated(await g.offlineLicense(), name);
    const receipt = await receiptOf(device, file);
    if (back) expect((await g.program("/v1/activations/offline_deactivate", { receipt })).status).toBe(200);
    const at = (days: number) => Date.now() - days * DAY_MS;
    const of = [g.tenant.id, activation.id];
    await env.DB_00.batch([
      env.DB_00.prepare("update offline_devices set expires_at = ? where tenant_id = ? and activation_id = ?").bind(
        at(daysOver),
        ...of,
      ),
      env.DB_00.prepare("update offline_requests set created_at = ? where tenant_id = ? and activation_id = ?").bind(
        at(asked),
        ...of,
      ),
    ]);
    return { id: activation.id, request };
  };
  const old = await given("old", 15);
  const recent = await given("recent", 15, { asked: 399 });
  const young = await given("young", 13);
  const held = await given("held", 15, { back: false });
  await tended();
  const left = async (table: string) => (await g.rows(table)).map((row) => String(row["activation_id"]));
  expect((await left("offline_devices")).toSorted()).toEqual([young.id, held.id].toSorted());
  const requests = await left("offline_requests");
  expect(requests).not.toContain(old.id);
  expect(requests.toSorted()).toEqual([recent.id, recent.id, young.id, young.id, held.id].toSorted());
  // nothing that was sent before counts again
  expect((await g.send(recent.request)).body["code"]).toBe("request_superseded");
  expect((await g.send(held.request)).body["seq"]).toBe(1);
  expect(await g.rows("activations")).toHaveLength(4);
});
