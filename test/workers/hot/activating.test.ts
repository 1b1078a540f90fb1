import { fc, test as property } from "@fast-check/vitest";
import { env } from "cloudflare:workers";
import { expect, test } from "vitest";
import { upTo } from "../world.ts";
import { DAY_MS, device, shop, type Shop } from "../licensing/shop.ts";
import { BY_ROUTER, isolate, standingTime, type Told } from "./isolates.ts";

standingTime();

const HERE = { "x-latchkey-country": "DE", "x-latchkey-ip": "203.0.113.9" };
const VERSION = "1.0.0";

type Fields = Record<string, unknown>;

/** A license of which the device `a` has a seat. */
async function seated(s: Shop, terms: Fields) {
  const license = await s.license(terms);
  expect((await s.activate(license["license_key"], "a", { user: "ada" })).status).toBe(201);
  return license;
}

/** Another isolate, which knows a license as it is now. */
async function knownElsewhere(s: Shop, license: Fields, version?: string) {
  const key = license["license_key"];
  const other = isolate(s.keys.publishable);
  const asks = (more: Fields, headers: Record<string, string> = {}) =>
    other.ask("/v1/activations", { license_key: key, ...more }, { ...HERE, ...headers });
  const known = await other.ask("/v1/licenses/validate", { license_key: key, ...(version && { version }) }, HERE);
  expect(known).toMatchObject({ status: 200, by: "door" });
  return { license, key, other, asks };
}

test("a device gets its seat of a known license in one call to the database, and asking again it is told of the same seat and token", async () => {
  const s = await shop();
  const { asks, other } = await knownElsewhere(s, await seated(s, { max_activations: 3 }));
  const calls = { batches: 0, statements: 0 };
  const real = env.DB_00;
  const counted = {
    prepare: (sql: string) => ((calls.statements += 1), real.prepare(sql)),
    batch: (statements: D1PreparedStatement[]) => ((calls.batches += 1), real.batch(statements)),
  };
  other.behind = { DB_00: counted as unknown as D1Database };
  const made = await asks({ fingerprint: device("b"), name: "Laptop" });
  expect(made).toMatchObject({ status: 201, by: "door", body: { object: "activation", name: "Laptop", status: "active" } });
  const again = await asks({ fingerprint: device("b") });
  expect(again).toMatchObject({ status: 200, by: "door" });
  expect(again.body).toEqual(made.body);
  expect(calls.batches).toBe(2);
  const told = await s.events("activation.created");
  expect(told.map(({ subject_id: id }) => id)).toContain(made.body["id"]);
  expect(JSON.parse(String(told.at(-1)?.["data"]))["object"]).toEqual(
    Object.fromEntries(Object.entries(made.body).filter(([name]) => name !== "activation_token")),
  );
  expect((await s.beat(made.body["activation_token"])).status).toBe(200);
});

test("what has an Idempotency-Key is the router's, and a retry gets the same bytes", async () => {
  const s = await shop();
  const { asks } = await knownElsewhere(s, await seated(s, { max_activations: null }));
  const intent = { "idempotency-key": "first-start" };
  const first = await asks({ fingerprint: device("b") }, intent);
  const retry = await asks({ fingerprint: device("b") }, intent);
  expect([first.status, retry.status, first.by, retry.by]).toEqual([201, 201, "router", "router"]);
  expect(retry.body).toEqual(first.body);
});

test("isolates that each know of free seats race for the last of them, and no more than there are win", async () => {
  const s = await shop();
  const { key } = await knownElsewhere(s, await seated(s, { max_activations: 4 }));
  const racers = upTo(8).map(() => isolate(s.keys.publishable));
  await Promise.all(racers.map((each) => each.ask("/v1/licenses/validate", { license_key: key }, HERE)));
  const answers = await Promise.all(
    racers.map((each, n) => each.ask("/v1/activations", { license_key: key, fingerprint: device(`r${n}`) }, HERE)),
  );
  expect(answers.filter(({ status }) => status === 201).every(({ by }) => by === "door")).toBe(true);
  expect(answers.filter(({ status }) => status === 201)).toHaveLength(3);
  expect(answers.filter(({ body }) => body["code"] === "seat_limit_reached")).toHaveLength(5);
  expect(await s.events("activation.created")).toHaveLength(4);
});

