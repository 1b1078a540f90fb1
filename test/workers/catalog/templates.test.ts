import { env } from "cloudflare:workers";
import { expect, test } from "vitest";
import { upTo, world, type Answer, type World } from "../world.ts";
import { factsOf } from "./facts.ts";

const body = { name: "One year", product_id: "studio", type: "subscription", model: "per_device" };

async function shop() {
  const w = await world();
  const product: string = (await w.post("/v1/products", { name: "Studio", code: "studio" })).body["id"];
  const features: string[] = [];
  for (const code of ["export", "print"]) features.push((await w.post("/v1/features", { code, name: code })).body["id"]);
  return { ...w, product, features };
}

const revisionsOf = async (w: World, id: string) => (await w.get(`/v1/templates/${id}/revisions?limit=100`)).body["data"];
const pointersOf = (answer: Answer) => answer.body["errors"]?.map(({ pointer }: { pointer: string }) => pointer);

test("what a template does not say has the documented default", async () => {
  const w = await shop();
  const made = await w.post("/v1/templates", body);
  expect(made.status).toBe(201);
  expect(made.body).toEqual({
    object: "template",
    id: expect.stringMatching(/^tpl_/),
    rev: 1,
    product_id: w.product,
    name: "One year",
    description: null,
    type: "subscription",
    model: "per_device",
    duration: "P1Y",
    expiry_basis: "creation",
    expiration_strategy: "restrict",
    end_of_day: false,
    max_activations: 1,
    max_cores: null,
    max_users: null,
    requires: [],
    fingerprint_uniqueness: "license",
    entitlements: [],
    restrictions: [],
    pricing: null,
    trial: { allowed: false, duration: "P30D" },
    grace_period: "P30D",
    grace_applies: "always",
    maintenance: null,
    auto_renew: true,
    overage: { mode: "none", percent: null, absolute: null },
    heartbeat: { required: false, interval_s: 600, on_dead: "free_seat" },
    lease_s: null,
    component_threshold: null,
    allow_kick: false,
    max_activations_per_30d: null,
    max_transfers: null,
    offline: { allowed: false, max_ttl: "P30D", status_max_age_s: null },
    unknown_version: "allow",
    on_clone: "warn",
    on_integrity_failure: "warn",
    key_format: null,
    archived_at: null,
    external_id: null,
    metadata: {},
    created_at: expect.any(String),
    updated_at: made.body["created_at"],
  });
  expect((await w.get(`/v1/templates/${made.body["id"]}`)).body).toEqual(made.body);
});

test("everything that a template says comes back as it was said, in one spelling", async () => {
  const w = await shop();
  const said = {
    duration: "P18M",
    expiry_basis: "first_activation",
    expiration_strategy: "maintain",
    end_of_day: true,
    max_activations: null,
    max_cores: 64,
    max_users: 10,
    fingerprint_uniqueness: "tenant",
    grace_applies: "renewal_failed",
    maintenance: "P2Y",
    auto_renew: true,
    overage: { mode: "limited", percent: 10, absolute: null },
    heartbeat: { required: true, interval_s: 300, on_dead: "keep" },
    lease_s: 900,
    component_threshold: 3,
    allow_kick: true,
    max_activations_per_30d: 20,
    max_transfers: 0,
    offline: { allowed: true, max_ttl: "P7D", status_max_age_s: 86_400 },
    unknown_version: "deny",
    on_clone: "deny",
    on_integrity_failure: "deny",
    key_format: { prefix: "ACME", groups: 6 },
    trial: { allowed: true, duration: "P14D" },
    pricing: { currency: "JPY", unit_amount: 4900, interval: "year" },
    external_id: "one-year",
    metadata: { shop: "web" },
  };
  const made = await w.post("/v1/templates", {
    ...body,
    ...said,
    type: "concurrent",
    grace_period: "P0W014D",
    requires: ["version", "fingerprint", "version"],
    entitlements: [{ feature: "print", limit_value: 0, expires_at: "2027-01-01T00:00:00+02:00" }, { feature: w.features[0] }],
    restrictions: [
      { type: "geographic", operator: "allow", values: ["de", "UK", "GB"] },
      { type: "domain", operator: "deny", values: ["Bücher.Example", "intranet"] },
      { type: "ip_range", operator: "allow", values: ["192.0.2.0/24", "2001:db8::1"] },
      { type: "version", operator: "allow", values: ["^2.0.0 || 4.x"] },
    ],
  });
  expect(made.status).toBe(201);
  expect(made.body).toMatchObject({
    ...said,
    type: "concurrent",
    grace_period: "P14D",
    requires: ["fingerprint", "version"],
    entitlements: [
      {
        feature: "print",
        feature_id: w.features[1],
        enabled: true,
        limit_value: 0,
        limit_type: "count",
        reset: "never",
        expires_at: "2026-12-31T22:00:00.000Z",
      },
      {
        feature: "export",
        feature_id: w.features[0],
        enabled: true,
        limit_value: null,
        limit_type: "count",
        reset: "never",
        expires_at: null,
      },
    ],
    restrictions: [
      { type: "geographic", operator: "allow", values: ["DE", "GB"] },
      { type: "domain", operator: "deny", values: ["xn--bcher-kva.example", "intranet"] },
      { type: "ip_range", operator: "allow", values: ["192.0.2.0/24", "2001:db8::1"] },
      { type: "version", operator: "allow", values: ["^2.0.0 || 4.x"] },
    ],
  });
  expect((await w.get(`/v1/templates/${made.body["id"]}`)).body).toEqual(made.body);
  expect((await w.get("/v1/templates?external_id=one-year&type=concurrent")).body["data"]).toEqual([made.body]);
  expect((await w.get(`/v1/templates?product_id=${w.product}`)).body["data"]).toEqual([made.body]);
  expect((await w.get(`/v1/templates?product_id=${w.product}&type=trial`)).body["data"]).toEqual([]);
  expect((await w.get("/v1/templates?product_id=prod_000je5x2k8q1t4v7z0b3d6f9h2")).body["data"]).toEqual([]);
});

