import { runInDurableObject } from "cloudflare:test";
import { expect, test } from "vitest";
import { send } from "../world.ts";
import { licensed } from "./licensed.ts";

type Licensed = Awaited<ReturnType<typeof licensed>>;

const reserve = (l: Licensed, units: number, more: Record<string, unknown> = {}, idempotencyKey?: string) =>
  l.post(
    "/v1/entitlements/reserve",
    { license_key: l.key, items: [{ feature: "export", units }], ...more },
    idempotencyKey === undefined ? {} : { idempotencyKey },
  );
const commit = (l: Licensed, id: unknown, items?: unknown) =>
  l.post("/v1/entitlements/commit", { reservation_id: id, ...(items === undefined ? {} : { items }) });
const release = (l: Licensed, id: unknown) => l.post("/v1/entitlements/release", { reservation_id: id });

/** Lets the time of all open reservations be over. */
const overdue = (l: Licensed) =>
  runInDurableObject(
    l.meter,
    (_, { storage }) => void storage.sql.exec("update reservations set ends_at = 0 where status = 'open'"),
  );

test("what is reserved is held back until it is committed, and what was not used is free again", async () => {
  const l = await licensed();
  const made = await reserve(l, 8, { ttl_s: 600 });
  expect(made).toMatchObject({
    status: 201,
    body: {
      object: "reservation",
      status: "open",
      license_id: l.licensed["id"],
      items: [{ feature: "export", units: 8, committed: null, used: 0, reserved: 8, remaining: 2 }],
    },
  });
  const { id, reservation_id, expires_at } = made.body;
  expect(reservation_id).toBe(id);
  expect(Date.parse(expires_at) - Date.now()).toBeGreaterThan(500_000);
  expect((await l.consume(3)).status).toBe(429);

  const done = await commit(l, id, [{ feature: l.feature["id"], units: 5 }]);
  expect(done).toMatchObject({
    status: 200,
    body: { id, status: "committed", items: [{ units: 8, committed: 5, used: 5, reserved: 0, remaining: 5 }] },
  });
  // the same again changes nothing; anything else is too late
  expect(await commit(l, id, [{ feature: "export", units: 5 }])).toMatchObject({ status: 200, body: { status: "committed" } });
  expect(await commit(l, id)).toMatchObject({ status: 409, body: { code: "reservation_over" } });
  expect(await release(l, id)).toMatchObject({ status: 409, body: { code: "reservation_over" } });
  expect(await l.meter.audit()).toMatchObject([{ used: 5, summed: 5 }]);
});

test("more than was reserved cannot be committed, nor what was not", async () => {
  const l = await licensed();
  const { id } = (await reserve(l, 4)).body;
  for (const items of [[{ feature: "export", units: 5 }], [{ feature: "other", units: 1 }]]) {
    expect(await commit(l, id, items)).toMatchObject({
      status: 400,
      body: { errors: [{ pointer: "/items/0", code: "not_reserved" }] },
    });
  }
  expect(await commit(l, id)).toMatchObject({ body: { items: [{ committed: 4, used: 4 }] } });
});

test("what was committed is counted, so nobody is sent to consume it again; what was not is to be used anew", async () => {
  const l = await licensed();
  const [done, freed] = [(await reserve(l, 3)).body["id"], (await reserve(l, 3)).body["id"]];
  await commit(l, done);
  await release(l, freed);
  for (const late of [await commit(l, done, [{ feature: "export", units: 1 }]), await release(l, done)]) {
    expect(late.body).toMatchObject({ code: "reservation_over", detail: expect.stringContaining("is counted") });
    expect(late.body["fix"]).toMatch(/^Nothing is to be done/);
  }
  expect((await commit(l, freed)).body["fix"]).toBe("What it held back was not counted: reserve again, or consume at once.");
});

test("whoever finds all held back is told when enough of it is free again, which may be long before the period ends", async () => {
  const l = await licensed({ reset: "year" });
  await reserve(l, 4, { ttl_s: 3000 });
  await reserve(l, 3, { ttl_s: 60 });
  await reserve(l, 3, { ttl_s: 600 });
  const waits = [];
  for (const units of [3, 4, 7]) waits.push(Number((await l.consume(units)).headers.get("retry-after")));
  expect(waits.map((wait) => [60, 600, 3000].find((ttl) => wait <= ttl && wait > ttl - 60))).toEqual([60, 600, 3000]);
  const more = await l.consume(11);
  expect(more.headers.has("retry-after")).toBe(false);
  expect(more.body["fix"]).toContain("no period has as many units");
});

test("a released reservation holds nothing back, however often it is released", async () => {
  const l = await licensed();
  const { id } = (await reserve(l, 10)).body;
  for (const _ of [1, 2]) expect(await release(l, id)).toMatchObject({ status: 200, body: { status: "released" } });
  expect(await commit(l, id)).toMatchObject({ status: 409 });
  expect((await l.consume(10)).status).toBe(200);
});

test("a reservation ends by itself, and is then too late to commit", async () => {
  const l = await licensed();
  const { id } = (await reserve(l, 10)).body;
  await overdue(l);
  expect((await l.consume(10)).status).toBe(200);
  expect(await commit(l, id)).toMatchObject({
    status: 409,
    body: { detail: "The reservation is expired: what it held back is not there any more." },
  });
  expect(await release(l, id)).toMatchObject({ status: 200, body: { status: "expired" } });
});

test("the same Idempotency-Key reserves once, also after it was settled", async () => {
  const l = await licensed();
  const first = await reserve(l, 6, {}, "job-1");
  await commit(l, first.body["id"]);
  const again = await reserve(l, 6, {}, "job-1");
  expect([again.status, again.text, again.headers.get("idempotency-replayed")]).toEqual([201, first.text, "true"]);
  expect((await reserve(l, 7, {}, "job-1")).status).toBe(422);
});

test("a commit goes through whatever became of the license, and by no other tenant", async () => {
  const [l, other] = [await licensed(), await licensed()];
  const { id } = (await reserve(l, 2)).body;
  await l.post(`/v1/licenses/${l.licensed["id"]}/suspend`, { reason: "unpaid" });
  for (const wrong of [id.slice(0, -1) + (id.endsWith("0") ? "1" : "0"), "rsv_none", l.licensed["id"]]) {
    expect(await commit(l, wrong)).toMatchObject({ status: 404, body: { code: "reservation_not_found" } });
  }
  expect(await commit(other, id)).toMatchObject({ status: 404, body: { code: "reservation_not_found" } });
  expect((await commit(l, id)).status).toBe(200);
});

test("programs do not reserve", async () => {
  const l = await licensed();
  const asked = { license_key: l.key, items: [{ feature: "export", units: 1 }] };
  const answer = await send("POST", "/v1/entitlements/reserve", asked, { key: l.keys.publishable });
  expect(answer).toMatchObject({ status: 403, body: { code: "key_kind_not_allowed" } });
});

test.each([{ ttl_s: 0 }, { ttl_s: 3601 }, { items: [] }])("%j is refused", async (more) => {
  const l = await licensed();
  expect((await reserve(l, 1, more)).status).toBe(400);
});
