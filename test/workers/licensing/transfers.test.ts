import { env } from "cloudflare:workers";
import { expect, test } from "vitest";
import { upTo } from "../world.ts";
import { meanwhile } from "./meanwhile.ts";
import { DAY_MS, device, shop, worksOffline, type Shop } from "./shop.ts";

type Fields = Record<string, unknown>;

const bobOf = (s: Shop) =>
  s.made("/v1/customers", { name: "Bob", email: "bob@customer.example", kind: "person", time_zone: "Europe/Berlin" });
const transfer = (s: Shop, license: Fields, body: Fields) => s.post(`/v1/licenses/${String(license["id"])}/transfer`, body);

test("a license goes to another customer at once, and the old one's devices are released, each told of", async () => {
  const s = await shop();
  const bob = await bobOf(s);
  const license = await s.license({ max_activations: 3 }, { issued_to: "ada@customer.example" });
  const devices = [await s.activate(license["license_key"], "a"), await s.activate(license["license_key"], "b")];

  const { status, body } = await transfer(s, license, { customer_id: bob["id"], reason: "sold" });
  expect(status).toBe(200);
  expect(body).toMatchObject({
    object: "license",
    id: license["id"],
    key_last4: license["key_last4"],
    customer_id: bob["id"],
    issued_to: "bob@customer.example",
    activations_count: 0,
    expires_at: license["expires_at"],
  });
  expect(await s.read(`/v1/licenses/${license["id"]}`)).toEqual(body);
  for (const { body: activation } of devices)
    expect(await s.read(`/v1/activations/${activation["id"]}`)).toMatchObject({
      status: "released",
      deactivated_reason: "transferred",
    });
  expect((await s.validate(license["license_key"], { fingerprint: device("a") })).body["code"]).toBe("NO_MACHINES");
  expect((await s.activate(license["license_key"], "bobs")).status).toBe(201);

  const [history] = (await s.read(`/v1/license_transfers?license_id=${license["id"]}`))["data"];
  expect(history).toMatchObject({
    from_customer_id: s.customer["id"],
    to_customer_id: bob["id"],
    status: "accepted",
    reason: "sold",
    expires_at: null,
  });
  const log = (await s.read(`/v1/licenses/${license["id"]}/events`))["data"];
  const types = log.map(({ type }: { type: string }) => type);
  expect(types.filter((type: string) => type === "activation.released")).toHaveLength(2);
  expect(types).toContain("license_transfer.created");
  const moved = log.find(({ type }: { type: string }) => type === "license.transferred");
  expect(moved.data.previous).toMatchObject({ customer_id: s.customer["id"], activations_count: 2 });
});

test("a transfer that is to be accepted changes nothing until it is, and then everything", async () => {
  const s = await shop();
  const bob = await bobOf(s);
  const license = await s.license();
  await s.activate(license["license_key"], "a");
  const offer = await transfer(s, license, { customer_id: bob["id"], accept: "required", external_id: "deal-7" });
  expect(offer.status).toBe(201);
  expect(offer.body).toMatchObject({ object: "license_transfer", status: "pending", ended_at: null, external_id: "deal-7" });
  expect(Date.parse(offer.body["expires_at"]) - Date.parse(offer.body["created_at"])).toBe(14 * DAY_MS);
  expect(await s.read(`/v1/licenses/${license["id"]}`)).toMatchObject({ customer_id: s.customer["id"], activations_count: 1 });

  const accepted = await s.post(`/v1/license_transfers/${offer.body["id"]}/accept`);
  expect(accepted.body).toMatchObject({ id: offer.body["id"], status: "accepted", ended_at: expect.any(String) });
  expect(await s.read(`/v1/licenses/${license["id"]}`)).toMatchObject({ customer_id: bob["id"], activations_count: 0 });
  const again = await s.post(`/v1/license_transfers/${offer.body["id"]}/accept`);
  expect([again.status, again.body["code"]]).toEqual([409, "transfer_not_pending"]);
});