test("grace is the template's, else the tenant's, and none for who only tries", async () => {
  const w = await shop();
  await w.patch("/v1/settings", { licensing: { grace_period: "P5D" } });
  const graceOf = async (more: object) => (await w.post("/v1/templates", { ...body, ...more })).body["grace_period"];
  expect(await graceOf({})).toBe("P5D");
  expect(await graceOf({ grace_period: "P9D" })).toBe("P9D");
  expect(await graceOf({ type: "trial" })).toBe("P0D");
  expect(await graceOf({ type: "evaluation" })).toBe("P0D");
  expect(await graceOf({ type: "trial", grace_period: "P1D" })).toBe("P1D");
});

test("changed terms are a new revision and the old ones stay; another name is none", async () => {
  const w = await shop();
  const made = await w.post("/v1/templates", { ...body, trial: { duration: "P7D" }, entitlements: [{ feature: "export" }] });
  const path = `/v1/templates/${made.body["id"]}`;

  const named = await w.patch(path, { name: "A year", description: "d", external_id: "e", metadata: { m: "1" } });
  expect(named.body).toEqual({
    ...made.body,
    name: "A year",
    description: "d",
    external_id: "e",
    metadata: { m: "1" },
    updated_at: named.body["updated_at"],
  });

  // said again as it is, by id instead of by code, is no change of terms either
  const same = await w.patch(path, {
    max_activations: 1,
    trial: { duration: "P7D" },
    entitlements: [{ feature: w.features[0] }],
  });
  expect(same.body["rev"]).toBe(1);

  const changed = await w.patch(path, { max_activations: null, trial: { allowed: true }, heartbeat: { required: true } });
  expect(changed.body).toEqual({
    ...same.body,
    rev: 2,
    max_activations: null,
    trial: { allowed: true, duration: "P7D" },
    heartbeat: { required: true, interval_s: 600, on_dead: "free_seat" },
    updated_at: changed.body["updated_at"],
  });
  const retyped = await w.patch(path, { type: "perpetual", model: "site", duration: null });
  expect(retyped.body).toMatchObject({ rev: 3, type: "perpetual", model: "site", duration: null });
  expect((await w.get("/v1/templates?type=perpetual")).body["data"]).toEqual([retyped.body]);
  const row = await env.DB_00.prepare("select type, model, rev from templates where tenant_id = ?").bind(w.tenant.id).first();
  expect(row).toEqual({ type: "perpetual", model: "site", rev: 3 });

  const revisions = await revisionsOf(w, made.body["id"]);
  expect(revisions.map((row: { rev: number }) => row.rev)).toEqual([3, 2, 1]);
  expect(revisions[2]).toMatchObject({
    object: "template_revision",
    template_id: made.body["id"],
    max_activations: 1,
    trial: { allowed: false },
  });
  const told = (await factsOf(w.tenant.id)).filter((fact) => fact.type === "template.updated");
  expect(told.map((fact) => fact.previous)).toEqual([
    { name: "One year", description: null, external_id: null, metadata: {} },
    {},
    { rev: 1, max_activations: 1, trial: same.body["trial"], heartbeat: same.body["heartbeat"] },
    { rev: 2, type: "subscription", model: "per_device", duration: "P1Y" },
  ]);
});

