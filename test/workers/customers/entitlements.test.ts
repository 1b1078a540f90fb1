import { env } from "cloudflare:workers";
import { expect, test } from "vitest";
import { DAY_MS, shop, type Shop } from "../licensing/shop.ts";
import { plansOf } from "../plans.ts";
import { upTo } from "../world.ts";

type Right = Record<string, unknown>;

const flags = async (s: Shop, query = "", customer = String(s.customer["id"])) =>
  s.read(`/v1/customers/${customer}/entitlements${query}`);
const monthly = (limit_value: number | null, more: Right = {}) => ({ feature: "export", limit_value, reset: "month", ...more });

test("all valid licenses of a customer are merged into one answer, which names them", async () => {
  const s = await shop();
  await s.made("/v1/features", { name: "Print", code: "print" });
  const one = await s.license({ entitlements: [monthly(100), { feature: "print", enabled: false }] });
  const two = await s.license({ entitlements: [monthly(50), { feature: "print" }] });
  const gone = await s.license({ entitlements: [monthly(null)] });
  await s.post(`/v1/licenses/${gone["id"]}/revoke`, { reason: "leaked" });
  const paused = await s.license({ entitlements: [monthly(null)] });
  await s.post(`/v1/licenses/${paused["id"]}/suspend`, { reason: "pause" });
  await s.license({ entitlements: [monthly(null)] }, { starts_at: new Date(Date.now() + DAY_MS).toISOString() });
  const bob = await s.made("/v1/customers", { name: "Bob", email: "bob@customer.example", kind: "person" });
  await s.license({ entitlements: [monthly(null)] }, { customer_id: bob["id"] });

  expect(await flags(s)).toEqual({
    object: "customer_entitlements",
    customer_id: s.customer["id"],
    product_id: null,
    entitlements: [
      {
        feature: "export",
        feature_id: s.feature["id"],
        enabled: true,
        limit_value: 150,
        limit_type: "count",
        reset: "month",
        expires_at: two["grace_until"],
        license_ids: [two["id"], one["id"]],
        licenses_count: 2,
        default_of: [],
      },
      expect.objectContaining({ feature: "print", enabled: true, limit_value: null, license_ids: [two["id"]] }),
    ],
    licenses_count: 2,
    has_more: false,
    evaluated_at: expect.any(String),
  });
});

test("what a license has apart from its template counts, and what its product gives by default does not", async () => {
  const s = await shop();
  await s.patch(`/v1/products/${s.product["id"]}`, { default_entitlements: [monthly(3)] });
  const own = await s.license({ entitlements: [monthly(100)] }, { entitlements: [monthly(7)] });
  expect(await flags(s)).toMatchObject({ entitlements: [{ limit_value: 7, license_ids: [own["id"]], default_of: [] }] });
  const bare = await s.license({}, { entitlements: [] });
  await s.post(`/v1/licenses/${own["id"]}/revoke`, { reason: "test" });
  expect(await flags(s)).toMatchObject({ entitlements: [], licenses_count: 1 });
  await s.post(`/v1/licenses/${bare["id"]}/revoke`, { reason: "test" });
  expect(await flags(s)).toMatchObject({ entitlements: [{ limit_value: 3, license_ids: [], default_of: [s.product["id"]] }] });
});

test("a product's defaults come back when its last license ends, and grace counts as valid", async () => {
  const s = await shop();
  await s.patch(`/v1/products/${s.product["id"]}`, { default_entitlements: [{ feature: "export", limit_value: 3 }] });
  await s.license({ duration: "P10D", grace_period: "P5D", entitlements: [{ feature: "export" }] });
  const limit = async () => (await flags(s))["entitlements"].map((each: Right) => each["limit_value"]);
  expect(await limit()).toEqual([null]);
  await s.later(12 * DAY_MS);
  expect(await limit()).toEqual([null]);
  await s.later(4 * DAY_MS);
  expect(await limit()).toEqual([3]);
});

test("of one product its own licenses and defaults count alone, by id or code", async () => {
  const s = await shop();
  const other = await s.made("/v1/products", { name: "Other", code: "other", default_entitlements: [monthly(3)] });
  await s.license({ entitlements: [monthly(100)] });
  const limits = async (query: string) => (await flags(s, query))["entitlements"].map((each: Right) => each["limit_value"]);
  expect(await limits("")).toEqual([103]);
  expect(await limits(`?product_id=${s.product["id"]}`)).toEqual([100]);
  expect(await limits("?product_id=other")).toEqual([3]);
  expect((await flags(s, "?product_id=other"))["product_id"]).toBe(other["id"]);
});

