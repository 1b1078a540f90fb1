import { expect, test } from "vitest";
import { DAY_MS, shop, type Shop } from "../licensing/shop.ts";

type Fields = Record<string, unknown>;

/** A template at revision 2, with licenses of both: the first has a limit of its own, the second three devices, the third one. */
async function sold(s: Shop) {
  const { id } = await s.template({ max_activations: 3, grace_period: "P30D" });
  const license = (more: Fields = {}) => s.made("/v1/licenses", { template_id: id, customer_id: s.customer["id"], ...more });
  const own = await license({ max_activations: 9 });
  const full = await license();
  for (const name of ["a", "b", "c"]) {
    await s.activate(own["license_key"], name);
    await s.activate(full["license_key"], name);
  }
  await s.patch(`/v1/templates/${id}`, { grace_period: "P10D" });
  const newer = await license();
  await s.activate(newer["license_key"], "a");
  const gone = await license();
  await s.post(`/v1/licenses/${gone["id"]}/revoke`, { reason: "over" });
  return { id: String(id), own, full, newer };
}

test("a preview tells what a change would mean for the licenses of each revision, and writes nothing", async () => {
  const s = await shop();
  const { id } = await sold(s);
  const before = [await s.read(`/v1/templates/${id}`), await s.read("/v1/licenses"), await s.read("/v1/events?limit=1")];

  const { status, body } = await s.post(`/v1/templates/${id}/preview`, { max_activations: 2, grace_period: "P7D" });
  expect(status).toBe(200);
  const seats = { field: "max_activations", before: 3, after: 2 };
  expect(body).toEqual({
    object: "template_preview",
    template_id: id,
    rev: 2,
    changes: [seats, { field: "grace_period", before: "P10D", after: "P7D" }],
    licenses: 3,
    revisions: [
      { rev: 1, licenses: 2, changes: [seats, { field: "grace_period", before: "P30D", after: "P7D" }] },
      { rev: 2, licenses: 1, changes: [seats, { field: "grace_period", before: "P10D", after: "P7D" }] },
    ],
    over_limits: { seats: 1, cores: 0, users: 0 },
    own_terms: [{ field: "max_activations", licenses: 1 }],
  });
  expect([await s.read(`/v1/templates/${id}`), await s.read("/v1/licenses"), await s.read("/v1/events?limit=1")]).toEqual(before);
});

test("a preview of a revision that there is tells what moving to it would mean", async () => {
  const s = await shop();
  const { id } = await sold(s);
  const { body } = await s.post(`/v1/templates/${id}/preview`, { rev: 1 });
  expect(body).toMatchObject({
    changes: [{ field: "grace_period", before: "P10D", after: "P30D" }],
    revisions: [
      { rev: 1, licenses: 2, changes: [] },
      { rev: 2, licenses: 1, changes: [{ field: "grace_period" }] },
    ],
    over_limits: { seats: 0 },
    own_terms: [],
  });
  expect((await s.post(`/v1/templates/${id}/preview`, { rev: 3 })).body["code"]).toBe("revision_not_found");
  expect((await s.post(`/v1/templates/${id}/preview`, { rev: 1, max_activations: 2 })).status).toBe(400);
});

test("users and cores beyond new limits are counted as the license's model counts them, and terms that contradict are refused", async () => {
  const s = await shop();
  const { id } = await s.template({ model: "per_seat", max_activations: 5 });
  const license = await s.made("/v1/licenses", { template_id: id, customer_id: s.customer["id"] });
  for (const [name, user] of [
    ["a1", "ada"],
    ["a2", "ada"],
    ["b1", "bob"],
  ] as const)
    await s.activate(license["license_key"], name, { user, cores: 4 });
  const over = async (change: Fields) => (await s.post(`/v1/templates/${id}/preview`, change)).body["over_limits"];
  expect(await over({ max_activations: 2 })).toEqual({ seats: 0, cores: 0, users: 0 });
  expect(await over({ max_activations: 1, max_users: 1, max_cores: 11 })).toEqual({ seats: 1, cores: 1, users: 1 });
  expect(await over({ max_cores: 12, overage: { mode: "unlimited" }, max_activations: 1 })).toEqual({
    seats: 0,
    cores: 0,
    users: 0,
  });
  expect((await s.post(`/v1/templates/${id}/preview`, { lease_s: 1300 })).status).toBe(400);
  await s.later(DAY_MS);
});

test("own terms are named as the wire names them", async () => {
  const s = await shop();
  const { id } = await s.template();
  await s.made("/v1/licenses", {
    template_id: id,
    customer_id: s.customer["id"],
    max_activations_per_30d: 4,
    offline: { allowed: true },
    on_clone: "deny",
  });
  const change = { max_activations_per_30d: 9, offline: { max_ttl: "P9D" }, on_clone: "deny", max_transfers: 1 };
  const { body } = await s.post(`/v1/templates/${id}/preview`, change);
  expect(body["own_terms"].map(({ field }: { field: string }) => field).sort()).toEqual([
    "max_activations_per_30d",
    "offline",
    "on_clone",
  ]);
});
