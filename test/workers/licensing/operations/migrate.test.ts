import { env } from "cloudflare:workers";
import { expect, test } from "vitest";
import { stagePlaceSql } from "#db/operations/selection";
import { stageOf, stagePlace } from "#rules/licensing/operations";
import { upTo } from "../../world.ts";
import { DAY_MS, shop, type Shop } from "../shop.ts";
import { carriedOut, resultsOf, rowsIn } from "./story.ts";

async function withLicenses(count: number, terms: Record<string, unknown> = {}, fields: Record<string, unknown> = {}) {
  const s = await shop();
  const { id } = await s.template({ max_activations: 3, ...terms });
  const licenses = [];
  for (const _ of upTo(count))
    licenses.push(await s.made("/v1/licenses", { template_id: id, customer_id: s.customer["id"], ...fields }));
  return { s, template: String(id), licenses, ids: licenses.map((license) => String(license["id"])) };
}

const migrate = (s: Shop, template: string, body: Record<string, unknown> = {}) =>
  s.post(`/v1/templates/${template}/migrate`, body);
const changed = (s: Shop, template: string, terms: Record<string, unknown>) => s.patch(`/v1/templates/${template}`, terms);

test("licenses move to the newest revision, keep what is their own and the end of their period, and each tells so once", async () => {
  const { s, template, ids } = await withLicenses(3);
  const own = await s.made("/v1/licenses", {
    template_id: template,
    customer_id: s.customer["id"],
    max_activations: 9,
    grace_period: "P3D",
  });
  await changed(s, template, {
    max_activations: 5,
    grace_period: "P60D",
    duration: "P2Y",
    entitlements: [{ feature: "export" }],
  });
  const before = await Promise.all([...ids, own["id"]].map((id) => s.read(`/v1/licenses/${id}`)));

  const preview = await migrate(s, template, { dry_run: true });
  expect(preview.body).toMatchObject({
    object: "operation_preview",
    kind: "templates.migrate",
    total: 4,
    first: upTo(4).map(() => ({ outcome: "succeeded" })),
  });
  expect((await s.read(`/v1/licenses/${ids[0]}`))["template_rev"]).toBe(1);

  const operation = await carriedOut(s, await migrate(s, template));
  expect(operation["result"]).toEqual({ succeeded: 4, skipped: 0, failed: 0 });
  const after = await Promise.all([...ids, own["id"]].map((id) => s.read(`/v1/licenses/${id}`)));
  for (const [index, license] of after.entries()) {
    const isOwn = index === 3;
    expect(license).toMatchObject({
      template_rev: 2,
      expires_at: before[index]?.["expires_at"],
      max_activations: isOwn ? 9 : 5,
      entitlements: [{ feature: "export" }],
    });
    const grace = (Date.parse(license["grace_until"]) - Date.parse(license["expires_at"])) / DAY_MS;
    expect(grace).toBe(isOwn ? 3 : 60);
  }
  // the database decides by the new limit
  const { results } = await env.DB_00.prepare("select seat_ceiling from licenses where template_id = ? order by id")
    .bind(template)
    .all();
  expect(results.map((row) => row["seat_ceiling"])).toEqual([5, 5, 5, 9]);
  expect((await s.events("license.template_changed")).map(({ subject_id: id }) => id)).toEqual([...ids, own["id"]]);
  expect((await migrate(s, template, { dry_run: true })).body["total"]).toBe(0);
});

test("a stage takes its share of the licenses, a larger one takes the rest of its own, and a hundred percent takes all", async () => {
  const { s, template, ids } = await withLicenses(60);
  await changed(s, template, { max_activations: 5 });
  const moved = async () => {
    const { results } = await env.DB_00.prepare("select id from licenses where template_id = ? and template_rev = 2 order by id")
      .bind(template)
      .all();
    return results.map(({ id }) => String(id));
  };
  for (const percent of [20, 50, 100]) {
    const operation = await carriedOut(s, await migrate(s, template, { stage: { percent } }));
    expect(operation["status"]).toBe("succeeded");
    expect(await moved()).toEqual(ids.filter((id) => stagePlace(id) < stageOf(percent)));
  }
  expect(await s.events("license.template_changed")).toHaveLength(60);
});

