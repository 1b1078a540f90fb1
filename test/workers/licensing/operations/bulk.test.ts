import { env } from "cloudflare:workers";
import { expect, test } from "vitest";
import { upTo } from "../../world.ts";
import { meanwhile } from "../meanwhile.ts";
import { DAY_MS, shop, type Shop } from "../shop.ts";
import { carriedOut, resultsOf, rowsIn, step } from "./story.ts";

/** Licenses of one template and customer, oldest first. */
async function licensesOf(s: Shop, count: number, fields: Record<string, unknown> = {}) {
  const { id } = await s.template();
  const made = [];
  for (const _ of upTo(count))
    made.push(await s.made("/v1/licenses", { template_id: id, customer_id: s.customer["id"], ...fields }));
  return { template: String(id), ids: made.map((license) => String(license["id"])) };
}

const bulk = (s: Shop, body: Record<string, unknown>) => s.post("/v1/licenses/bulk", body);
const statuses = async (s: Shop, ids: readonly string[]) =>
  Promise.all(ids.map(async (id) => (await s.read(`/v1/licenses/${id}`))["status"]));

test("a hundred and twenty licenses are suspended in steps, each once, and reinstated again", async () => {
  const s = await shop();
  const { template, ids } = await licensesOf(s, 120);
  const [other] = (await licensesOf(s, 1)).ids;
  const started = await bulk(s, { action: "suspend", filter: { template_id: template }, reason: "Review", cause: "compliance" });
  expect(started.body).toMatchObject({
    kind: "licenses.bulk",
    action: "suspend",
    status: "running",
    progress: { done: 0, total: 120 },
    result: null,
  });
  expect((await step(s, started.body["id"])).body).toMatchObject({ status: "running", done: 50, total: 120 });

  const operation = await carriedOut(s, started);
  expect(operation).toMatchObject({
    status: "succeeded",
    progress: { done: 120, total: 120 },
    result: { succeeded: 120, skipped: 0, failed: 0 },
  });
  const told = await s.events("license.suspended");
  expect(told.map(({ subject_id: id }) => id)).toEqual(ids);
  expect(new Set(await statuses(s, ids))).toEqual(new Set(["suspended"]));
  expect(await statuses(s, [other ?? ""])).toEqual(["active"]);
  const held = await s.read(`/v1/licenses/${ids[0]}`);
  expect(held["holds"]).toMatchObject([{ cause: "compliance", reason: "Review", by: operation["created_by"] }]);
  expect((await resultsOf(s, operation["id"])).map(({ n, license_id: id }) => [n, id])).toEqual(
    ids.map((id, index) => [index + 1, id]),
  );

  const back = await carriedOut(s, await bulk(s, { action: "reinstate", filter: { status: "suspended" } }));
  expect(back["result"]).toEqual({ succeeded: 120, skipped: 0, failed: 0 });
  expect(new Set(await statuses(s, ids))).toEqual(new Set(["active"]));
});

test("what is so already is skipped, what may not be is refused with its code, and the rest is done", async () => {
  const s = await shop();
  const { ids } = await licensesOf(s, 5);
  const [a, b, c, d] = ids as [string, string, string, string];
  await s.post(`/v1/licenses/${a}/suspend`, { reason: "before" });
  await s.post(`/v1/licenses/${b}/revoke`, { reason: "before" });
  await env.DB_00.prepare("update licenses set holds = ? where id = ?")
    .bind(JSON.stringify([{ cause: "unpaid", reason: null, by: "system", at: new Date() }]), c)
    .run();
  const outcomes = async (body: Record<string, unknown>) => {
    const operation = await carriedOut(s, await bulk(s, { filter: { ids }, ...body }));
    return (await resultsOf(s, operation["id"])).map(({ outcome, code }) => `${outcome} ${code}`);
  };
  const done = "succeeded null";
  expect(await outcomes({ action: "suspend", reason: "all" })).toEqual([
    "skipped already_done",
    "failed invalid_transition",
    done,
    done,
    done,
  ]);
  expect(await outcomes({ action: "reinstate" })).toEqual([done, "failed invalid_transition", done, done, done]);
  expect(await outcomes({ action: "reinstate" })).toEqual([
    "skipped already_done",
    "failed invalid_transition",
    "failed hold_not_liftable",
    "skipped already_done",
    "skipped already_done",
  ]);
  expect(await outcomes({ action: "cancel" })).toEqual([done, "failed invalid_transition", done, done, done]);
  expect(await outcomes({ action: "cancel" })).toEqual([
    "skipped already_done",
    "failed invalid_transition",
    ...upTo(3).map(() => "skipped already_done"),
  ]);
  expect(await outcomes({ action: "revoke", reason: "end" })).toEqual([done, "skipped already_done", done, done, done]);
  expect(await s.read(`/v1/licenses/${d}`)).toMatchObject({ status: "revoked", revoked_reason: "end" });
});