test("a device that asks from everywhere at once is one activation", async () => {
  const s = await shop();
  const { key } = await knownElsewhere(s, await seated(s, { max_activations: null }));
  const racers = upTo(6).map(() => isolate(s.keys.publishable));
  await Promise.all(racers.map((each) => each.ask("/v1/licenses/validate", { license_key: key }, HERE)));
  const answers = await Promise.all(
    racers.map((each) => each.ask("/v1/activations", { license_key: key, fingerprint: device("b") }, HERE)),
  );
  expect(answers.map(({ status }) => status).toSorted((a, b) => a - b)).toEqual([200, 200, 200, 200, 200, 201]);
  expect(new Set(answers.map(({ body }) => JSON.stringify(body))).size).toBe(1);
});

test("a license that nobody asked about is the router's, and known to who asks about it again", async () => {
  const s = await shop();
  const license = await s.license({ max_activations: null });
  const other = isolate(s.keys.publishable);
  const by: string[] = [];
  for (const name of ["a", "b", "c"]) {
    const answer = await other.ask("/v1/activations", { license_key: license["license_key"], fingerprint: device(name) }, HERE);
    expect(answer.status).toBe(201);
    by.push(answer.by);
  }
  expect(by).toEqual(["router", "router", "door"]);
});

/** What somebody else does to a license after it was read here, and before a device asks for a seat of it. */
const FATES: Record<string, (s: Shop, license: Fields, key: unknown) => Promise<unknown>> = {
  suspended: (s, { id }) => s.post(`/v1/licenses/${String(id)}/suspend`, { reason: "r" }),
  revoked: (s, { id }) => s.post(`/v1/licenses/${String(id)}/revoke`, { reason: "r" }),
  canceled: (s, { id }) => s.post(`/v1/licenses/${String(id)}/cancel`, {}),
  lowered: (s, { id }) => s.patch(`/v1/licenses/${String(id)}`, { max_activations: 1 }),
  restricted: (s, { id }) =>
    s.patch(`/v1/licenses/${String(id)}`, { restrictions: [{ type: "geographic", operator: "allow", values: ["FR"] }] }),
  rekeyed: (s, { id }) => s.post(`/v1/licenses/${String(id)}/regenerate_key`),
  moved: async (s, { id }) => {
    const { id: template } = await s.template({
      max_activations: 5,
      restrictions: [{ type: "version", operator: "allow", values: [">=2.0.0"] }],
    });
    return s.post(`/v1/licenses/${String(id)}/change_template`, { template_id: template });
  },
  shutOut: (s) => s.post("/v1/devices/blacklist", { fingerprint: device("b"), reason: "r" }),
  shutOutRange: (s) => s.post("/v1/devices/blacklist", { ip_range: "203.0.113.0/24", reason: "r" }),
  crowded: (s, _, key) => s.activate(key, "d"),
  known: (s, _, key) => s.activate(key, "b", { name: "Before" }),
  left: async (s, _, key) => {
    const { status, body } = await s.activate(key, "b");
    if (status >= 300) return; // what came before it leaves it none to give back
    await env.DB_00.prepare("update activations set clone_suspected_at = activated_at where id = ?").bind(body["id"]).run();
    await s.post(`/v1/activations/${String(body["id"])}/deactivate`, {});
  },
  released: (s) =>
    s.post(`/v1/products/${String(s.product["id"])}/versions`, {
      version: VERSION,
      released_at: new Date(Date.now() + 40 * DAY_MS).toISOString(),
    }),
};

const TERMS: Fields[] = [
  { max_activations: 2 },
  { max_activations: null },
  { type: "concurrent", max_activations: 2, heartbeat: { required: true, interval_s: 60, on_dead: "free_seat" } },
  { model: "per_seat", max_activations: 2 },
  { max_activations: 3, maintenance: "P30D", unknown_version: "allow" },
];

