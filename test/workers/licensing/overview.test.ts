import { expect, test } from "vitest";
import { upTo } from "../world.ts";
import { plansOf } from "../plans.ts";
import { DAY_MS, shop, type Shop } from "./shop.ts";

const inDays = (days: number) => new Date(Date.now() + days * DAY_MS).toISOString();
const endings = async (s: Shop, query = "") =>
  (await s.read(`/v1/licenses/expiring${query}`))["data"].map((license: { external_id: string }) => license.external_id);

/** Licenses of one template, each named by what it is. */
async function stocked(s: Shop) {
  const { id: template_id } = await s.template({ max_activations: null, grace_period: "P5D" });
  const license = (external_id: string, fields: Record<string, unknown>) =>
    s.made("/v1/licenses", { template_id, customer_id: s.customer["id"], external_id, ...fields });
  const past = { starts_at: inDays(-100) };
  const made = {
    in3: await license("in3", { expires_at: inDays(3) }),
    in20: await license("in20", { expires_at: inDays(20), auto_renew: false }),
    in60: await license("in60", { expires_at: inDays(60) }),
    held: await license("held", { expires_at: inDays(4) }),
    revoked: await license("revoked", { expires_at: inDays(2) }),
    grace: await license("grace", { ...past, expires_at: inDays(-3) }),
    over: await license("over", { ...past, expires_at: inDays(-50) }),
    never: await license("never", { expires_at: null }),
    coming: await license("coming", { starts_at: inDays(200) }),
  };
  await s.post(`/v1/licenses/${made.held["id"]}/suspend`, { reason: "pause" });
  await s.post(`/v1/licenses/${made.revoked["id"]}/revoke`, { reason: "leaked" });
  await s.activate(made.in3["license_key"], "a");
  await s.activate(made.in3["license_key"], "b");
  await s.activate(made.never["license_key"], "c");
  return made;
}

test("stats count every license once, by its status now, its type and its product, with what runs out and what is held", async () => {
  const s = await shop();
  await stocked(s);
  await s.license({ type: "perpetual" });

  expect(await s.read("/v1/licenses/stats")).toMatchObject({
    object: "license_stats",
    total: 10,
    by_status: { pending: 1, active: 5, expired: 2, suspended: 1, revoked: 1, canceled: 0 },
    by_type: { perpetual: 1, subscription: 9, trial: 0, evaluation: 0, concurrent: 0, named_user: 0 },
    by_product: [{ product_id: s.product["id"], total: 10, active: 5, seats_held: 3 }],
    in_grace: 1,
    expiring: [
      { within: "P7D", count: 2 },
      { within: "P30D", count: 3 },
      { within: "P90D", count: 4 },
    ],
    seats_held: 3,
  });
});

test("stats follow time: what ends is expired at that instant, and its grace ends too", async () => {
  const s = await shop();
  await stocked(s);
  await s.later(10 * DAY_MS);
  const later = await s.read("/v1/licenses/stats");
  expect(later).toMatchObject({ total: 9, in_grace: 0, by_status: { expired: 3, active: 3 } });
  expect(later["expiring"]).toEqual([
    { within: "P7D", count: 0 },
    { within: "P30D", count: 1 },
    { within: "P90D", count: 2 },
  ]);
});

test("stats of a product or a customer count theirs alone, and another tenant's none", async () => {
  const s = await shop();
  await stocked(s);
  const other = await s.made("/v1/products", { name: "Other", code: "other" });
  const bob = await s.made("/v1/customers", { name: "Bob", email: "bob@customer.example", kind: "person" });
  const template = await s.template({ product_id: other["id"] });
  await s.made("/v1/licenses", { template_id: template["id"], customer_id: bob["id"] });

  const total = async (query: string) => (await s.read(`/v1/licenses/stats${query}`))["total"];
  expect(await total("")).toBe(10);
  expect(await total(`?product_id=${other["id"]}`)).toBe(1);
  expect(await total(`?customer_id=${bob["id"]}`)).toBe(1);
  expect(await total(`?customer_id=${bob["id"]}&product_id=${s.product["id"]}`)).toBe(0);
  const products = (await s.read("/v1/licenses/stats"))["by_product"];
  expect(products.map((each: { total: number }) => each.total)).toEqual([9, 1]);

  const stranger = await shop();
  expect((await stranger.read(`/v1/licenses/stats?product_id=${other["id"]}`))["total"]).toBe(0);
  expect((await stranger.read("/v1/licenses/stats"))["total"]).toBe(0);
});

