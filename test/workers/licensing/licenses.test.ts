import { expect, test } from "vitest";
import { send, upTo } from "../world.ts";
import { meanwhile } from "./meanwhile.ts";
import { DAY_MS, shop } from "./shop.ts";

test("a license takes the terms of its template's newest revision, with its own overrides, and shows its key once", async () => {
  const s = await shop();
  const { id: template } = await s.template({ max_activations: 2, entitlements: [{ feature: "export", limit_value: 5 }] });
  await s.patch(`/v1/templates/${template}`, { max_activations: 4 });
  const license = await s.made("/v1/licenses", {
    template_id: template,
    customer_id: s.customer["id"],
    issued_to: "ada@customer.example",
    starts_at: "2026-01-31T00:00:00Z",
    duration: "P1M",
    grace_period: "P7D",
    maintenance: "P2M",
    external_id: "crm-1",
    metadata: { a: "b" },
  });
  expect(license).toMatchObject({
    object: "license",
    type: "subscription",
    model: "per_device",
    template_rev: 2,
    max_activations: 4,
    activations_count: 0,
    starts_at: "2026-01-31T00:00:00.000Z",
    expires_at: "2026-02-28T00:00:00.000Z",
    grace_until: "2026-03-07T00:00:00.000Z",
    maintenance_until: "2026-03-31T00:00:00.000Z",
    auto_renew: true,
    entitlements: [{ feature: "export", limit_value: 5 }],
    holds: [],
    external_id: "crm-1",
    metadata: { a: "b" },
  });
  expect(license["license_key"]).toMatch(/^[0-9A-Z]{4}(-[0-9A-Z]{4}){4}$/);
  expect(license["key_last4"]).toBe(license["license_key"].slice(-4));
  const { license_key: _, ...shown } = license;
  expect(await s.read(`/v1/licenses/${license["id"]}`)).toEqual(shown);
});

test("an equal request with the same Idempotency-Key gets the same key again, and one license is made", async () => {
  const s = await shop();
  const { id } = await s.template();
  const body = { template_id: id, customer_id: s.customer["id"] };
  const answers = await Promise.all(upTo(20).map(() => s.post("/v1/licenses", body, { idempotencyKey: "once" })));
  expect(new Set(answers.map(({ text }) => text)).size).toBe(1);
  expect(answers[0]?.body["license_key"]).toBeTruthy();
  expect((await s.read("/v1/licenses"))["data"]).toHaveLength(1);
});

test("templates, customers and products that are unknown, foreign or put away make no license", async () => {
  const s = await shop();
  const other = await shop();
  const { id: template } = await s.template();
  const { id: foreign } = await other.template();
  const customer = s.customer["id"];
  const refusal = async (body: Record<string, unknown>) => {
    const { status, body: problem } = await s.post("/v1/licenses", body);
    return [status, problem["code"]];
  };
  expect(await refusal({ template_id: "tpl_none", customer_id: customer })).toEqual([404, "template_not_found"]);
  expect(await refusal({ template_id: foreign, customer_id: customer })).toEqual([404, "template_not_found"]);
  expect(await refusal({ template_id: template, customer_id: other.customer["id"] })).toEqual([404, "customer_not_found"]);
  expect(await refusal({ template_id: template, customer_id: customer, reseller_id: other.customer["id"] })).toEqual([
    404,
    "customer_not_found",
  ]);
  expect(await refusal({ template_id: template, customer_id: customer, reseller_id: customer })).toEqual([
    400,
    "invalid_request",
  ]);
  expect(await refusal({ template_id: template, customer_id: customer, lease_s: 1300 })).toEqual([400, "invalid_request"]);
  expect(await refusal({ template_id: template, customer_id: customer, entitlements: [{ feature: "none" }] })).toEqual([
    404,
    "feature_not_found",
  ]);
  const backwards = { starts_at: "2026-02-01T00:00:00Z", expires_at: "2026-02-01T00:00:00Z" };
  expect(await refusal({ template_id: template, customer_id: customer, ...backwards })).toEqual([400, "invalid_request"]);
  await s.post(`/v1/templates/${template}/archive`);
  expect(await refusal({ template_id: template, customer_id: customer })).toEqual([409, "template_archived"]);
  const { id: second } = await s.template();
  await s.post(`/v1/products/${s.product["id"]}/archive`);
  expect(await refusal({ template_id: second, customer_id: customer })).toEqual([409, "product_archived"]);
  expect((await s.read("/v1/licenses"))["data"]).toEqual([]);
});