test("the database places a license in the stages as the rule does", async () => {
  const { s, ids } = await withLicenses(40);
  const { results } = await env.DB_00.prepare(`select id, ${stagePlaceSql("id")} as place from licenses where tenant_id = ?`)
    .bind(s.tenant.id)
    .all();
  expect(results).toHaveLength(ids.length);
  for (const { id, place } of results) expect(place).toBe(stagePlace(String(id)));
});

test("seats above the new limit are told, and none of them is taken away", async () => {
  const { s, template, licenses, ids } = await withLicenses(2);
  for (const name of ["a", "b", "c"]) await s.activate(licenses[0]?.["license_key"], name);
  await changed(s, template, { max_activations: 2 });
  const operation = await carriedOut(s, await migrate(s, template));
  expect(await resultsOf(s, operation["id"])).toMatchObject([
    { license_id: ids[0], outcome: "succeeded", code: "over_limit", detail: "3 seats are held, and the limit is 2." },
    { license_id: ids[1], outcome: "succeeded", code: null },
  ]);
  expect(await s.read(`/v1/licenses/${ids[0]}`)).toMatchObject({ activations_count: 3, max_activations: 2 });
  expect((await s.activate(licenses[0]?.["license_key"], "d")).body["code"]).toBe("seat_limit_reached");
});

test("a license whose own terms contradict the revision stays where it is, and says why", async () => {
  const { s, template, ids } = await withLicenses(
    1,
    { type: "concurrent", lease_s: 1200, heartbeat: { interval_s: 600 } },
    { lease_s: 1300 },
  );
  await changed(s, template, { lease_s: 4000, heartbeat: { interval_s: 2000 } });
  const operation = await carriedOut(s, await migrate(s, template));
  expect(await resultsOf(s, operation["id"])).toMatchObject([
    { outcome: "failed", code: "unsound_terms", detail: expect.stringContaining("/lease_s") },
  ]);
  expect((await s.read(`/v1/licenses/${ids[0]}`))["template_rev"]).toBe(1);
});

test("revisions and customers narrow what moves, also back to an older revision", async () => {
  const { s, template, ids } = await withLicenses(2);
  await changed(s, template, { max_activations: 5 });
  const other = await s.made("/v1/customers", { name: "Bob", email: "bob@customer.example", kind: "person" });
  const his = await s.made("/v1/licenses", { template_id: template, customer_id: other["id"] });
  await changed(s, template, { max_activations: 7 });
  const total = async (body: Record<string, unknown>) => (await migrate(s, template, { ...body, dry_run: true })).body["total"];
  expect(await total({})).toBe(3);
  expect(await total({ from_revs: [1] })).toBe(2);
  expect(await total({ from_revs: [2, 3] })).toBe(1);
  expect(await total({ to_rev: 1 })).toBe(1);
  expect(await total({ filter: { customer_id: other["id"] } })).toBe(1);
  await carriedOut(s, await migrate(s, template, { to_rev: 1 }));
  expect(await s.read(`/v1/licenses/${his["id"]}`)).toMatchObject({ template_rev: 1, max_activations: 3 });
  expect((await s.read(`/v1/licenses/${ids[0]}`))["template_rev"]).toBe(1);
  expect(await migrate(s, template, { to_rev: 4 })).toMatchObject({ status: 404, body: { code: "revision_not_found" } });
  expect(await rowsIn(s, "operations")).toBe(1);
});

test("a period that waits for its beginning is reckoned by the new revision, when it begins there", async () => {
  const { s, template, ids } = await withLicenses(1, { expiry_basis: "first_activation", duration: "P1Y" });
  expect((await s.read(`/v1/licenses/${ids[0]}`))["expires_at"]).toBeNull();
  await changed(s, template, { expiry_basis: "creation", duration: "P10D" });
  await carriedOut(s, await migrate(s, template));
  const license = await s.read(`/v1/licenses/${ids[0]}`);
  expect(license["status"]).toBe("active");
  expect(Date.parse(license["expires_at"]) - Date.parse(license["starts_at"])).toBe(10 * DAY_MS);
});