test("each filter takes what fits it and nothing else, also all of them together", async () => {
  const s = await shop();
  const other = await s.made("/v1/customers", { name: "Bob", email: "bob@customer.example", kind: "person" });
  const { template, ids } = await licensesOf(s, 2, { expires_at: "2090-01-01T00:00:00.000Z" });
  const named = await s.made("/v1/licenses", { template_id: template, customer_id: other["id"], external_id: "bob-1" });
  const total = async (filter: Record<string, unknown>) =>
    (await bulk(s, { action: "suspend", reason: "x", filter, dry_run: true })).body["total"];
  expect(await total({ status: "active" })).toBe(3);
  expect(await total({ status: "revoked" })).toBe(0);
  expect(await total({ customer_id: other["id"] })).toBe(1);
  expect(await total({ product_id: s.product["id"] })).toBe(3);
  expect(await total({ product_id: "studio" })).toBe(3);
  expect(await total({ template_id: template })).toBe(3);
  expect(await total({ expires_before: "2090-01-01T00:00:00.000Z" })).toBe(1);
  expect(await total({ expires_before: "2090-01-01T00:00:00.001Z" })).toBe(3);
  expect(await total({ external_ids: ["bob-1", "nobody"] })).toBe(1);
  expect(await total({ ids })).toBe(2);
  const all = {
    status: "active",
    customer_id: other["id"],
    product_id: "studio",
    template_id: template,
    external_ids: ["bob-1"],
  };
  expect(await total({ ...all, ids: [named["id"]] })).toBe(1);
  expect(await total({ ...all, ids })).toBe(0);
});

test("a dry run tells what would come of the first twenty, and writes nothing", async () => {
  const s = await shop();
  const { template, ids } = await licensesOf(s, 22);
  await s.post(`/v1/licenses/${ids[1]}/revoke`, { reason: "before" });
  const before = [await rowsIn(s, "operations"), await rowsIn(s, "events")];
  const { status, body } = await bulk(s, { action: "cancel", filter: { template_id: template }, dry_run: true });
  expect([status, body["object"], body["total"], body["first"].length]).toEqual([200, "operation_preview", 22, 20]);
  expect(body["first"].slice(0, 3)).toMatchObject([
    { n: 1, outcome: "succeeded", license_id: ids[0] },
    { n: 2, outcome: "failed", license_id: ids[1], code: "invalid_transition" },
    { n: 3, outcome: "succeeded", license_id: ids[2] },
  ]);
  expect([await rowsIn(s, "operations"), await rowsIn(s, "events")]).toEqual(before);
});

test("licenses that are made while it runs are none of its, also those whose ids are as old as their order", async () => {
  const s = await shop();
  const { template, ids } = await licensesOf(s, 60);
  const [, , ordered] = ids.slice(-5) as [string, string, string];
  const later = "update licenses set created_at = created_at + 60000 where id = ?";
  await env.DB_00.prepare(later).bind(ordered).run();
  const started = await bulk(s, { action: "suspend", filter: { template_id: template }, reason: "then" });
  await step(s, started.body["id"]);
  const made = await s.made("/v1/licenses", { template_id: template, customer_id: s.customer["id"] });
  // the clock of whoever made it may have been slow
  const slow = "update licenses set created_at = created_at - 60000 where id = ?";
  await env.DB_00.prepare(slow).bind(made["id"]).run();
  const operation = await carriedOut(s, started);
  expect(operation["result"]).toEqual({ succeeded: 59, skipped: 0, failed: 0 });
  expect(await statuses(s, [ordered, made["id"]])).toEqual(["active", "active"]);
});