test("an imported key matches exactly, is refused when it is weak or taken, and a key of our making is forgiven its spelling", async () => {
  const s = await shop();
  const { id } = await s.template();
  const body = { template_id: id, customer_id: s.customer["id"] };
  const find = async (key: string) => (await s.post("/v1/licenses/lookup", { license_key: key })).body["id"];

  const key = "Old-key_9fQz.77Lm-pw31.Xk0o-Tr5";
  const imported = await s.made("/v1/licenses", { ...body, license_key: `  ${key} ` });
  expect(imported["license_key"]).toBe(key);
  expect(await find(` ${key}`)).toBe(imported["id"]);
  expect(await find(key.toUpperCase())).toBeUndefined();

  expect((await s.post("/v1/licenses", { ...body, license_key: key })).body).toMatchObject({
    status: 409,
    code: "license_key_taken",
  });
  for (const weak of [
    "1234567890123456789012345678901",
    "aaaaaaaaaaaaaaaaaaaaaaaaaaaa",
    "ACME-2024-000123-PRO",
    "abcabcabcabcabcabcabcabcabcabc",
  ]) {
    expect((await s.post("/v1/licenses", { ...body, license_key: weak })).body).toMatchObject({
      status: 400,
      code: "weak_license_key",
    });
  }

  // one that looks like ours still matches exactly
  const alike = await s.made("/v1/licenses", { ...body, license_key: "zk3q-m8xt-0v4b-r3zc-9xwd" });
  expect(await find("zk3q-m8xt-0v4b-r3zc-9xwd")).toBe(alike["id"]);
  expect(await find("ZK3Q-M8XT-0V4B-R3ZC-9XWD")).toBeUndefined();

  const made = await s.made("/v1/licenses", body);
  const text = String(made["license_key"]);
  expect(await find(text.toLowerCase().replaceAll("-", " ").replaceAll("0", "o").replaceAll("1", "l"))).toBe(made["id"]);
  // the same text cannot be brought along for a second license
  expect((await s.post("/v1/licenses", { ...body, license_key: text })).body).toMatchObject({ code: "license_key_taken" });
});

test("a template's key format is the form of its licenses' keys", async () => {
  const s = await shop();
  const license = await s.license({ key_format: { prefix: "ACME", groups: 6 } });
  expect(license["license_key"]).toMatch(/^ACME(-[0-9A-Z]{4}){6}$/);
  expect((await s.validate(license["license_key"])).body["code"]).toBe("VALID");
});

test("holds are put and lifted by cause, and what a tenant may not lift stays", async () => {
  const s = await shop();
  const { id } = await s.license();
  const act = (move: string, body?: unknown) => s.post(`/v1/licenses/${id}/${move}`, body);

  expect((await act("reinstate", {})).body).toMatchObject({ status: 409, code: "invalid_transition" });
  expect((await act("suspend", { reason: "asked" })).body).toMatchObject({
    status: "suspended",
    holds: [{ cause: "manual", reason: "asked" }],
  });
  const again = await act("suspend", { reason: "asked again" });
  expect(again.body["holds"]).toHaveLength(1);
  expect((await act("suspend", { reason: "cracked", cause: "abuse" })).body["holds"]).toHaveLength(2);
  expect((await act("suspend", { reason: "no money", cause: "unpaid" })).status).toBe(400);

  expect((await act("reinstate", { cause: "dispute" })).body).toMatchObject({ code: "hold_not_liftable" });
  expect((await act("reinstate", { cause: "abuse" })).body).toMatchObject({ status: "suspended", holds: [{ cause: "manual" }] });
  expect((await act("reinstate")).body).toMatchObject({ status: "active", holds: [] });
  expect(await s.events("license.suspended")).toHaveLength(2);
  expect(await s.events("license.reinstated")).toHaveLength(2);
});