test("four changes at once are four revisions, and none is lost", async () => {
  const w = await shop();
  const made = await w.post("/v1/templates", body);
  const changes = [{ max_activations: 7 }, { max_users: 8 }, { max_cores: 9 }, { allow_kick: true }];
  const answers = await Promise.all(changes.map((change) => w.patch(`/v1/templates/${made.body["id"]}`, change)));
  expect(answers.map((answer) => answer.status)).toEqual([200, 200, 200, 200]);
  expect((await w.get(`/v1/templates/${made.body["id"]}`)).body).toMatchObject({
    rev: 5,
    max_activations: 7,
    max_users: 8,
    max_cores: 9,
    allow_kick: true,
  });
  expect((await revisionsOf(w, made.body["id"])).map((row: { rev: number }) => row.rev)).toEqual([5, 4, 3, 2, 1]);
});

test("a template and its product's archiving race, and no template is made after it", async () => {
  const w = await shop();
  const [archived, ...answers] = await Promise.all([
    w.post(`/v1/products/${w.product}/archive`),
    ...upTo(8).map((n) => w.post("/v1/templates", { ...body, name: `T${n}` })),
  ]);
  expect(archived?.status).toBe(200);
  const told = (await factsOf(w.tenant.id)).map((fact) => fact.type);
  const afterwards = told.slice(told.indexOf("product.archived"));
  expect(afterwards).not.toContain("template.created");
  expect(answers.filter((answer) => answer.status === 201)).toHaveLength(
    told.filter((type) => type === "template.created").length,
  );
  expect(answers.every((answer) => answer.status === 201 || answer.body["code"] === "product_archived")).toBe(true);
});

test("a new overage mode does not keep the measure of the old one", async () => {
  const w = await shop();
  const made = await w.post("/v1/templates", { ...body, overage: { mode: "limited", percent: 10 } });
  const path = `/v1/templates/${made.body["id"]}`;
  expect((await w.patch(path, { overage: { mode: "limited", absolute: 2 } })).body["overage"]).toEqual({
    mode: "limited",
    percent: null,
    absolute: 2,
  });
  expect((await w.patch(path, { overage: { mode: "unlimited" } })).body["overage"]).toEqual({
    mode: "unlimited",
    percent: null,
    absolute: null,
  });
});

test("terms that contradict themselves are refused with every fault at its place, and nothing is written", async () => {
  const w = await shop();
  const refused = await w.post("/v1/templates", {
    ...body,
    type: "perpetual",
    duration: "P1Y",
    lease_s: 900,
    overage: { mode: "limited" },
  });
  expect(refused).toMatchObject({ status: 400, body: { code: "invalid_request" } });
  expect(pointersOf(refused)).toEqual(["/duration", "/lease_s", "/lease_s", "/overage"]);
  const made = await w.post("/v1/templates", { ...body, type: "concurrent", lease_s: 1200 });
  const unsound = await w.patch(`/v1/templates/${made.body["id"]}`, { heartbeat: { interval_s: 900 }, max_activations: 5 });
  expect(unsound).toMatchObject({ status: 400, body: { errors: [{ pointer: "/lease_s", code: "lease_too_short" }] } });
  expect((await w.get("/v1/templates")).body["data"]).toEqual([made.body]);
});