test("a license that changes between reading and writing is judged again, and nothing of the step is done twice", async () => {
  const s = await shop();
  const { ids } = await licensesOf(s, 3);
  const started = await bulk(s, { action: "suspend", filter: { ids }, reason: "x" });
  const happened = meanwhile(/update "licenses"/, () => s.post(`/v1/licenses/${ids[1]}/revoke`, { reason: "just now" }));
  const operation = await carriedOut(s, started);
  expect(happened()).toBe(true);
  expect(operation["result"]).toEqual({ succeeded: 2, skipped: 0, failed: 1 });
  expect(await statuses(s, ids)).toEqual(["suspended", "revoked", "suspended"]);
  expect(await s.events("license.suspended")).toHaveLength(2);
});

test("an operation that is canceled while a step is under way stays canceled, and the step has done nothing", async () => {
  const s = await shop();
  const { ids } = await licensesOf(s, 2);
  const { body } = await bulk(s, { action: "suspend", filter: { ids }, reason: "x" });
  const happened = meanwhile(/update "operations"/, () => s.post(`/v1/operations/${body["id"]}/cancel`));
  expect((await step(s, body["id"])).body).toMatchObject({ status: "canceled", done: 0 });
  expect(happened()).toBe(true);
  expect(await statuses(s, ids)).toEqual(["active", "active"]);
  expect(await resultsOf(s, body["id"])).toEqual([]);
});

test("four steps at once do each license once", async () => {
  const s = await shop();
  const { ids } = await licensesOf(s, 110);
  const { body } = await bulk(s, { action: "suspend", filter: { ids }, reason: "x" });
  for (let running = true; running;) {
    const answers = await Promise.all(upTo(4).map(() => step(s, body["id"])));
    running = answers.some((answer) => answer.body["status"] === "running");
  }
  expect((await s.events("license.suspended")).map(({ subject_id: id }) => id)).toEqual(ids);
  expect((await s.read(`/v1/operations/${body["id"]}`))["progress"]).toEqual({ done: 110, total: 110 });
});

test("fields that do not belong to the action, and filters that name nothing, are refused", async () => {
  const s = await shop();
  const { ids } = await licensesOf(s, 1);
  const filter = { ids };
  const refusals: [Record<string, unknown>, string][] = [
    [{ action: "suspend", filter }, "/reason"],
    [{ action: "revoke", filter }, "/reason"],
    [{ action: "cancel", filter, reason: "x" }, "/reason"],
    [{ action: "revoke", filter, reason: "x", cause: "manual" }, "/cause"],
    [{ action: "suspend", filter, reason: "x", cause: "unpaid" }, "/cause"],
    [{ action: "cancel", filter: {} }, "/filter"],
    [{ action: "cancel", filter: { ids: upTo(1001).map((n) => `lic_${n}`) } }, "/filter/ids"],
  ];
  for (const [body, pointer] of refusals) {
    const answer = await bulk(s, body);
    expect([answer.status, answer.body["errors"]?.[0].pointer]).toEqual([400, pointer]);
  }
  expect(await rowsIn(s, "operations")).toBe(0);
});

test("an operation that has ended is not canceled, one that its story cannot go on with says why", async () => {
  const s = await shop();
  const { ids } = await licensesOf(s, 1);
  const done = await carriedOut(s, await bulk(s, { action: "cancel", filter: { ids } }));
  expect(await s.post(`/v1/operations/${done["id"]}/cancel`)).toMatchObject({ status: 409, body: { code: "operation_ended" } });
  const { body } = await bulk(s, { action: "revoke", filter: { ids }, reason: "x" });
  const { asHost } = await import("../../events/host.ts");
  const fail = { tenant_id: s.tenant.id, operation_id: body["id"], error: "It went wrong" };
  for (const _ of upTo(2))
    expect((await asHost("/internal/operations/fail", fail)).body).toMatchObject({ status: "failed", done: 0 });
  expect(await s.read(`/v1/operations/${body["id"]}`)).toMatchObject({
    status: "failed",
    error: "It went wrong",
    result: { succeeded: 0 },
  });
  expect((await s.read("/v1/operations?status=failed"))["data"].map(({ id }: { id: string }) => id)).toEqual([body["id"]]);
  expect((await s.read("/v1/operations?kind=licenses.import"))["data"]).toEqual([]);
});