test("suspending from many sides at once keeps every cause once", async () => {
  const s = await shop();
  const { id } = await s.license();
  const causes = ["manual", "abuse", "dispute", "manual", "abuse"];
  await Promise.all(causes.map((cause) => s.post(`/v1/licenses/${id}/suspend`, { reason: cause, cause })));
  const { holds } = await s.read(`/v1/licenses/${id}`);
  expect(holds.map(({ cause }: { cause: string }) => cause).sort()).toEqual(["abuse", "dispute", "manual"]);
  expect(await s.events("license.suspended")).toHaveLength(3);
});

test("revoking is for good: it keeps the first reason, and nothing else moves a revoked license", async () => {
  const s = await shop();
  const { id } = await s.license();
  const act = (move: string, body: unknown) => s.post(`/v1/licenses/${id}/${move}`, body);
  expect((await act("revoke", { reason: "published" })).body).toMatchObject({ status: "revoked", revoked_reason: "published" });
  expect((await act("revoke", { reason: "other" })).body).toMatchObject({ revoked_reason: "published" });
  expect((await act("suspend", { reason: "x" })).body).toMatchObject({ code: "invalid_transition" });
  expect((await act("reinstate", {})).body).toMatchObject({ code: "invalid_transition" });
  expect(await s.events("license.revoked")).toHaveLength(1);
});

test("a change moves what it names: limits, groups of terms in part, the end with its grace, and nothing else", async () => {
  const s = await shop();
  const license = await s.license(
    { type: "concurrent", lease_s: 1200, heartbeat: { interval_s: 300 }, grace_period: "P10D" },
    { starts_at: "2026-01-01T00:00:00Z", heartbeat: { required: true } },
  );
  const patched = async (body: unknown) => (await s.patch(`/v1/licenses/${license["id"]}`, body)).body;
  expect(await patched({ max_activations: null, auto_renew: true })).toMatchObject({ max_activations: null, auto_renew: true });
  expect(await patched({ expires_at: "2026-06-01T00:00:00Z" })).toMatchObject({
    expires_at: "2026-06-01T00:00:00.000Z",
    grace_until: "2026-06-11T00:00:00.000Z",
    max_activations: null,
  });
  expect(await patched({ grace_period: "P1D" })).toMatchObject({ grace_until: "2026-06-02T00:00:00.000Z" });
  expect(await patched({ expires_at: null })).toMatchObject({ expires_at: null, grace_until: null });
  // 700 s is less than two of the intervals that the template names, and enough for two of 300
  expect(await patched({ lease_s: 700 })).toMatchObject({ object: "license" });
  expect(await patched({ heartbeat: { interval_s: 400 } })).toMatchObject({ status: 400, code: "invalid_request" });
  expect(await patched({ expires_at: "2025-12-31T00:00:00Z" })).toMatchObject({ status: 400 });
  expect(await patched({ issued_to: "grace", external_id: "e-1" })).toMatchObject({
    issued_to: "grace",
    external_id: "e-1",
    auto_renew: true,
  });
  const told = (await s.events("license.updated")).map(({ data }) => Object.keys(JSON.parse(String(data)).previous));
  expect(told).toEqual([
    ["max_activations", "auto_renew"],
    ["status", "expires_at", "grace_until"],
    ["grace_until"],
    ["status", "expires_at", "grace_until"],
    [],
    ["issued_to", "external_id"],
  ]);
});

