import { env } from "cloudflare:workers";
import { expect, test } from "vitest";
import { upTo, world } from "../world.ts";

const ada = { name: "Ada Example", email: "Ada@customer.example", kind: "person" };

test("a customer is kept as given, with empty fields where nothing was said", async () => {
  const w = await world();
  const made = await w.post("/v1/customers", ada);
  expect(made.status).toBe(201);
  expect(made.body).toEqual({
    object: "customer",
    id: expect.stringMatching(/^cus_/),
    ...ada,
    billing_email: null,
    phone: null,
    company: null,
    address: null,
    country: null,
    vat_id: null,
    contacts: [],
    locale: null,
    tax_exempt_reason: null,
    time_zone: null,
    external_id: null,
    metadata: {},
    created_at: expect.any(String),
    updated_at: made.body["created_at"],
  });
  expect((await w.get(`/v1/customers/${made.body["id"]}`)).body).toEqual(made.body);
});

test("a change leaves what it does not name, empties what it sets to null, and tells what was different", async () => {
  const w = await world();
  const full = {
    ...ada,
    kind: "organization",
    billing_email: "billing@customer.example",
    phone: "+43 1 2345678",
    company: "Example GmbH",
    address: { line1: "Ring 1", line2: null, city: "Wien", postal_code: "1010", state: null },
    country: "AT",
    vat_id: "ATU12345678",
    contacts: [{ name: "Bob", email: "bob@customer.example", role: null }],
    locale: "de-AT",
    time_zone: "Europe/Vienna",
    external_id: "crm-1",
    metadata: { a: "1" },
  };
  const made = await w.post("/v1/customers", {
    ...full,
    country: "at",
    vat_id: " atu12345678 ",
    address: { line1: "Ring 1", city: "Wien", postal_code: "1010" },
  });
  expect(made.body).toMatchObject(full);

  const path = `/v1/customers/${made.body["id"]}`;
  const renamed = await w.patch(path, { name: "Ada Lovelace" });
  expect(renamed.body).toEqual({ ...made.body, name: "Ada Lovelace", updated_at: renamed.body["updated_at"] });
  const emptied = await w.patch(path, { phone: null, address: null, vat_id: null, contacts: [], external_id: null });
  expect(emptied.body).toMatchObject({
    name: "Ada Lovelace",
    phone: null,
    address: null,
    vat_id: null,
    contacts: [],
    external_id: null,
    company: "Example GmbH",
    country: "AT",
  });
  expect((await w.get(path)).body).toEqual(emptied.body);

  const { results } = await env.DB_00.prepare("select type, data from events where tenant_id = ? and subject_id = ? order by seq")
    .bind(w.tenant.id, made.body["id"])
    .all();
  expect(results.map((row) => row["type"])).toEqual(["customer.created", "customer.updated", "customer.updated"]);
  expect(JSON.parse(String(results[1]?.["data"]))).toEqual({ object: renamed.body, previous: { name: "Ada Example" } });
});

test("customers are found by e-mail address, kind and external id, page after page", async () => {
  const w = await world();
  for (const n of upTo(5)) {
    await w.post("/v1/customers", {
      name: `C${n}`,
      email: n % 2 ? "odd@x.example" : "even@x.example",
      kind: n > 3 ? "organization" : "person",
      external_id: `e${n}`,
    });
  }
  const names = async (query: string) =>
    (await w.get(`/v1/customers${query}`)).body["data"].map((customer: { name: string }) => customer.name);
  expect(await names("")).toEqual(["C5", "C4", "C3", "C2", "C1"]);
  expect(await names("?email=odd@x.example")).toEqual(["C5", "C3", "C1"]);
  expect(await names("?kind=organization")).toEqual(["C5", "C4"]);
  expect(await names("?kind=person&email=odd@x.example")).toEqual(["C3", "C1"]);
  expect(await names("?external_id=e2")).toEqual(["C2"]);
  const { next_cursor: cursor } = (await w.get("/v1/customers?limit=2&email=odd@x.example")).body;
  expect(await names(`?limit=2&email=odd@x.example&cursor=${cursor}`)).toEqual(["C1"]);
  expect(await w.get(`/v1/customers?limit=2&email=even@x.example&cursor=${cursor}`)).toMatchObject({
    status: 400,
    body: { code: "invalid_cursor" },
  });
});