test.each(["decline", "cancel"])("after %s the license stays where it is, and may be offered again", async (verb) => {
  const s = await shop();
  const bob = await bobOf(s);
  const license = await s.license();
  const offer = { customer_id: bob["id"], accept: "required" };
  const { body } = await transfer(s, license, offer);
  const second = await transfer(s, license, offer);
  expect([second.status, second.body["code"]]).toEqual([409, "transfer_pending"]);
  expect(second.body["detail"]).toContain(body["id"]);
  expect((await transfer(s, license, { customer_id: bob["id"] })).body["code"]).toBe("transfer_pending");

  const ended = await s.post(`/v1/license_transfers/${body["id"]}/${verb}`);
  expect(ended.body["status"]).toBe(verb === "decline" ? "declined" : "canceled");
  expect((await s.post(`/v1/license_transfers/${body["id"]}/accept`)).body["code"]).toBe("transfer_not_pending");
  expect((await s.read(`/v1/licenses/${license["id"]}`))["customer_id"]).toBe(s.customer["id"]);
  expect((await transfer(s, license, offer)).status).toBe(201);
});

test("an offer that nobody accepted in time is void at that instant, shown and filtered so, and in nobody's way", async () => {
  const s = await shop();
  const bob = await bobOf(s);
  const license = await s.license();
  const offer = { customer_id: bob["id"], accept: "required", expires_in: "P7D" };
  const { body } = await transfer(s, license, offer);
  const listed = async (status: string) =>
    (await s.read(`/v1/license_transfers?license_id=${license["id"]}&status=${status}`))["data"].length;
  expect([await listed("pending"), await listed("expired")]).toEqual([1, 0]);

  await s.later(7 * DAY_MS);
  expect([await listed("pending"), await listed("expired")]).toEqual([0, 1]);
  const over = await s.read(`/v1/license_transfers/${body["id"]}`);
  expect(over).toMatchObject({ status: "expired", ended_at: body["expires_at"] });
  expect((await s.post(`/v1/license_transfers/${body["id"]}/accept`)).body["code"]).toBe("transfer_not_pending");
  expect((await transfer(s, license, offer)).status).toBe(201);
  expect(await s.read(`/v1/license_transfers/${body["id"]}`)).toMatchObject({ status: "expired", ended_at: body["expires_at"] });
  expect([await listed("pending"), await listed("expired")]).toEqual([1, 1]);
});

test("a license that is held, over by revocation, theirs already or transferred as often as it may be is not", async () => {
  const s = await shop();
  const bob = await bobOf(s);
  const to = async (license: Fields, customer: Fields, more: Fields = {}) => {
    const { status, body } = await transfer(s, license, { customer_id: customer["id"], ...more });
    return status === 409 ? body["code"] : status;
  };
  const license = await s.license({ max_transfers: 2 });
  expect(await to(license, s.customer)).toBe("license_already_theirs");
  expect(await to(license, { id: "cus_none" })).toBe(404);
  expect(await to(license, bob, { expires_in: "P1D" })).toBe(400);
  await s.post(`/v1/licenses/${license["id"]}/suspend`, { reason: "pause" });
  expect(await to(license, bob)).toBe("invalid_transition");
  await s.post(`/v1/licenses/${license["id"]}/reinstate`, {});
  expect(await to(license, bob)).toBe(200);
  expect(await to(license, s.customer)).toBe(200);
  expect(await to(license, bob)).toBe("transfer_limit_reached");
  expect(await to(license, bob, { accept: "required" })).toBe("transfer_limit_reached");
  await s.post(`/v1/licenses/${license["id"]}/revoke`, { reason: "over" });
  expect(await to(license, bob)).toBe("invalid_transition");
});

test("what became of the license since it was offered is judged when it is accepted", async () => {
  const s = await shop();
  const bob = await bobOf(s);
  const license = await s.license();
  const { body } = await transfer(s, license, { customer_id: bob["id"], accept: "required" });
  await s.post(`/v1/licenses/${license["id"]}/suspend`, { reason: "pause" });
  expect((await s.post(`/v1/license_transfers/${body["id"]}/accept`)).body["code"]).toBe("invalid_transition");
  expect((await s.read(`/v1/license_transfers/${body["id"]}`))["status"]).toBe("pending");
});

test("of an acceptance asked for ten times at once, one carries it out", async () => {
  const s = await shop();
  const bob = await bobOf(s);
  const license = await s.license();
  const { body } = await transfer(s, license, { customer_id: bob["id"], accept: "required" });
  const answers = await Promise.all(upTo(10).map(() => s.post(`/v1/license_transfers/${body["id"]}/accept`)));
  expect(answers.filter(({ status }) => status === 200)).toHaveLength(1);
  expect(answers.filter((answer) => answer.body["code"] === "transfer_not_pending")).toHaveLength(9);
  expect(await s.events("license.transferred")).toHaveLength(1);
});

