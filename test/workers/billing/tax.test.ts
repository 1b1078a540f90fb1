import { env } from "cloudflare:workers";
import { expect, test } from "vitest";
import { plansOf } from "../plans.ts";
import { world, type Answer, type World } from "../world.ts";

type Row = Record<string, any>; // oxlint-disable-line typescript/no-explicit-any -- a test reads what it expects

const german = { name: "USt", country: "DE", percent: "19" };

async function firstEntity(w: World): Promise<Row> {
  const { body } = await w.get("/v1/legal_entities");
  expect(body["data"]).toHaveLength(1);
  return body["data"][0];
}

const numbered = (name: string) => ({ name, invoice_prefix: `${name}-{YYYY}-`, credit_note_prefix: `${name}-C-{YYYY}-` });

/** The statuses of two calls, of which neither writes before the other was judged as well. */
async function racing(inserts: RegExp, call: () => Promise<Answer>): Promise<number[]> {
  const [prepare, batch] = [env.DB_00.prepare.bind(env.DB_00), env.DB_00.batch.bind(env.DB_00)];
  const judged: string[] = [];
  env.DB_00.prepare = (sql) => {
    if (inserts.test(sql)) judged.push(sql);
    return prepare(sql);
  };
  env.DB_00.batch = async (statements) => {
    while (judged.length === 1) await scheduler.wait(1);
    return batch(statements);
  };
  try {
    const answers = await Promise.all([call(), call()]);
    return answers.map(({ status }) => status).toSorted((a, b) => a - b);
  } finally {
    Object.assign(env.DB_00, { prepare, batch });
  }
}

test("of two rates for the same place and goods, none is valid on a day of the other; one begins on the day that the other ends", async () => {
  const w = await world();
  const old = await w.post("/v1/tax_rates", { ...german, valid_until_on: "2026-07-01" });
  expect(old.body).toMatchObject({ category: "S", tax_category: "standard", state: null });
  expect((await w.post("/v1/tax_rates", { ...german, percent: "20", valid_from_on: "2026-06-30" })).body).toMatchObject({
    code: "tax_rate_overlaps",
    detail: expect.stringContaining(old.body["id"]),
  });
  const next = await w.post("/v1/tax_rates", { ...german, percent: "20", valid_from_on: "2026-07-01" });
  expect(next.status, next.text).toBe(201);
  expect((await w.patch(`/v1/tax_rates/${old.body["id"]}`, { valid_until_on: null })).body).toMatchObject({
    code: "tax_rate_overlaps",
  });
  expect((await w.post("/v1/tax_rates", { ...german, tax_category: "reduced", percent: "7" })).status).toBe(201);
  expect((await w.post("/v1/tax_rates", { ...german, country: "US", state: "ca", percent: "7.25" })).body["state"]).toBe("CA");

  await w.post(`/v1/tax_rates/${next.body["id"]}/archive`);
  expect((await w.patch(`/v1/tax_rates/${old.body["id"]}`, { valid_until_on: null })).status).toBe(200);
});

test("of two who add the same rate at once, one does", async () => {
  const w = await world();
  expect(await racing(/^insert into "tax_rates"/, () => w.post("/v1/tax_rates", german))).toEqual([201, 409]);
});

test("a tenant and its sandbox sell from the first day, and say at any time where from", async () => {
  const w = await world();
  const { id, ...first } = await firstEntity(w);
  expect(first).toMatchObject({ is_default: true, country: null, invoice_prefix: "INV-{YYYY}-" });
  const told = await w.patch(`/v1/legal_entities/${id}`, { country: "de", vat_id: "DE 136 695 976" });
  expect(told.body).toMatchObject({ country: "DE", vat_id: "DE136695976" });
  const wrong = await w.patch(`/v1/legal_entities/${id}`, { vat_id: "DE136695977" });
  expect(wrong.body).toMatchObject({ code: "invalid_request", errors: [{ pointer: "/vat_id", code: "checksum_failed" }] });
});