test("a tenant has at most a hundred operations under way", async () => {
  const s = await shop();
  const { ids } = await licensesOf(s, 1);
  const begin = () => bulk(s, { action: "cancel", filter: { ids } });
  const first = await begin();
  await env.DB_00.prepare(
    `insert into operations select tenant_id, o.id || value, kind, status, params, total, done, succeeded, skipped, failed, position, error, created_by, finished_at, created_at, updated_at, version
     from operations o, json_each(?) where o.id = ?`,
  )
    .bind(JSON.stringify(upTo(99)), first.body["id"])
    .run();
  expect(await begin()).toMatchObject({ status: 409, body: { code: "too_many_operations" } });
  await s.post(`/v1/operations/${first.body["id"]}/cancel`);
  expect((await begin()).status).toBe(202);
});

test("results are kept for ninety days after the end", async () => {
  const s = await shop();
  const { ids } = await licensesOf(s, 1);
  const old = await carriedOut(s, await bulk(s, { action: "suspend", filter: { ids }, reason: "x" }));
  const young = await carriedOut(s, await bulk(s, { action: "reinstate", filter: { ids } }));
  await env.DB_00.prepare("update operations set finished_at = ? where id = ?")
    .bind(Date.now() - 91 * DAY_MS, old["id"])
    .run();
  const { purge } = await import("#db/purge");
  await purge(env.DB_00, new Date());
  expect(await resultsOf(s, old["id"])).toEqual([]);
  expect(await resultsOf(s, young["id"])).toHaveLength(1);
  expect(await s.read(`/v1/operations/${old["id"]}`)).toMatchObject({ result: { succeeded: 1 } });
});

test("sixty licenses are renewed together, each once, and those without an end are refused", async () => {
  const s = await shop();
  const { template, ids } = await licensesOf(s, 60, { expires_at: "2035-01-31T00:00:00.000Z" });
  await s.patch(`/v1/licenses/${ids[7]}`, { expires_at: null });
  const started = await bulk(s, { action: "renew", filter: { template_id: template }, duration: "P1M", basis: "from_expiry" });
  await Promise.all(upTo(4).map(() => step(s, started.body["id"])));
  const operation = await carriedOut(s, started);

  expect(operation["result"]).toEqual({ succeeded: 59, skipped: 0, failed: 1 });
  expect(await resultsOf(s, operation["id"])).toMatchObject(
    ids.map((id, index) => ({ license_id: id, code: index === 7 ? "invalid_transition" : null })),
  );
  const renewed = await s.read(`/v1/licenses/${ids[0]}`);
  expect(renewed["expires_at"]).toBe("2035-02-28T00:00:00.000Z");
  const terms = await s.read(`/v1/licenses/${ids[0]}/terms`);
  expect(terms["data"]).toMatchObject([
    { number: 2, cause: "renewal", reference: operation["id"], ends_at: "2035-02-28T00:00:00.000Z" },
    { number: 1 },
  ]);
  expect(await s.events("license.renewed")).toHaveLength(59);
});

test("a renewal of many takes a duration or an end, and other actions take neither", async () => {
  const s = await shop();
  const refused = async (body: Record<string, unknown>) =>
    (await bulk(s, { filter: { status: "active" }, ...body })).body["errors"][0].pointer as string;
  expect(await refused({ action: "renew", duration: "P1M", until: "2040-01-01T00:00:00.000Z" })).toBe("/until");
  expect(await refused({ action: "cancel", duration: "P1M" })).toBe("/duration");
  expect(await refused({ action: "renew", reason: "x" })).toBe("/reason");
});