test("a device that is activated in the moment of a transfer is released with the others", async () => {
  const s = await shop();
  const bob = await bobOf(s);
  const license = await s.license({ max_activations: 5 });
  await s.activate(license["license_key"], "a");
  const came = meanwhile(/update "licenses"/, () => s.activate(license["license_key"], "late"));
  expect((await transfer(s, license, { customer_id: bob["id"] })).status).toBe(200);
  expect(came()).toBe(true);
  const { results } = await env.DB_00.prepare("select released_at from activations where tenant_id = ? and license_id = ?")
    .bind(s.tenant.id, license["id"])
    .all();
  expect(results).toHaveLength(2);
  for (const { released_at } of results) expect(released_at).not.toBeNull();
});

test("a device that works offline keeps its seat until its license file ends", async () => {
  const s = await shop();
  const bob = await bobOf(s);
  const license = await s.license({ max_activations: 2 });
  const { id } = (await s.activate(license["license_key"], "air-gapped")).body;
  await s.activate(license["license_key"], "online");
  const until = Date.now() + 20 * DAY_MS;
  await worksOffline(id, until);
  const { body } = await transfer(s, license, { customer_id: bob["id"] });
  expect(body["activations_count"]).toBe(1);
  expect(await s.read(`/v1/licenses/${license["id"]}`)).toEqual(body);
  expect(await s.read(`/v1/activations/${id}`)).toMatchObject({ status: "active", ends_at: new Date(until).toISOString() });
});

test("places of named users go with the customer who named them", async () => {
  const s = await shop();
  const bob = await bobOf(s);
  const license = await s.license({ type: "named_user", max_activations: 3, max_users: 1 });
  await s.activate(license["license_key"], "a", { user: "ada" });
  expect((await s.activate(license["license_key"], "b", { user: "carl" })).status).toBe(409);
  const { body } = await transfer(s, license, { customer_id: bob["id"] });
  expect(body["users_count"]).toBe(0);
  expect(await s.read(`/v1/licenses/${license["id"]}`)).toEqual(body);
  expect((await s.activate(license["license_key"], "b", { user: "carl" })).status).toBe(201);
});

test("an offer that meets a transfer, or another offer, is judged by what is there then", async () => {
  const s = await shop();
  const bob = await bobOf(s);
  const cy = await s.made("/v1/customers", { name: "Cy", email: "cy@customer.example", kind: "person" });
  const license = await s.license();
  const came = meanwhile(/insert into "license_transfers"/, () => transfer(s, license, { customer_id: cy["id"] }));
  const offer = await transfer(s, license, { customer_id: bob["id"], accept: "required" });
  expect(came()).toBe(true);
  expect(offer.body).toMatchObject({ status: "pending", from_customer_id: cy["id"] });

  const other = await s.license();
  meanwhile(/insert into "license_transfers"/, () => transfer(s, other, { customer_id: cy["id"], accept: "required" }));
  const second = await transfer(s, other, { customer_id: bob["id"], accept: "required" });
  expect(second).toMatchObject({ status: 409, body: { code: "transfer_pending" } });
});

test("six offers at once are one, and five are told that it waits", async () => {
  const s = await shop();
  const bob = await bobOf(s);
  const license = await s.license();
  const answers = await Promise.all(upTo(6).map(() => transfer(s, license, { customer_id: bob["id"], accept: "required" })));
  expect(answers.filter(({ status }) => status === 201)).toHaveLength(1);
  expect(answers.filter(({ body }) => body["code"] === "transfer_pending")).toHaveLength(5);
});

test("a device that asked with the old key gets no seat once the license has another", async () => {
  const s = await shop();
  const license = await s.license({ max_activations: 5 });
  await s.activate(license["license_key"], "first");
  const came = meanwhile(/insert into "activations"/, () => s.post(`/v1/licenses/${license["id"]}/regenerate_key`));
  const late = await s.activate(license["license_key"], "late");
  expect(came()).toBe(true);
  expect(late).toMatchObject({ status: 404, body: { code: "license_not_found" } });
});