test("filters find what they name, by the status of this moment", async () => {
  const s = await shop();
  const { id: template } = await s.template({ duration: "P10D", grace_period: "P0D" });
  const make = (fields: Record<string, unknown>) =>
    s.made("/v1/licenses", { template_id: template, customer_id: s.customer["id"], ...fields });
  const active = await make({ issued_to: "active@x.example" });
  const pending = await make({ starts_at: "2090-01-01T00:00:00Z", expires_at: "2091-01-01T00:00:00Z" });
  const expired = await make({ starts_at: "2020-01-01T00:00:00Z", external_id: "old-1" });
  const revoked = await make({});
  await s.post(`/v1/licenses/${revoked["id"]}/revoke`, { reason: "r" });
  const found = async (query: string) => (await s.read(`/v1/licenses?${query}`))["data"].map(({ id }: { id: string }) => id);

  expect(await found("status=active")).toEqual([active["id"]]);
  expect(await found("status=pending")).toEqual([pending["id"]]);
  expect(await found("status=expired")).toEqual([expired["id"]]);
  expect(await found("status=revoked")).toEqual([revoked["id"]]);
  expect(await found("external_id=old-1")).toEqual([expired["id"]]);
  expect(await found("expires_before=2021-01-01T00:00:00Z")).toEqual([expired["id"]]);
  expect(await found(`q=${active["id"]}`)).toEqual([active["id"]]);
  expect(await found("q=active%40x")).toEqual([active["id"]]);
  expect(await found("q=old-")).toEqual([expired["id"]]);
  expect(await found(`q=${revoked["key_last4"]}`)).toEqual([revoked["id"]]);
  expect(await found(`customer_id=${s.customer["id"]}&limit=100`)).toHaveLength(4);
  expect(await found("product_id=prod_none")).toEqual([]);
  await s.later(11 * DAY_MS);
  expect(await found("status=expired")).toEqual([expired["id"], active["id"]]);
});

test("another tenant's licenses are not there, however they are asked for", async () => {
  const s = await shop();
  const other = await shop();
  const license = await s.license();
  const unknown = await other.get("/v1/licenses/lic_none");
  const bare = ({ text, body }: { text: string; body: Record<string, unknown> }) => text.replace(String(body["request_id"]), "");
  for (const path of [`/v1/licenses/${license["id"]}`]) {
    const foreign = await other.get(path);
    expect(foreign.status).toBe(404);
    expect(bare(foreign)).toBe(bare(unknown));
  }
  expect((await other.post(`/v1/licenses/${license["id"]}/revoke`, { reason: "r" })).status).toBe(404);
  expect((await other.post(`/v1/licenses/${license["id"]}/reveal_key`)).status).toBe(404);
  expect((await other.patch(`/v1/licenses/${license["id"]}`, { issued_to: "me" })).status).toBe(404);
  expect((await other.post("/v1/licenses/lookup", { license_key: license["license_key"] })).status).toBe(404);
  expect((await other.read(`/v1/licenses?q=${license["id"]}`))["data"]).toEqual([]);
  expect((await s.read(`/v1/licenses/${license["id"]}`))["status"]).toBe("active");
});

test("a key is revealed to who may, and each time an event tells of it without the key", async () => {
  const s = await shop();
  const license = await s.license();
  const path = `/v1/licenses/${license["id"]}/reveal_key`;
  expect((await s.post(path)).body).toMatchObject({ license_key: license["license_key"], key_last4: license["key_last4"] });
  const { secret } = (
    await s.post("/v1/api_keys", { name: "no keys", kind: "secret", scopes: ["licenses:read", "licenses:write"] })
  ).body;
  expect((await send("POST", path, {}, { key: secret })).body).toMatchObject({ status: 403, code: "scope_missing" });
  const told = await s.events("license.key_revealed");
  expect(told).toHaveLength(1);
  expect(JSON.stringify(told)).not.toContain(license["license_key"]);
});

test("where digests alone are kept, a key is shown once and never again", async () => {
  const s = await shop();
  await s.setting({ key_storage: "hash_only" });
  const license = await s.license();
  expect(license["license_key"]).toBeTruthy();
  expect((await s.post(`/v1/licenses/${license["id"]}/reveal_key`)).body).toMatchObject({
    status: 409,
    code: "license_key_not_kept",
  });
  expect((await s.validate(license["license_key"])).body["code"]).toBe("VALID");
});

test("what happened to a license is listed newest first, and another tenant finds no such license", async () => {
  const s = await shop();
  const other = await shop();
  const { id } = await s.license();
  await s.post(`/v1/licenses/${id}/suspend`, { reason: "r" });
  await s.post(`/v1/licenses/${id}/reinstate`, {});
  const types = (body: Record<string, any>) => body["data"].map(({ type }: { type: string }) => type); // oxlint-disable-line typescript/no-explicit-any -- a test reads what it expects
  const first = await s.read(`/v1/licenses/${id}/events?limit=2`);
  expect(types(first)).toEqual(["license.reinstated", "license.suspended"]);
  expect(types(await s.read(`/v1/licenses/${id}/events?limit=2&cursor=${first["next_cursor"]}`))).toEqual(["license.created"]);
  const { id: second } = await s.license();
  expect((await s.get(`/v1/licenses/${second}/events?limit=2&cursor=${first["next_cursor"]}`)).body["code"]).toBe(
    "invalid_cursor",
  );
  expect((await other.get(`/v1/licenses/${id}/events`)).status).toBe(404);
});