test("two customers may share an e-mail address, an external id belongs to one", async () => {
  const w = await world();
  await w.post("/v1/customers", { ...ada, external_id: "crm-1" });
  const twin = await w.post("/v1/customers", ada);
  expect(twin.status).toBe(201);
  expect(await w.post("/v1/customers", { ...ada, external_id: "crm-1" })).toMatchObject({
    status: 409,
    body: { code: "external_id_taken" },
  });
  expect(await w.patch(`/v1/customers/${twin.body["id"]}`, { external_id: "crm-1" })).toMatchObject({
    status: 409,
    body: { code: "external_id_taken" },
  });
  expect((await w.get("/v1/customers")).body["data"]).toHaveLength(2);
});

test("four changes at once are all kept", async () => {
  const w = await world();
  const path = `/v1/customers/${(await w.post("/v1/customers", ada)).body["id"]}`;
  const changes = [{ name: "A" }, { phone: "1" }, { company: "C" }, { country: "DE" }];
  const answers = await Promise.all(changes.map((change) => w.patch(path, change)));
  expect(answers.map((answer) => answer.status)).toEqual([200, 200, 200, 200]);
  expect((await w.get(path)).body).toMatchObject({ name: "A", phone: "1", company: "C", country: "DE" });
});

test.for<[string, object, string]>([
  ["a missing name", { name: undefined }, "/name"],
  ["an address that is no e-mail address", { email: "ada" }, "/email"],
  ["a kind that is none", { kind: "robot" }, "/kind"],
  ["a country that is none", { country: "ZZ" }, "/country"],
  ["a VAT id of spaces", { vat_id: "   " }, "/vat_id"],
  ["a time zone that is none", { time_zone: "+02:00" }, "/time_zone"],
  ["a language that is none", { locale: "Deutsch, bitte" }, "/locale"],
  ["an address without a city", { address: { line1: "Ring 1" } }, "/address/city"],
  [
    "a contact with more than a contact has",
    { contacts: [{ name: "B", email: "b@x.example", password: "x" }] },
    "/contacts/0/password",
  ],
  ["a field that customers do not have", { balance: 5 }, "/balance"],
])("%s is refused where it stands", async ([, more, pointer]) => {
  const w = await world();
  const answer = await w.post("/v1/customers", { ...ada, ...more });
  expect(answer).toMatchObject({ status: 400, body: { code: "invalid_request", errors: [{ pointer }] } });
  expect((await w.get("/v1/customers")).body["data"]).toEqual([]);
});

test("another tenant's customer is answered like one that never was, and stays as it is", async () => {
  const [mine, other] = [await world(), await world()];
  const theirs = await other.post("/v1/customers", { ...ada, external_id: "crm-1" });
  const withoutRequest = (answer: { body: Record<string, unknown> }) => ({ ...answer.body, request_id: "" });
  const never = await mine.get("/v1/customers/cus_000je5x2k8q1t4v7z0b3d6f9h2");
  expect(never).toMatchObject({ status: 404, body: { code: "customer_not_found" } });
  expect(withoutRequest(await mine.get(`/v1/customers/${theirs.body["id"]}`))).toEqual(withoutRequest(never));
  expect(withoutRequest(await mine.patch(`/v1/customers/${theirs.body["id"]}`, { name: "Mine" }))).toEqual(withoutRequest(never));
  expect((await mine.get("/v1/customers?external_id=crm-1")).body["data"]).toEqual([]);
  expect((await other.get(`/v1/customers/${theirs.body["id"]}`)).body).toEqual(theirs.body);
  // an external id is one customer's within its tenant only
  expect((await mine.post("/v1/customers", { ...ada, external_id: "crm-1" })).status).toBe(201);
});
