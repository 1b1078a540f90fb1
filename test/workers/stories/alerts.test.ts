import { env } from "cloudflare:workers";
import { beforeEach, expect, test } from "vitest";
import { periodOf } from "#rules/entitlements/periods";
import { raised } from "../entitlements/told.ts";
import { does, make, player, type Fresh, type Player } from "../document/fresh.ts";
import { upTo } from "../world.ts";
import { toldOf } from "./told.ts";

const MINUTE = 60_000;
const alerts = async (p: Player) => (await does(p, "GET", "/v1/alerts"))["data"] as Fresh[];
const told = async (p: Player) => (await alerts(p)).map(({ code, subject }) => `${code} ${subject.id}`);
const queue = (p: Player, endpoint: Fresh, failures: number, recoveringSince: number | null) =>
  env.DB_00.prepare(
    "insert into webhook_queues (tenant_id, endpoint_id, failures, failing_since, recovering_since) values (?, ?, ?, ?, ?)",
  )
    .bind(p.tenantId, endpoint.id, failures, 1_000, recoveringSince)
    .run();
const disabled = (endpoint: Fresh, reason: string | null) =>
  env.DB_00.prepare("update webhook_endpoints set disabled_at = ?, disabled_reason = ? where id = ?")
    .bind(reason === null ? null : 5_000, reason, endpoint.id)
    .run();
/** What the worker host told last of how it sends mail. */
const transport = (problem: string | null, toldAt = Date.now()) =>
  env.DB_00.prepare("insert or replace into mail_transport (id, transport, problem, told_at) values (1, 'smtp', ?, ?)")
    .bind(problem, toldAt)
    .run();

beforeEach(() => transport(null));

test("endpoints that fail, are tried by a story or were disabled are told of, with since when and what helps; a paused one is not", async () => {
  const p = await player();
  const made = () => make(p, "webhook_endpoint");
  const [twice, failing, recovering, gone, paused] = [await made(), await made(), await made(), await made(), await made()];
  await queue(p, twice, 2, null);
  await queue(p, failing, 3, null);
  await queue(p, recovering, 10, 9_000);
  await disabled(gone, "gone");
  await disabled(paused, "paused");
  expect(new Set(await told(p))).toEqual(
    new Set([
      `webhook_endpoint_failing ${failing.id}`,
      `webhook_endpoint_recovering ${recovering.id}`,
      `webhook_endpoint_disabled ${gone.id}`,
    ]),
  );
  const found = (await alerts(p)).find(({ code }) => code === "webhook_endpoint_disabled");
  expect(found).toMatchObject({ object: "alert", since: "1970-01-01T00:00:05.000Z", subject: { type: "webhook_endpoint" } });
  expect(found?.["detail"]).toMatch(/hooks\.example.*410 Gone/);
  expect(found?.["fix"]).toMatch(/enable it/);
  await disabled(gone, null);
  expect(await told(p)).not.toContain(`webhook_endpoint_disabled ${gone.id}`);
});

test("stories that are stuck or failed are told of with their error, before all else; others' never", async () => {
  const [p, other] = [await player(), await player()];
  const stuck = await toldOf(p.tenantId, { state: "stuck", error: "The edge is away.", error_code: "EdgeUnreachable" });
  const failed = await toldOf(p.tenantId, { state: "failed", error: "No such template.", ended_at: "2026-11-28T10:00:00Z" });
  for (const state of ["waiting", "working", "retrying", "ended"]) await toldOf(p.tenantId, { state });
  await queue(p, await make(p, "webhook_endpoint"), 10, 1);
  const list = await alerts(p);
  expect(list.map(({ code }) => code)).toEqual(["story_stuck", "story_failed", "webhook_endpoint_recovering"]);
  expect(list.slice(0, 2).map(({ subject }) => subject.id)).toEqual([stuck.id, failed.id]);
  expect(list[0]).toMatchObject({
    detail: expect.stringContaining("The edge is away."),
    fix: expect.stringMatching(/LATCHKEY_EDGE_URL/),
  });
  expect(await told(other)).toEqual([]);
});

test("mail that waits while none goes out is told of, and addresses that were refused within a day", async () => {
  const p = await player();
  await transport(null);
  await make(p, "license"); // its customer is mailed
  expect(await told(p), "it is on its way").toEqual([]);
  await transport("The server says no.");
  expect(await alerts(p)).toMatchObject([{ code: "mail_not_sent", detail: "Mail waits. The server says no." }]);
  await transport(null, Date.now() - 6 * MINUTE);
  expect(await told(p), "its host is silent").toEqual([`mail_not_sent ${p.tenantId}`]);
  await env.DB_00.prepare("update notices set state = 'sent' where tenant_id = ?").bind(p.tenantId).run();
  expect(await told(p), "nothing waits").toEqual([]);

  const bounce = (n: number, minutes: number) =>
    env.DB_00.prepare("insert into mail_bounces (tenant_id, address, notice_id, created_at) values (?, ?, ?, ?)").bind(
      p.tenantId,
      `a${n}@gone.example`,
      `ntc_${n}`,
      Date.now() - minutes * MINUTE,
    );
  await env.DB_00.batch([bounce(1, 25 * 60), bounce(2, 60), bounce(3, 5)]);
  const [bounced] = await alerts(p);
  expect(bounced).toMatchObject({ code: "mail_bounced", subject: { type: "notice", id: "ntc_3" }, detail: /^2 addresses were/ });
  expect(Date.now() - Date.parse(bounced?.["since"])).toBeGreaterThan(59 * MINUTE);
});

test("quotas and limits are told of in the period in which they were reached, by the highest mark", async () => {
  const p = await player();
  const [full, nearly, before] = [await make(p, "license"), await make(p, "license"), await make(p, "license")];
  await env.DB_00.prepare("update notices set state = 'sent' where tenant_id = ?").bind(p.tenantId).run();
  const month = periodOf("month", new Date(), "UTC").startsAt;
  const { time_zone: zone } = await does({ ...p, secret: p.operator }, "GET", `/v1/tenants/${p.tenantId}`);
  const ofTenant = periodOf("month", new Date(), String(zone)).startsAt;
  const quota = (license: Fresh, percent: number, periodStartsAt: Date) =>
    raised(p.tenantId, license.id, { featureId: "fea_1", percent, periodStartsAt, used: percent });
  for (const percent of [80, 100]) await quota(full, percent, ofTenant);
  await quota(nearly, 80, ofTenant);
  await quota(before, 100, new Date(ofTenant.getTime() - 40 * 24 * 60 * MINUTE));
  await env.DB_00.prepare(
    `insert into usage_alerts (tenant_id, id, subject, feature, period_starts_at, percent, used, limit_value, at)
     values (?1, 'usg_1', ?1, 'api_calls', ?2, 100, 1000, 1000, 1)`,
  )
    .bind(p.tenantId, month.getTime())
    .run();
  expect(new Set(await told(p))).toEqual(
    new Set([`quota_used_up ${full.id}`, `quota_nearly_used_up ${nearly.id}`, `tenant_limit_used_up ${p.tenantId}`]),
  );
});

test("twenty of a kind are shown, and that there are more is said", async () => {
  const p = await player();
  for (const _ of upTo(21)) await toldOf(p.tenantId, { state: "stuck" });
  const list = await does(p, "GET", "/v1/alerts");
  expect(list["data"]).toHaveLength(20);
  expect(list["has_more"]).toBe(true);
});