test("a template that is archived between looking at it and writing makes no license", async () => {
  const s = await shop();
  const { id } = await s.template();
  const happened = meanwhile(/insert into "licenses"/, () => s.post(`/v1/templates/${id}/archive`));
  const answer = await s.post("/v1/licenses", { template_id: id, customer_id: s.customer["id"] });
  expect(answer.body).toMatchObject({ status: 409, code: "template_archived" });
  expect(happened()).toBe(true);
  expect((await s.read("/v1/licenses"))["data"]).toEqual([]);
});

test("no instant lies beyond the year 9999, given or counted", async () => {
  const s = await shop();
  const last = await s.license({ grace_period: "P30D", maintenance: "P100Y" }, { expires_at: "9999-12-31T23:59:59Z" });
  expect(last).toMatchObject({ expires_at: "9999-12-31T23:59:59.000Z", grace_until: "9999-12-31T23:59:59.999Z" });
  const beyond = await s.patch(`/v1/licenses/${last["id"]}`, { expires_at: "9999-12-31T23:59:59-14:00" });
  expect(beyond.body).toMatchObject({ status: 400, errors: [{ pointer: "/expires_at" }] });
});

test("a pending license gets another start, and what is counted is counted from there", async () => {
  const s = await shop();
  const start = (at: string) => ({ starts_at: at });
  const license = await s.license({ duration: "P1M", grace_period: "P7D", maintenance: "P1Y" }, start("2090-01-31T00:00:00Z"));
  const patch = async (id: unknown, body: Record<string, unknown>) => s.patch(`/v1/licenses/${String(id)}`, body);
  const moved = await patch(license["id"], start("2090-03-30T00:00:00Z"));
  expect(moved.body).toMatchObject({
    status: "pending",
    starts_at: "2090-03-30T00:00:00.000Z",
    expires_at: "2090-04-30T00:00:00.000Z",
    grace_until: "2090-05-07T00:00:00.000Z",
    maintenance_until: "2091-03-30T00:00:00.000Z",
  });
  const [term, ...rest] = (await s.read(`/v1/licenses/${license["id"]}/terms`))["data"];
  expect(rest).toEqual([]);
  expect(term).toMatchObject({ starts_at: moved.body["starts_at"], ends_at: moved.body["expires_at"] });

  // an end that was given outright stays
  const given = await s.license({}, { ...start("2090-01-01T00:00:00Z"), expires_at: "2090-06-01T00:00:00Z" });
  const kept = await patch(given["id"], start("2090-02-01T00:00:00Z"));
  expect(kept.body["expires_at"]).toBe("2090-06-01T00:00:00.000Z");
  expect((await patch(given["id"], start("2090-06-01T00:00:00Z"))).body["errors"]).toMatchObject([
    { code: "expires_before_start" },
  ]);

  // it may start at once, and then its start stands
  const begun = await patch(license["id"], start(new Date().toISOString()));
  expect(begun.body["status"]).toBe("active");
  expect((await patch(license["id"], start("2090-01-01T00:00:00Z"))).body["code"]).toBe("invalid_transition");
  expect((await patch(license["id"], start(begun.body["starts_at"]))).status).toBe(200);
});

test("a license that waits for its first use begins where its period is counted from its start instead, and its terms do", async () => {
  const s = await shop();
  const license = await s.license({ expiry_basis: "first_activation", duration: "P1Y" });
  const { body } = await s.patch(`/v1/licenses/${license["id"]}`, { expiry_basis: "creation" });
  expect(body["status"]).toBe("active");
  expect((await s.read(`/v1/licenses/${license["id"]}/terms`))["data"]).toMatchObject([
    { number: 1, cause: "creation", starts_at: license["starts_at"], ends_at: body["expires_at"] },
  ]);
});
