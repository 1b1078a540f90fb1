import { expect, test } from "vitest";
import { upTo } from "../world.ts";
import { shop } from "./shop.ts";

const DAY = 24 * 3_600_000;
const inDays = (days: number) => new Date(Date.now() + days * DAY).toISOString();

test("a renewal extends from the old end, and the chain of terms tells how", async () => {
  const s = await shop();
  const license = await s.license({}, { starts_at: "2020-01-31T12:00:00.000Z", expires_at: inDays(10) });
  const renewed = await s.post(`/v1/licenses/${license.id}/renew`, { duration: "P30D", reference: "invoice-1" });

  expect(renewed.status).toBe(200);
  const end = new Date(Date.parse(license["expires_at"]) + 30 * DAY).toISOString();
  expect(renewed.body).toMatchObject({ id: license.id, expires_at: end, status: "active" });
  const { body } = await s.get(`/v1/licenses/${license.id}/terms`);
  expect(body["data"]).toMatchObject([
    {
      number: 2,
      starts_at: license["expires_at"],
      ends_at: end,
      cause: "renewal",
      basis: "from_now_if_expired",
      reference: "invoice-1",
    },
    {
      number: 1,
      starts_at: "2020-01-31T12:00:00.000Z",
      ends_at: license["expires_at"],
      cause: "creation",
      basis: null,
      reference: null,
    },
  ]);
  const { body: events } = await s.get(`/v1/licenses/${license.id}/events`);
  expect(events["data"][0]).toMatchObject({ type: "license.renewed", data: { previous: { expires_at: license["expires_at"] } } });
});

test("twenty renewals at once for one invoice extend a license once", async () => {
  const s = await shop();
  const license = await s.license({}, { expires_at: inDays(10) });
  const answers = await Promise.all(
    upTo(20).map(() => s.post(`/v1/licenses/${license.id}/renew`, { duration: "P30D", reference: "invoice-7" })),
  );
  expect(new Set(answers.map(({ status, body }) => `${status} ${body["expires_at"]}`)).size).toBe(1);
  expect((await s.get(`/v1/licenses/${license.id}/terms`)).body["data"]).toHaveLength(2);
});

test("ten renewals at once without a reference are ten, one behind the other", async () => {
  const s = await shop();
  const license = await s.license({}, { expires_at: inDays(10) });
  await Promise.all(upTo(10).map(() => s.post(`/v1/licenses/${license.id}/renew`, { duration: "P1D" })));
  const { body } = await s.get(`/v1/licenses/${license.id}/terms`);
  expect(body["data"].map((term: { number: number }) => term.number)).toEqual([11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1]);
  for (let i = 0; i < 10; i++) expect(body["data"][i].starts_at).toBe(body["data"][i + 1].ends_at);
  const end = (await s.get(`/v1/licenses/${license.id}`)).body["expires_at"];
  expect(Date.parse(end) - Date.parse(license["expires_at"])).toBe(10 * DAY);
});

test("an expired license is renewed from now, unless asked otherwise, and is active again", async () => {
  const s = await shop();
  const over = { starts_at: "2020-01-01T00:00:00.000Z", expires_at: "2021-01-01T00:00:00.000Z" };
  const [one, other] = [await s.license({}, over), await s.license({}, over)];
  const fromNow = await s.post(`/v1/licenses/${one.id}/renew`, { duration: "P30D" });
  expect(fromNow.body["status"]).toBe("active");
  expect(Math.abs(Date.parse(fromNow.body["expires_at"]) - Date.now() - 30 * DAY)).toBeLessThan(60_000);
  const fromExpiry = await s.post(`/v1/licenses/${other.id}/renew`, { duration: "P30D", basis: "from_expiry" });
  expect(fromExpiry.body).toMatchObject({ status: "expired", expires_at: "2021-01-31T00:00:00.000Z" });
});

test("a license without an end, or that was revoked, is not renewed, and a renewal that would shorten it neither", async () => {
  const s = await shop();
  const endless = await s.license({}, { expires_at: null });
  const revoked = await s.license({});
  await s.post(`/v1/licenses/${revoked.id}/revoke`, { reason: "test" });
  for (const { id } of [endless, revoked]) {
    const refused = await s.post(`/v1/licenses/${id}/renew`, { duration: "P1Y" });
    expect(refused).toMatchObject({ status: 409, body: { code: "invalid_transition" } });
  }
  const license = await s.license({});
  const earlier = await s.post(`/v1/licenses/${license.id}/renew`, { until: inDays(1) });
  expect(earlier).toMatchObject({ status: 400, body: { errors: [{ pointer: "/until", code: "not_later" }] } });
  const both = await s.post(`/v1/licenses/${license.id}/renew`, { until: inDays(4000), duration: "P1Y" });
  expect(both.status).toBe(400);
  expect((await s.get(`/v1/licenses/${license.id}/terms`)).body["data"]).toHaveLength(1);
});

test("the chain of terms begins with the first use where the period does, and ends where the license is made to end", async () => {
  const s = await shop();
  const license = await s.license({ expiry_basis: "first_activation", duration: "P30D" });
  const terms = async () => (await s.get(`/v1/licenses/${license.id}/terms`)).body["data"];
  expect(await terms()).toEqual([]);

  const { body: seat } = await s.post("/v1/activations", { license_key: license["license_key"], fingerprint: "laptop" });
  const begun = (await s.get(`/v1/licenses/${license.id}`)).body;
  expect(await terms()).toMatchObject([
    { number: 1, cause: "first_activation", starts_at: seat["activated_at"], ends_at: begun["expires_at"] },
  ]);

  const moved = inDays(99);
  await s.patch(`/v1/licenses/${license.id}`, { expires_at: moved });
  expect(await terms()).toMatchObject([{ number: 1, ends_at: moved }]);
});

test("a license for ever with a year of updates is renewed by another year of updates, once for an invoice", async () => {
  const s = await shop();
  const license = await s.license({ type: "perpetual", maintenance: "P1Y" });
  const ask = { reference: "invoice-9" };
  const renewed = await s.post(`/v1/licenses/${license.id}/renew`, ask);
  expect(renewed.body).toMatchObject({ expires_at: null, status: "active" });
  const [was, is] = [license["maintenance_until"], renewed.body["maintenance_until"]];
  expect(is.slice(0, 4)).toBe(String(Number(was.slice(0, 4)) + 1));
  expect((await s.post(`/v1/licenses/${license.id}/renew`, ask)).body["maintenance_until"]).toBe(is);
  expect((await s.get(`/v1/licenses/${license.id}/terms`)).body["data"]).toMatchObject([
    { number: 2, cause: "renewal", starts_at: was, ends_at: null, reference: "invoice-9" },
    { number: 1, ends_at: null },
  ]);
  const without = await s.license({ type: "perpetual" });
  expect((await s.post(`/v1/licenses/${without.id}/renew`)).body["code"]).toBe("invalid_transition");
});