test.for<[string, object, string]>([
  ["an unknown field", { colour: "red" }, "/colour"],
  ["a duration that is none", { duration: "1 year" }, "/duration"],
  ["a duration beyond a century", { maintenance: "P101Y" }, "/maintenance"],
  ["a type that is none", { type: "rental" }, "/type"],
  ["a limit of nothing", { max_activations: 0 }, "/max_activations"],
  ["a limit that is no whole number", { max_cores: 1.5 }, "/max_cores"],
  ["a currency that is none", { pricing: { currency: "XXX", unit_amount: 1 } }, "/pricing/currency"],
  ["a negative price", { pricing: { currency: "EUR", unit_amount: -1 } }, "/pricing/unit_amount"],
  [
    "a country that is none",
    { restrictions: [{ type: "geographic", operator: "allow", values: ["DE", "ZZ"] }] },
    "/restrictions/0/values/1",
  ],
  [
    "a domain that is none",
    { restrictions: [{ type: "domain", operator: "allow", values: ["http://a.example/"] }] },
    "/restrictions/0/values/0",
  ],
  [
    "an address for a domain",
    { restrictions: [{ type: "domain", operator: "allow", values: ["127.0.0.1"] }] },
    "/restrictions/0/values/0",
  ],
  [
    "a range that is none",
    { restrictions: [{ type: "ip_range", operator: "allow", values: ["192.0.2.0/33"] }] },
    "/restrictions/0/values/0",
  ],
  [
    "a version range that is none",
    { restrictions: [{ type: "version", operator: "allow", values: ["newest"] }] },
    "/restrictions/0/values/0",
  ],
  ["a restriction to nothing", { restrictions: [{ type: "domain", operator: "allow", values: [] }] }, "/restrictions/0/values"],
  ["an input that none can require", { requires: ["blood"] }, "/requires/0"],
  ["a prefix in lower case", { key_format: { prefix: "acme" } }, "/key_format/prefix"],
  ["more entitlements than a list may have", { entitlements: upTo(101).map((n) => ({ feature: `f${n}` })) }, "/entitlements"],
  [
    "a feature named twice",
    { entitlements: [{ feature: "export" }, { feature: "print" }, { feature: "export" }] },
    "/entitlements/2/feature",
  ],
])("%s is refused where it stands", async ([, more, pointer]) => {
  const w = await shop();
  const answer = await w.post("/v1/templates", { ...body, ...more });
  expect(answer).toMatchObject({ status: 400, body: { code: "invalid_request" } });
  expect(pointersOf(answer)).toEqual([pointer]);
  expect((await w.get("/v1/templates")).body["data"]).toEqual([]);
});

test("a hundred entitlements are taken at once", async () => {
  const w = await shop();
  const codes = upTo(100).map((n) => `f${n}`);
  await Promise.all(codes.map((code) => w.post("/v1/features", { code, name: code })));
  const made = await w.post("/v1/templates", { ...body, entitlements: codes.map((feature) => ({ feature })) });
  expect(made.body["entitlements"].map(({ feature }: { feature: string }) => feature)).toEqual(codes);
});

test("an archived feature is given to nobody new, and who has the right may keep it", async () => {
  const w = await shop();
  const made = await w.post("/v1/templates", { ...body, entitlements: [{ feature: "export" }] });
  const path = `/v1/templates/${made.body["id"]}`;
  await w.post(`/v1/features/${w.features[0]}/archive`);
  await w.post(`/v1/features/${w.features[1]}/archive`);
  expect(await w.post("/v1/templates", { ...body, entitlements: [{ feature: "export" }] })).toMatchObject({
    status: 409,
    body: { code: "feature_archived" },
  });
  expect(await w.patch(path, { entitlements: [{ feature: "export", limit_value: 9 }] })).toMatchObject({
    status: 200,
    body: { rev: 2 },
  });
  expect(await w.patch(path, { entitlements: [{ feature: "export" }, { feature: "print" }] })).toMatchObject({
    status: 409,
    body: { code: "feature_archived" },
  });
});

test("an id names its object even where another one has that text as its code", async () => {
  const w = await shop();
  await w.post("/v1/features", { code: w.features[0], name: "Impostor" });
  await w.post("/v1/products", { code: w.product, name: "Impostor" });
  const made = await w.post("/v1/templates", { ...body, product_id: w.product, entitlements: [{ feature: w.features[0] }] });
  expect(made.body).toMatchObject({ product_id: w.product, entitlements: [{ feature: "export", feature_id: w.features[0] }] });
});