test("no two series of a tenant can give the same number, also not one that is past", async () => {
  const w = await world();
  const { id } = await firstEntity(w);
  const taken = { name: "B", invoice_prefix: "INV-2026-", credit_note_prefix: "B-" };
  expect((await w.post("/v1/legal_entities", taken)).body).toMatchObject({ code: "series_taken" });
  expect((await w.post("/v1/legal_entities", { ...taken, invoice_prefix: "B-" })).body).toMatchObject({ code: "series_taken" });
  expect((await w.post("/v1/legal_entities", { ...taken, invoice_prefix: "B-{MM}-" })).body).toMatchObject({
    errors: [{ pointer: "/invoice_prefix", code: "month_without_year" }],
  });

  const customer = await w.post("/v1/customers", { name: "Acme", email: "a@acme.example", kind: "organization", country: "DE" });
  await w.patch(`/v1/legal_entities/${id}`, { country: "DE", vat_id: "DE136695976" });
  const lines = [{ description: "Setup", quantity: 1, unit_amount: 100 }];
  const draft = await w.post("/v1/invoices", { customer_id: customer.body["id"], lines });
  const final = await w.post(`/v1/invoices/${draft.body["id"]}/finalize`);
  expect(final.body["number"], final.text).toMatch(/^INV-\d{4}-000001$/);
  await w.patch(`/v1/legal_entities/${id}`, { invoice_prefix: "A-{YYYY}-" });
  const past = { ...taken, invoice_prefix: "INV-{YYYY}-" };
  expect((await w.post("/v1/legal_entities", past)).body).toMatchObject({ code: "series_taken" });
});

test("of two who add an entity with the same series at once, one does", async () => {
  const w = await world();
  const add = () => w.post("/v1/legal_entities", numbered("X"));
  expect(await racing(/^insert into "legal_entities"/, add)).toEqual([201, 409]);
});

test("there is one default at any time, and it is not archived", async () => {
  const w = await world();
  const first = await firstEntity(w);
  const { body: second } = await w.post("/v1/legal_entities", numbered("AT"));
  expect((await w.post(`/v1/legal_entities/${first["id"]}/archive`)).body).toMatchObject({ code: "legal_entity_is_default" });
  expect((await w.post(`/v1/legal_entities/${second["id"]}/make_default`)).body).toMatchObject({ is_default: true });
  expect((await w.get(`/v1/legal_entities/${first["id"]}`)).body).toMatchObject({ is_default: false });
  expect((await w.post(`/v1/legal_entities/${first["id"]}/archive`)).status).toBe(200);
  expect((await w.post(`/v1/legal_entities/${first["id"]}/make_default`)).body).toMatchObject({ code: "legal_entity_archived" });
});

test.each([
  ["DE 136 695 976", "DE136695976", "valid"],
  ["DE136695977", "DE136695977", "checksum_failed"],
  ["hello", "hello", "malformed"],
])("a VAT id is checked by form and checksum, and nothing is claimed of its business: %s", async (vat_id, normal, format) => {
  const w = await world();
  const { body } = await w.post("/v1/vat/check", { vat_id });
  expect(body).toEqual({ object: "vat_check", vat_id: normal, format, state: "unchecked" });
});

test("rates and legal entities are found by indexes, and no list is sorted", async () => {
  const w = await world();
  const { id } = await firstEntity(w);
  const { body: rate } = await w.post("/v1/tax_rates", german);
  const seen = await plansOf(/tax_rates|legal_entities|document_numbers/, async () => {
    const paths = ["tax_rates", "tax_rates?country=DE", "tax_rates?external_id=x", `tax_rates/${rate["id"]}`, "legal_entities"];
    const more = ["legal_entities?external_id=x", `legal_entities/${id}`];
    for (const path of [...paths, ...more]) expect((await w.get(`/v1/${path}`)).status).toBe(200);
    await w.patch(`/v1/tax_rates/${rate["id"]}`, { name: "VAT" });
    await w.patch(`/v1/legal_entities/${id}`, { name: "B" });
    expect((await w.post("/v1/legal_entities", numbered("Y"))).status).toBe(201);
  });
  expect(seen.length).toBeGreaterThan(8);
  for (const { sql, plan } of seen)
    expect(
      plan.filter((step) => /^SCAN (?!CONSTANT)|TEMP B-TREE/.test(step)),
      sql,
    ).toEqual([]);
});