/** An answer without what differs between two licenses: ids, tokens and what the request is called. */
function likeness({ status, body }: Told) {
  const { id, license_id, activation_token, request_id, ...rest } = body;
  const shown = JSON.stringify(rest).replaceAll(/(lic|act)_[0-9a-z]+/g, "$1");
  return { status, shown, has: [id, license_id, activation_token, request_id].map((value) => typeof value) };
}

/** Twins, one known elsewhere and asked for there, one asked for of the router: how a new device of each fares. */
async function fared(fates: readonly string[], terms: Fields, told: Fields, aged = 0) {
  const s = await shop();
  const version = told["app_version"] as string | undefined;
  const licenses = [await seated(s, terms), await seated(s, terms)] as const;
  if (aged > 0) await s.later(aged);
  const [one, twin] = [await knownElsewhere(s, licenses[0], version), await knownElsewhere(s, licenses[1], version)];
  for (const name of fates) {
    for (const { license, key } of [one, twin]) await FATES[name]?.(s, license, key);
  }
  const before = (await s.events("activation.created")).length;
  const body = { fingerprint: device("b"), ...told };
  const byDoor = await one.asks(body);
  const byRouter = await twin.asks(body, BY_ROUTER);
  expect(byRouter.by).toBe("router");
  expect(likeness(byDoor)).toEqual(likeness(byRouter));
  const made = byDoor.status === 201 ? 2 : 0;
  expect((await s.events("activation.created")).length).toBe(before + made);
  return byDoor;
}

const OUTCOMES: Record<string, { terms?: Fields; told?: Fields; aged?: number; is: Fields }> = {
  suspended: { is: { status: 409, body: { code: "license_not_active" } } },
  revoked: { is: { status: 409, body: { code: "license_not_active" } } },
  canceled: { is: { status: 409, body: { code: "license_not_active" } } },
  lowered: { is: { status: 409, body: { code: "seat_limit_reached" } } },
  restricted: { is: { status: 403, body: { code: "restriction_violated" } } },
  rekeyed: { is: { status: 404, body: { code: "license_not_found" } } },
  moved: { told: { app_version: VERSION }, is: { status: 409, body: { code: "license_not_active" } } },
  shutOut: { is: { status: 403, body: { code: "device_blacklisted" } } },
  shutOutRange: { is: { status: 403, body: { code: "device_blacklisted" } } },
  crowded: { is: { status: 409, body: { code: "seat_limit_reached" } } },
  known: { is: { status: 200, body: { name: "Before" } } },
  left: { is: { status: 201, body: { clone_suspected_at: expect.any(String) } } },
  released: {
    terms: { max_activations: 3, maintenance: "P1D", unknown_version: "allow" },
    told: { app_version: VERSION },
    aged: 2 * DAY_MS,
    is: { status: 409, body: { code: "license_not_active" } },
  },
};

test.each(Object.keys(FATES))("a license that was %s since it was read gives what it gives now", async (fate) => {
  const { terms = { max_activations: 2 }, told = {}, aged, is } = OUTCOMES[fate] ?? { is: {} };
  expect(await fared([fate], terms, told, aged)).toMatchObject(is);
});

property.prop(
  [
    fc.subarray(Object.keys(FATES), { maxLength: 3 }).chain((fates) => fc.shuffledSubarray(fates, { minLength: fates.length })),
    fc.constantFrom(...TERMS),
    fc.record(
      {
        user: fc.constantFrom("ada", "bob"),
        app_version: fc.constant(VERSION),
        name: fc.constant("N"),
        kick: fc.constant("oldest"),
      },
      { requiredKeys: [] },
    ),
  ],
  { numRuns: 12 },
)("whatever changed since a license was read, a device is answered as by who reads it now", async (fates, terms, told) => {
  const answer = await fared(fates, terms, told);
  // who is free of all that gets its seat without anybody looking twice
  if (fates.length === 0) expect(answer).toMatchObject({ status: 201, by: "door" });
});
