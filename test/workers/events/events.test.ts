import { env } from "cloudflare:workers";
import { expect, test } from "vitest";
import { upTo, world, type World } from "../world.ts";

type Event = {
  id: string;
  seq: number;
  type: string;
  subject: { type: string; id: string };
  data: { object: { code?: string } };
};

const products = async (w: World, count: number): Promise<string[]> => {
  const ids: string[] = [];
  for (const n of upTo(count)) ids.push((await w.post("/v1/products", { name: `P${n}`, code: `p${n}` })).body["id"]);
  return ids;
};

test("an event tells what was changed, by whom, from where and in which request", async () => {
  const w = await world();
  const made = await w.post("/v1/products", { name: "Studio", code: "studio" }, { headers: { "x-latchkey-ip": "203.0.113.7" } });
  const changed = await w.patch(`/v1/products/${made.body["id"]}`, { name: "Studio 2" });

  const [updated, created] = (await w.get("/v1/events?limit=2")).body["data"];
  expect(created).toMatchObject({
    object: "event",
    type: "product.created",
    actor: { type: "api_key", id: expect.stringMatching(/^key_/), ip: "203.0.113.7" },
    subject: { type: "product", id: made.body["id"] },
    data: { object: made.body, previous: null },
    request_id: made.headers.get("x-request-id"),
  });
  expect(updated).toMatchObject({
    type: "product.updated",
    seq: created.seq + 1,
    data: { object: changed.body, previous: { name: "Studio" } },
  });
  expect((await w.get(`/v1/events/${created.id}`)).body).toEqual(created);
});

test("whoever follows with after sees every event once, in order, while a race of writers goes on", async () => {
  const w = await world();
  let writing = true;
  const written = Promise.all(upTo(20).map((n) => w.post("/v1/products", { name: `P${n}`, code: `p${n}` }))).then(
    () => (writing = false),
  );
  const seen: Event[] = [];
  for (let after = 0, more = true; more;) {
    const last = !writing;
    const page = (await w.get(`/v1/events?after=${after}&limit=3`)).body;
    seen.push(...page["data"]);
    after = page["next_after"];
    more = page["has_more"] || !last;
  }
  await written;

  expect(seen.map(({ seq }) => seq)).toEqual(upTo(seen.length));
  expect(seen.filter(({ type }) => type === "product.created")).toHaveLength(20);
});

test("next_after passes over what a filter leaves out, so that it is not looked at again", async () => {
  const w = await world();
  await products(w, 3);
  const all = (await w.get("/v1/events?after=0&limit=100")).body;
  const none = (await w.get("/v1/events?after=0&type=order.paid")).body;
  expect(none).toMatchObject({ data: [], has_more: false, next_cursor: null, next_after: all["next_after"] });
  expect((await w.get("/v1/events?after=500")).body).toMatchObject({ data: [], next_after: 500 });
  const cut = (await w.get("/v1/events?after=0&type=product.created&limit=2")).body;
  expect(cut["next_after"]).toBe(cut["data"][1].seq);
});

test("newest first, pages follow each other without gap or repetition", async () => {
  const w = await world();
  await products(w, 5);
  const first = (await w.get("/v1/events?type=product.created&limit=3")).body;
  const second = (await w.get(`/v1/events?type=product.created&limit=3&cursor=${first["next_cursor"]}`)).body;
  const codes = [...first["data"], ...second["data"]].map((event: Event) => event.data.object.code);
  expect(codes).toEqual(["p5", "p4", "p3", "p2", "p1"]);
  expect(second).toMatchObject({ has_more: false, next_cursor: null, next_after: null });
});

test("events are found by subject", async () => {
  const w = await world();
  const [first] = await products(w, 2);
  await w.patch(`/v1/products/${first}`, { name: "Other" });
  const found = (await w.get(`/v1/events?subject_id=${first}`)).body["data"];
  expect(found.map(({ type }: Event) => type)).toEqual(["product.updated", "product.created"]);
});

test("another tenant's event is not found, byte for byte as one that never was", async () => {
  const [w, other] = [await world(), await world()];
  await products(w, 1);
  const [event] = (await w.get("/v1/events")).body["data"];
  const bare = async (id: string) => {
    const { status, text, body } = await other.get(`/v1/events/${id}`);
    return { status, text: text.replace(body["request_id"], "") };
  };
  expect(await bare(event.id)).toEqual(await bare("evt_nothing"));
  expect((await other.get(`/v1/events/${event.id}`)).body).toMatchObject({ status: 404, code: "event_not_found" });
  expect((await other.get(`/v1/events?subject_id=${event.subject.id}`)).body["data"]).toEqual([]);
  // another tenant's cursor and another filter's fit nowhere
  await products(w, 2);
  const { next_cursor } = (await w.get("/v1/events?limit=1")).body;
  expect((await other.get(`/v1/events?limit=1&cursor=${next_cursor}`)).body).toMatchObject({ code: "invalid_cursor" });
  expect((await w.get(`/v1/events?limit=1&type=product.created&cursor=${next_cursor}`)).body).toMatchObject({
    code: "invalid_cursor",
  });
});

test.each([
  "after=-1",
  "after=x",
  "after=1e99",
  "type=product.exploded",
  "colour=red",
  "limit=101",
  "after=1&cursor=abc",
  "cursor=%00",
])("%s is refused", async (query) => {
  const w = await world();
  expect((await w.get(`/v1/events?${query}`)).status).toBe(400);
});

test("no list of events walks through a tenant's whole history", async () => {
  const plan = async (sql: string) =>
    (await env.DB_00.prepare(`explain query plan ${sql}`).all<{ detail: string }>()).results.map(({ detail }) => detail);
  expect(await plan("select * from events where tenant_id = 'a' and seq > 5 order by seq limit 21")).toEqual([
    expect.stringMatching(/USING INDEX sqlite_autoindex_events_1 \(tenant_id=\? AND seq>\?\)/),
  ]);
  expect(await plan("select * from events where tenant_id = 'a' and type = 'b' and seq < 5 order by seq desc limit 21")).toEqual([
    expect.stringMatching(/USING INDEX events_type \(tenant_id=\? AND type=\? AND seq<\?\)/),
  ]);
  expect(
    await plan("select * from events where tenant_id = 'a' and subject_id = 'b' and seq < 5 order by seq desc limit 21"),
  ).toEqual([expect.stringMatching(/USING INDEX events_subject \(tenant_id=\? AND subject_id=\? AND seq<\?\)/)]);
});
