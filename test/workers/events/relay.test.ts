import { env } from "cloudflare:workers";
import { beforeEach, expect, test } from "vitest";
import * as relay from "#db/events/relay";
import { upTo, world, type World } from "../world.ts";
import type { RelayEvent } from "../../../worker-host/edge/routes.ts";
import { asHost, carryOnEverything, claimEvents } from "./host.ts";

const product = (w: World, n: number) => w.post("/v1/products", { name: `P${n}`, code: `p${n}` });
const refs = (events: RelayEvent[]) => events.map(({ tenant_id, seq }) => ({ tenant_id, seq }));
const ids = (events: RelayEvent[]) => events.map(({ id }) => id);
const leasesRunOut = () => env.DB_00.prepare("update events set lease_until = 1 where lease_until is not null").run();

/** A claim that waits is given 20 s: a test that is over by then was woken. */
const SHORTER_THAN_ITS_WAIT_MS = 15_000;

beforeEach(carryOnEverything);

test("the host hears which shards there are", async () => {
  expect((await asHost("/internal/shards", {})).body).toEqual({ shards: ["00"] });
});

test("internal routes answer nobody without the host's signature", async () => {
  const w = await world();
  for (const path of ["/internal/shards", "/internal/relay/claim", "/internal/deliveries/claim"]) {
    expect((await w.post(path, {})).body).toMatchObject({ status: 401, code: "bad_signature" });
  }
});

test("an event is claimed with what a story needs to know of it", async () => {
  const w = await world();
  await carryOnEverything();
  const made = await product(w, 1);
  await w.post("/v1/products", { name: "T", code: "t" }, { key: w.keys.testSecret });
  const claimed = await claimEvents();
  expect(claimed[0]).toEqual({
    tenant_id: w.tenant.id,
    seq: expect.any(Number),
    id: expect.stringMatching(/^evt_00/),
    type: "product.created",
    subject: { type: "product", id: made.body["id"] },
    at: made.body["created_at"],
    clock: { livemode: true },
  });
  expect(claimed[1]).toMatchObject({ tenant_id: w.tenant.sandbox_id, clock: { livemode: false } });
});

test("relays that claim at once never get the same event, and together get all of them", async () => {
  const w = await world();
  await carryOnEverything();
  for (const n of upTo(20)) await product(w, n);
  const claims = await Promise.all(upTo(6).map(() => claimEvents({ limit: 5 })));
  const got = claims.flatMap(ids);
  expect(got).toHaveLength(20);
  expect(new Set(got).size).toBe(20);
});

test("what is done does not come again, and what is not comes again when its lease runs out", async () => {
  const w = await world();
  await carryOnEverything();
  for (const n of upTo(3)) await product(w, n);
  const [first, ...rest] = await claimEvents();
  expect(await claimEvents()).toEqual([]);
  expect(await claimEvents({ done: refs([first!]) })).toEqual([]);
  await leasesRunOut();
  expect(await claimEvents()).toEqual(rest);
  expect(await claimEvents({ done: refs(rest) })).toEqual([]);
  await leasesRunOut();
  expect(await claimEvents()).toEqual([]);
});

test("a late word of an event that was given to another relay since still counts", async () => {
  const w = await world();
  await carryOnEverything();
  await product(w, 1);
  const claimed = await claimEvents();
  await leasesRunOut();
  expect(await claimEvents()).toEqual(claimed);
  await claimEvents({ done: refs(claimed) });
  await leasesRunOut();
  expect(await claimEvents()).toEqual([]);
});

test("the oldest come first, also those whose lease ran out before newer ones that were never claimed", async () => {
  const w = await world();
  await carryOnEverything();
  for (const n of upTo(2)) await product(w, n);
  const early = await claimEvents();
  await leasesRunOut();
  for (const n of [3, 4]) await product(w, n);
  expect(ids(await claimEvents({ limit: 2 }))).toEqual(ids(early));
});

test(
  "a waiting relay is woken by an event, and not only by the end of its patience",
  { timeout: SHORTER_THAN_ITS_WAIT_MS },
  async () => {
    const w = await world();
    await carryOnEverything();
    const waiting = claimEvents({ wait_ms: 20_000 });
    await new Promise((resolve) => setTimeout(resolve, 500)); // it has looked by now, so only a ring can wake it
    const made = await product(w, 1);
    expect(await waiting).toMatchObject([{ type: "product.created", subject: { id: made.body["id"] } }]);
  },
);

test("a relay that waits in vain gets an empty answer", async () => {
  expect(await claimEvents({ wait_ms: 50 })).toEqual([]);
});

test.each([
  ["an unknown shard", { shard: "zz", done: [], limit: 1, wait_ms: 0 }],
  ["too high a limit", { shard: "00", done: [], limit: 201, wait_ms: 0 }],
  ["too long a wait", { shard: "00", done: [], limit: 1, wait_ms: 20_001 }],
  ["an unknown field", { shard: "00", done: [], limit: 1, wait_ms: 0, more: 1 }],
  ["no number", { shard: "00", done: [{ tenant_id: "ten_x", seq: "1" }], limit: 1, wait_ms: 0 }],
])("%s is refused", async (_, body) => {
  expect((await asHost("/internal/relay/claim", body)).body).toMatchObject({ status: 400, code: "invalid_request" });
});

test("a claim reads what waits and no more, however many events there were", async () => {
  const w = await world();
  const rowsFor = async () => {
    await carryOnEverything();
    await w.post("/v1/products", { name: "One", code: `one-${crypto.randomUUID()}` });
    const spied = reading(env.DB_00);
    expect(await relay.claimEvents(spied.d1, { done: [], limit: 200, now: new Date(), leaseMs: 1_000 })).toHaveLength(1);
    return spied.rowsRead();
  };
  const few = await rowsFor();
  for (const n of upTo(40)) await product(w, n);
  expect(await rowsFor()).toBeLessThanOrEqual(few);
});

/** The real database, counting the rows that its batches read. */
function reading(d1: D1Database) {
  let rows = 0;
  const batch = async <T>(statements: D1PreparedStatement[]) => {
    const results = await d1.batch<T>(statements);
    for (const { meta } of results) rows += meta.rows_read;
    return results;
  };
  return { d1: { prepare: (sql: string) => d1.prepare(sql), batch } as D1Database, rowsRead: () => rows };
}