test("a product or customer that is not the tenant's own is not there, in the same words as one that never was", async () => {
  const [s, stranger] = [await shop(), await shop()];
  const asked = async (customer: string, product: string) => {
    const answer = await s.get(`/v1/customers/${customer}/entitlements?product_id=${product}`);
    return [answer.status, answer.text.replace(answer.body["request_id"], "")];
  };
  const [mine, mineToo] = [s.customer["id"], s.product["id"]];
  const never = (id: string) => `${id.slice(0, -3)}777`;
  for (const [theirs, product] of [
    [stranger.customer["id"], mineToo],
    [mine, stranger.product["id"]],
  ] as const) {
    const [customer, foreign] = [theirs === mine ? mine : never(theirs), product === mineToo ? mineToo : never(product)];
    expect(await asked(theirs, product)).toEqual(await asked(customer, foreign));
    expect((await asked(theirs, product))[0]).toBe(404);
  }
});

test("who has the answer already is told that nothing changed, until something did", async () => {
  const s = await shop();
  const license = await s.license({ entitlements: [monthly(100)] });
  const path = `/v1/customers/${s.customer["id"]}/entitlements`;
  const etag = String((await s.get(path)).headers.get("etag"));
  const again = (tag: string) => s.get(path, undefined, { headers: { "if-none-match": tag } });
  for (const tags of [etag, `W/${etag}`, `"other", ${etag}`, "*"]) {
    const answer = await again(tags);
    expect([answer.status, answer.text, answer.headers.get("etag")]).toEqual([304, "", etag]);
  }
  expect((await again('"other"')).status).toBe(200);
  await s.patch(`/v1/licenses/${license["id"]}`, { entitlements: [monthly(200)] });
  const changed = await again(etag);
  expect([changed.status, changed.body["entitlements"][0].limit_value]).toEqual([200, 200]);
  expect(changed.headers.get("etag")).not.toBe(etag);
});

test("one database call reads them, from the index of the customer's licenses, however many licenses there are", async () => {
  const s = await shop();
  const { id: template_id } = await s.template({ entitlements: [monthly(2)] });
  for (const _ of upTo(12)) await s.made("/v1/licenses", { template_id, customer_id: s.customer["id"] });
  const plans = await plansOf(/from licenses l indexed by|from products p/, async () => {
    expect(await flags(s)).toMatchObject({ entitlements: [{ limit_value: 24, licenses_count: 12 }] });
  });
  expect(plans).toHaveLength(3);
  for (const { sql, plan } of plans) {
    expect([sql, plan.join("\n")]).toEqual([
      sql,
      expect.stringContaining("SEARCH l USING INDEX licenses_customer (tenant_id=? AND customer_id=?)"),
    ]);
    expect(plan.join("\n")).not.toMatch(/SCAN (l|r|p)\b/);
  }
});

test("of more than a thousand licenses the newest thousand are merged, and the answer says that there are more", async () => {
  const s = await shop();
  const first = await s.license({ entitlements: [monthly(2)] });
  const { results: columns } = await env.DB_00.prepare("select name from pragma_table_info('licenses')").all<{ name: string }>();
  const unique = new Map([
    ["id", "l.id || printf('%04d', n.value)"],
    ["key_hash", "l.key_hash || n.value"],
    ["proof_hash", "null"],
  ]);
  const copied = columns.map(({ name }) => unique.get(name) ?? `l.${name}`);
  const copy = (n: number[]) =>
    env.DB_00.prepare(
      `insert into licenses (${columns.map(({ name }) => name).join(", ")}) select ${copied.join(", ")}
       from licenses l cross join json_each(?2) n where l.id = ?1`,
    )
      .bind(first["id"], JSON.stringify(n))
      .run();
  await copy(upTo(999));
  expect(await flags(s)).toMatchObject({ licenses_count: 1000, has_more: false, entitlements: [{ limit_value: 2000 }] });
  await copy([1000]);
  const answer = await flags(s);
  expect(answer).toMatchObject({
    licenses_count: 1000,
    has_more: true,
    entitlements: [{ limit_value: 2000, licenses_count: 1000 }],
  });
  const [right] = answer["entitlements"] as { license_ids: string[] }[];
  expect(right?.license_ids).toHaveLength(100);
  expect(right?.license_ids[0]).toBe(`${first["id"]}1000`);
});