test("a copy has the newest terms, begins at revision one and goes its own way", async () => {
  const w = await shop();
  const other = (await w.post("/v1/products", { name: "Other", code: "other" })).body["id"];
  const made = await w.post("/v1/templates", { ...body, external_id: "e", metadata: { m: "1" } });
  const path = `/v1/templates/${made.body["id"]}`;
  const newest = await w.patch(path, { max_activations: 5 });
  await w.post(`${path}/archive`);

  const copy = await w.post(`${path}/duplicate`);
  expect(copy.status).toBe(201);
  const { id, created_at, updated_at } = copy.body;
  expect(id).not.toBe(made.body["id"]);
  expect(copy.body).toEqual({ ...newest.body, id, rev: 1, name: "One year (copy)", external_id: null, created_at, updated_at });
  const moved = await w.post(`${path}/duplicate`, { name: "Elsewhere", product_id: "other", external_id: "e2" });
  expect(moved.body).toMatchObject({
    product_id: other,
    name: "Elsewhere",
    external_id: "e2",
    metadata: { m: "1" },
    max_activations: 5,
  });
  expect(await w.post(`${path}/duplicate`, { external_id: "e" })).toMatchObject({
    status: 409,
    body: { code: "external_id_taken" },
  });

  await w.patch(`/v1/templates/${id}`, { max_activations: 6 });
  expect((await w.get(path)).body["max_activations"]).toBe(5);
  expect(await revisionsOf(w, id)).toHaveLength(2);
});

test("revisions come in pages, and a template is archived once", async () => {
  const w = await shop();
  const made = await w.post("/v1/templates", body);
  const path = `/v1/templates/${made.body["id"]}`;
  for (const n of upTo(2)) await w.patch(path, { max_activations: n + 1 });
  const first = await w.get(`${path}/revisions?limit=2`);
  const second = await w.get(`${path}/revisions?limit=2&cursor=${first.body["next_cursor"]}`);
  expect([...first.body["data"], ...second.body["data"]].map((row: { max_activations: number }) => row.max_activations)).toEqual([
    3, 2, 1,
  ]);
  expect(second.body).toMatchObject({ has_more: false, next_cursor: null });

  const archived = await w.post(`${path}/archive`);
  expect((await w.post(`${path}/archive`)).body).toEqual(archived.body);
  expect((await factsOf(w.tenant.id)).filter((fact) => fact.type === "template.archived")).toHaveLength(1);
  expect((await w.get("/v1/templates?archived=false")).body["data"]).toEqual([]);
});

test("another tenant's templates, products and features are not found, wherever they are named", async () => {
  const [mine, other] = [await shop(), await shop()];
  const theirs = (await other.post("/v1/templates", body)).body["id"];
  const ours = (await mine.post("/v1/templates", body)).body["id"];
  const never = {
    template: "tpl_000je5x2k8q1t4v7z0b3d6f9h2",
    product: "prod_000je5x2k8q1t4v7z0b3d6f9h2",
    feature: "fea_000je5x2k8q1t4v7z0b3d6f9h2",
  };
  const ways = (ids: { template: string; product: string; feature: string }) => [
    mine.get(`/v1/templates/${ids.template}`),
    mine.patch(`/v1/templates/${ids.template}`, { name: "Mine" }),
    mine.post(`/v1/templates/${ids.template}/archive`),
    mine.post(`/v1/templates/${ids.template}/duplicate`),
    mine.get(`/v1/templates/${ids.template}/revisions`),
    mine.post("/v1/templates", { ...body, product_id: ids.product }),
    mine.post(`/v1/templates/${ours}/duplicate`, { product_id: ids.product }),
    mine.post("/v1/templates", { ...body, entitlements: [{ feature: ids.feature }] }),
    mine.patch(`/v1/templates/${ours}`, { entitlements: [{ feature: ids.feature }] }),
  ];
  const foreign = await Promise.all(ways({ template: theirs, product: other.product, feature: other.features[0]! }));
  const unknown = await Promise.all(ways(never));
  const withoutRequest = (answer: { status: number; body: Record<string, unknown> }) => ({ ...answer.body, request_id: "" });
  expect(foreign.map((answer) => answer.status)).toEqual(foreign.map(() => 404));
  expect(foreign.map(withoutRequest)).toEqual(unknown.map(withoutRequest));
  expect((await mine.get("/v1/templates")).body["data"]).toHaveLength(1);
  expect((await other.get(`/v1/templates/${theirs}`)).body).toMatchObject({ name: "One year", rev: 1, archived_at: null });
});

test("making a template again under its Idempotency-Key makes no second one", async () => {
  const w = await shop();
  const answers = await Promise.all(upTo(5).map(() => w.post("/v1/templates", body, { idempotencyKey: "once" })));
  expect(new Set(answers.map((answer) => answer.text)).size).toBe(1);
  const { results } = await env.DB_00.prepare("select rev from template_revisions where tenant_id = ?").bind(w.tenant.id).all();
  expect(results).toHaveLength(1);
});