test("what runs out is listed with the next one first: held ones too, but none that is revoked or over", async () => {
  const s = await shop();
  await stocked(s);
  expect(await endings(s)).toEqual(["in3", "held", "in20"]);
  expect(await endings(s, "?within=P90D")).toEqual(["in3", "held", "in20", "in60"]);
  expect(await endings(s, "?within=P1D")).toEqual([]);
  expect(await endings(s, "?auto_renew=false")).toEqual(["in20"]);
  expect(await endings(s, "?auto_renew=true&within=P90D")).toEqual(["in3", "held", "in60"]);
  expect(await endings(s, `?product_id=${s.product["id"]}&customer_id=${s.customer["id"]}`)).toEqual(["in3", "held", "in20"]);
  expect(await endings(s, "?product_id=prod_none")).toEqual([]);
  await s.later(5 * DAY_MS);
  expect(await endings(s)).toEqual(["in20"]);
});

test("pages of what runs out follow each other, also where many end at the same instant", async () => {
  const s = await shop();
  const { id: template_id } = await s.template();
  const [same, next] = [inDays(5), inDays(6)];
  for (const n of upTo(7))
    await s.made("/v1/licenses", {
      template_id,
      customer_id: s.customer["id"],
      external_id: `l${n}`,
      expires_at: n < 6 ? same : next,
    });
  const whole = await endings(s);
  expect(whole.slice().sort()).toEqual(upTo(7).map((n) => `l${n}`));
  expect(whole.slice(5)).toEqual(["l6", "l7"]);

  const paged: string[] = [];
  for (let cursor = ""; ;) {
    const page = await s.read(`/v1/licenses/expiring?limit=2${cursor}`);
    paged.push(...page["data"].map((license: { external_id: string }) => license.external_id));
    if (!page["has_more"]) break;
    cursor = `&cursor=${page["next_cursor"]}`;
  }
  expect(paged).toEqual(whole);
});

test("a list's filters find licenses by when they end, and those in grace", async () => {
  const s = await shop();
  await stocked(s);
  const found = async (query: string) =>
    (await s.read(`/v1/licenses?${query}`))["data"].map((license: { external_id: string }) => license.external_id).sort();
  expect(await found("in_grace=true")).toEqual(["grace"]);
  expect(await found("in_grace=false")).toHaveLength(8);
  expect(await found("in_grace=false&status=expired")).toEqual(["over"]);
  expect(await found(`expires_after=${inDays(10)}&expires_before=${inDays(70)}`)).toEqual(["in20", "in60"]);
  expect(await found(`expires_after=${inDays(61)}`)).toEqual(["coming"]);
  await s.later(6 * DAY_MS);
  expect(await found("in_grace=true")).toEqual(["in3"]);
});

test("what runs out is read from the index of ends, from the page's place on", async () => {
  const s = await shop();
  const { id: template_id } = await s.template();
  for (const days of [5, 6, 7])
    await s.made("/v1/licenses", { template_id, customer_id: s.customer["id"], expires_at: inDays(days) });
  const plans = await plansOf(/from "licenses" inner join/, async () => {
    const { next_cursor } = await s.read("/v1/licenses/expiring?limit=1");
    await s.read(`/v1/licenses/expiring?limit=1&cursor=${next_cursor}`);
    await s.read(`/v1/licenses/expiring?limit=1&product_id=${s.product["id"]}`);
  });
  expect(plans).toHaveLength(3);
  for (const { plan } of plans)
    expect(plan[0]).toMatch(/licenses USING INDEX licenses_expiry \(tenant_id=\? AND expires_at>\? AND expires_at<\?\)/);
});

test.each(["within=P1", "within=-P1D", "within=P200Y", "auto_renew=perhaps", "cursor=bm9uZQ", "colour=red"])(
  "a list of what runs out with %s is refused",
  async (query) => {
    const s = await shop();
    expect((await s.get(`/v1/licenses/expiring?${query}`)).status).toBe(400);
  },
);

test("a list's filters find the licenses of a template, and of a type", async () => {
  const s = await shop();
  const [paid, floating] = [await s.license(), await s.license({ type: "concurrent" })];
  const another = await s.made("/v1/licenses", { template_id: paid["template_id"], customer_id: s.customer["id"] });
  const trial = await s.license({ type: "trial" });
  const found = async (query: string) =>
    (await s.read(`/v1/licenses?${query}`))["data"].map((license: { id: string }) => license.id);
  expect(await found(`template_id=${paid["template_id"]}`)).toEqual([another["id"], paid["id"]]);
  expect(await found("type=trial")).toEqual([trial["id"]]);
  expect(await found(`type=concurrent&template_id=${floating["template_id"]}`)).toEqual([floating["id"]]);
  expect(await found(`type=trial&template_id=${paid["template_id"]}`)).toEqual([]);
});
