import { expect, test } from "vitest";
import { upTo } from "../world.ts";
import { DAY_MS, shop } from "./shop.ts";

const ahead = (days: number) => new Date(Date.now() + days * DAY_MS).toISOString();

test("a canceled license is over at once, gives no seat, and may only be revoked", async () => {
  const s = await shop();
  const { id, license_key: key } = await s.license();
  const canceled = await s.post(`/v1/licenses/${id}/cancel`, { reason: "They moved to another product" });
  expect(canceled.status).toBe(200);
  expect(canceled.body).toMatchObject({ status: "canceled", canceled_reason: "They moved to another product" });
  expect(canceled.body["canceled_at"]).not.toBeNull();
  expect(await s.read(`/v1/licenses/${id}`)).toEqual(canceled.body);
  expect((await s.validate(key)).body).toMatchObject({ valid: false, code: "CANCELED" });
  expect((await s.activate(key, "a")).body["code"]).toBe("license_not_active");
  expect(await s.events("license.canceled")).toHaveLength(1);

  for (const [action, body] of [
    ["cancel", {}],
    ["cancel", { at: null }],
    ["suspend", { reason: "x" }],
    ["reinstate", {}],
    ["renew", {}],
  ] as const) {
    const refused = await s.post(`/v1/licenses/${id}/${action}`, body);
    expect([action, refused.status, refused.body["code"]]).toEqual([action, 409, "invalid_transition"]);
  }
  expect((await s.post(`/v1/licenses/${id}/revoke`, { reason: "x" })).body).toMatchObject({
    status: "revoked",
    canceled_at: canceled.body["canceled_at"],
  });
});

test("a license that is canceled for later is what it was until that instant, and not a moment longer", async () => {
  const s = await shop();
  const { id, license_key: key } = await s.license();
  const at = ahead(10);
  const canceled = await s.post(`/v1/licenses/${id}/cancel`, { at });
  expect(canceled.body).toMatchObject({ status: "active", canceled_at: at, canceled_reason: null });
  expect((await s.activate(key, "a")).status).toBe(201);
  expect((await s.post(`/v1/licenses/${id}/suspend`, { reason: "x" })).body["status"]).toBe("suspended");
  expect((await s.post(`/v1/licenses/${id}/reinstate`, {})).body["status"]).toBe("active");
  expect((await s.validate(key)).body["valid"]).toBe(true);
  await s.later(10 * DAY_MS + 1000);
  expect((await s.validate(key)).body["code"]).toBe("CANCELED");
  expect((await s.read(`/v1/licenses/${id}`))["status"]).toBe("canceled");
  expect((await s.read("/v1/licenses?status=canceled"))["data"]).toHaveLength(1);
});

test("a cancellation that lies ahead is moved or taken back; the same one again changes nothing", async () => {
  const s = await shop();
  const { id } = await s.license();
  const [soon, later] = [ahead(3), ahead(20)];
  await s.post(`/v1/licenses/${id}/cancel`, { at: soon, reason: "asked by mail" });
  const moved = (await s.post(`/v1/licenses/${id}/cancel`, { at: later, reason: "asked by mail" })).body;
  expect(moved["canceled_at"]).toBe(later);
  expect((await s.post(`/v1/licenses/${id}/cancel`, { at: later, reason: "asked by mail" })).body).toEqual(moved);
  const events = await s.events("license.canceled");
  expect(events).toHaveLength(2);
  expect(JSON.parse(String(events[1]?.["data"]))["previous"]).toEqual({ canceled_at: soon });

  const back = (await s.post(`/v1/licenses/${id}/cancel`, { at: null })).body;
  expect(back).toMatchObject({ status: "active", canceled_at: null, canceled_reason: null });
  expect((await s.post(`/v1/licenses/${id}/cancel`, { at: null })).body).toEqual(back);
  await s.later(25 * DAY_MS);
  expect((await s.read(`/v1/licenses/${id}`))["status"]).toBe("active");
  expect(await s.events("license.canceled")).toHaveLength(2);
  const [taken, ...others] = await s.events("license.updated");
  expect(others).toEqual([]);
  expect(JSON.parse(String(taken?.["data"]))["previous"]).toEqual({ canceled_at: later, canceled_reason: "asked by mail" });
});

test("nobody cancels into the past", async () => {
  const s = await shop();
  const { id } = await s.license();
  const refused = await s.post(`/v1/licenses/${id}/cancel`, { at: "2020-01-01T00:00:00Z" });
  expect([refused.status, refused.body["code"], refused.body["errors"][0].pointer]).toEqual([400, "invalid_request", "/at"]);
  expect((await s.read(`/v1/licenses/${id}`))["canceled_at"]).toBeNull();
});

test("of many who cancel at once, one does", async () => {
  const s = await shop();
  const { id } = await s.license();
  const answers = await Promise.all(upTo(8).map(() => s.post(`/v1/licenses/${id}/cancel`, {})));
  expect(answers.filter(({ status }) => status === 200)).toHaveLength(1);
  expect(answers.filter(({ body }) => body["code"] === "invalid_transition")).toHaveLength(7);
  expect(await s.events("license.canceled")).toHaveLength(1);
});
