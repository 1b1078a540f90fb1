import { env } from "cloudflare:workers";
import { createExecutionContext } from "cloudflare:test";
import { expect, test } from "vitest";
import { tend } from "../../../workers/tend.ts";
import { plansOf } from "../plans.ts";
import { world, type World } from "../world.ts";

type Row = Record<string, any>; // oxlint-disable-line typescript/no-explicit-any -- a test reads what it expects

/** A customer in a country. */
export async function buyer(w: World, about: Row = {}): Promise<string> {
  const made = await w.post("/v1/customers", {
    name: "Acme",
    email: "pay@acme.example",
    kind: "organization",
    country: "DE",
    ...about,
  });
  expect(made.status, made.text).toBe(201);
  return made.body["id"];
}

/** The tenant sells from a country. */
async function sellsFrom(w: World, country: string, vatId: string | null = null): Promise<void> {
  await env.DB_00.prepare("update legal_entities set country = ?, vat_id = ? where tenant_id = ?")
    .bind(country, vatId, w.tenant.id)
    .run();
}

async function draft(
  w: World,
  customer: string,
  lines: Row[] = [{ description: "Setup", quantity: 2, unit_amount: 5000 }],
  more: Row = {},
): Promise<Row> {
  const made = await w.post("/v1/invoices", { customer_id: customer, lines, ...more });
  expect(made.status, made.text).toBe(201);
  return made.body;
}

const open = async (w: World, customer: string, ...rest: [lines?: Row[], more?: Row]): Promise<Row> => {
  const { id } = await draft(w, customer, ...rest);
  const final = await w.post(`/v1/invoices/${id}/finalize`);
  expect(final.status, final.text).toBe(200);
  return final.body;
};

async function balances(w: World): Promise<Record<string, number>> {
  const { results } = await env.DB_00.prepare(
    "select account || coalesce(':' || provider, '') as account, sum(amount) as amount from ledger_entries where tenant_id = ? group by 1",
  )
    .bind(w.tenant.id)
    .all<{ account: string; amount: number }>();
  return Object.fromEntries(results.filter(({ amount }) => amount !== 0).map(({ account, amount }) => [account, amount]));
}

test("a draft has no number and owes nothing; final, it has both, and its event says the number", async () => {
  const w = await world();
  await sellsFrom(w, "DE", "DE136695976");
  const customer = await buyer(w);
  const made = await draft(w, customer);
  expect(made).toMatchObject({ status: "draft", number: null, subtotal: 10_000, tax_total: 1900, total: 11_900, amount_due: 0 });
  expect(await balances(w)).toEqual({});

  const final = await w.post(`/v1/invoices/${made["id"]}/finalize`);
  const year = new Date().getUTCFullYear();
  expect(final.body).toMatchObject({
    status: "open",
    number: `INV-${year}-000001`,
    total: 11_900,
    amount_due: 11_900,
    tax_groups: [{ category: "S", rate: "19", taxable: 10_000, tax: 1900 }],
    buyer: { name: "Acme", country: "DE" },
  });
  expect(final.body["content_hash"]).toMatch(/^[0-9a-f]{64}$/);
  expect((await w.get(`/v1/invoices/${made["id"]}`)).body).toEqual(final.body);
  expect(await balances(w)).toEqual({ receivable: 11_900, revenue: -10_000, tax: -1900 });
  const events = (await w.get("/v1/events?type=invoice.finalized")).body["data"];
  expect(events.map((event: Row) => event["data"].object.number)).toEqual([`INV-${year}-000001`]);
});

test("finalizing twice, with and without an Idempotency-Key, answers the same and takes one number", async () => {
  const w = await world();
  const customer = await buyer(w);
  const { id } = await draft(w, customer);
  const first = await w.post(`/v1/invoices/${id}/finalize`, undefined, { idempotencyKey: "f1" });
  const again = await w.post(`/v1/invoices/${id}/finalize`, undefined, { idempotencyKey: "f1" });
  const plain = await w.post(`/v1/invoices/${id}/finalize`);
  expect([first.status, again.text, plain.text]).toEqual([200, first.text, first.text]);
  expect(again.headers.get("idempotency-replayed")).toBe("true");
  expect((await open(w, customer))["number"]).toMatch(/-000002$/);
});

test("200 invoices become final at once, some of them refused in the middle: no gap, no number twice", async () => {
  const w = await world();
  const customer = await buyer(w);
  const ids = await Promise.all(
    Array.from({ length: 200 }, async (_, n) => (await draft(w, customer, n % 10 === 7 ? [] : undefined))["id"]),
  );
  const answers = await Promise.all(ids.map((id) => w.post(`/v1/invoices/${id}/finalize`)));
  expect(answers.filter(({ status }) => status === 409).map(({ body }) => body["code"])).toEqual(
    Array(20).fill("invoice_incomplete"),
  );
  const numbers = answers.filter(({ status }) => status === 200).map(({ body }) => Number(body["number"].slice(-6)));
  expect(numbers.toSorted((a, b) => a - b)).toEqual(Array.from({ length: 180 }, (_, n) => n + 1));
});

test("a final invoice is never changed: not by the API, and not by a statement", async () => {
  const w = await world();
  const invoice = await open(w, await buyer(w));
  const changed = await w.patch(`/v1/invoices/${invoice["id"]}`, { notes: "cheaper" });
  expect([changed.status, changed.body["code"]]).toEqual([409, "invoice_not_draft"]);
  expect((await w.patch(`/v1/invoices/${invoice["id"]}`, { metadata: { seen: "yes" } })).status).toBe(200);
  const statement = (sql: string) => env.DB_00.prepare(sql).bind(invoice["id"]).run();
  await expect(statement("update invoices set total = 1 where id = ?")).rejects.toThrow(/never changed/);
  await expect(statement("update invoices set lines = '[]' where id = ?")).rejects.toThrow(/never changed/);
  await expect(statement("delete from invoices where id = ?")).rejects.toThrow(/never deleted/);
  await expect(statement("update ledger_entries set amount = 0 where invoice_id = ?")).rejects.toThrow(/only added to/);
  await expect(statement("delete from ledger_entries where invoice_id = ?")).rejects.toThrow(/only added to/);
});

test("money from outside settles an invoice by and by; what is too much is the customer's, and pays the next", async () => {
  const w = await world();
  const customer = await buyer(w);
  const first = await open(w, customer);
  const part = await w.post(`/v1/invoices/${first["id"]}/pay`, { amount: 4000 });
  expect(part.body).toMatchObject({ status: "open", amount_paid: 4000, amount_due: 6000 });
  const rest = await w.post(`/v1/invoices/${first["id"]}/pay`, { amount: 7500, note: "Transfer" });
  expect(rest.body).toMatchObject({ status: "paid", amount_paid: 10_000, amount_due: 0 });
  expect(await balances(w)).toEqual({ "cash:manual": 11_500, customer_credit: -1500, revenue: -10_000 });

  const second = await open(w, customer);
  expect(second).toMatchObject({ status: "open", credit_applied: 1500, amount_due: 8500 });
  const third = await open(w, customer, [{ description: "Nothing", unit_amount: 0 }]);
  expect(third).toMatchObject({ status: "paid", amount_due: 0 });
  expect((await w.post(`/v1/invoices/${second["id"]}/pay`, { method: "credit" })).body["code"]).toBe("credit_missing");
  expect((await w.post(`/v1/invoices/${first["id"]}/pay`, {})).body["code"]).toBe("invoice_not_open");
});

test("ten payments of one invoice race, and no money is put to it twice", async () => {
  const w = await world();
  const invoice = await open(w, await buyer(w));
  const answers = await Promise.all(
    Array.from({ length: 10 }, () => w.post(`/v1/invoices/${invoice["id"]}/pay`, { amount: 3000 })),
  );
  const settled = answers.filter(({ status }) => status === 200).length;
  const now = (await w.get(`/v1/invoices/${invoice["id"]}`)).body;
  expect(now).toMatchObject({ status: "paid", amount_paid: 10_000 });
  expect(settled).toBe(4);
  expect(await balances(w)).toEqual({ "cash:manual": 12_000, customer_credit: -2000, revenue: -10_000 });
});

test("void takes back what was posted, keeps its number, and is refused once something was settled", async () => {
  const w = await world();
  const customer = await buyer(w);
  const wrong = await open(w, customer);
  const gone = await w.post(`/v1/invoices/${wrong["id"]}/void`);
  expect(gone.body).toMatchObject({ status: "void", number: wrong["number"], amount_due: 0 });
  expect(await balances(w)).toEqual({});
  expect((await w.post(`/v1/invoices/${wrong["id"]}/void`)).text).toBe(gone.text);
  const kept = await open(w, customer);
  await w.post(`/v1/invoices/${kept["id"]}/pay`, { amount: 1 });
  expect((await w.post(`/v1/invoices/${kept["id"]}/void`)).body["code"]).toBe("invoice_partly_settled");
});

test("what was given up is lost, and money that comes later recovers it", async () => {
  const w = await world();
  const invoice = await open(w, await buyer(w));
  await w.post(`/v1/invoices/${invoice["id"]}/pay`, { amount: 1000 });
  const given = await w.post(`/v1/invoices/${invoice["id"]}/mark_uncollectible`);
  expect(given.body).toMatchObject({ status: "uncollectible", amount_due: 9000 });
  expect(await balances(w)).toEqual({ "cash:manual": 1000, bad_debt: 9000, revenue: -10_000 });
  const paid = await w.post(`/v1/invoices/${invoice["id"]}/pay`, {});
  expect(paid.body).toMatchObject({ status: "paid", amount_paid: 10_000 });
  expect(await balances(w)).toEqual({ "cash:manual": 10_000, revenue: -10_000 });
});

test("credit is spent on one invoice by parts, and on one that was given up too, and the books agree", async () => {
  const w = await world();
  const customer = await buyer(w);
  const [kept, given] = [await open(w, customer), await open(w, customer)];
  await w.post(`/v1/invoices/${given["id"]}/mark_uncollectible`);
  await w.post(`/v1/customers/${customer}/credits`, { amount: 6000 });
  const spend = async (invoice: Row, amount: number) =>
    (await w.post(`/v1/invoices/${invoice["id"]}/pay`, { method: "credit", amount })).body;
  for (const applied of [1000, 2000, 3000]) expect(await spend(kept, 1000)).toMatchObject({ credit_applied: applied });
  for (const applied of [1000, 2000]) expect(await spend(given, 1000)).toMatchObject({ credit_applied: applied });
  expect(await balances(w)).toEqual({ receivable: 7000, bad_debt: 8000, customer_credit: -1000, revenue: -14_000 });
  expect((await w.get("/v1/ledger/check")).body).toMatchObject({ ok: true, faults: [] });
});

test("a business of another member state accounts for the tax itself only where VIES has said so", async () => {
  const w = await world();
  await sellsFrom(w, "DE", "DE136695976");
  const customer = await buyer(w, { country: "AT", vat_id: "ATU13585627" });
  expect(await draft(w, customer)).toMatchObject({ tax_total: 2000, lines: [{ tax_rate: "20", tax_category: "S" }] });
  await env.DB_00.prepare(
    "insert into vat_checks (tenant_id, id, vat_id, customer_id, state, checked_at) values (?, 'vat_1', 'ATU13585627', ?, 'valid', ?)",
  )
    .bind(w.tenant.id, customer, Date.now())
    .run();
  expect(await draft(w, customer)).toMatchObject({
    tax_total: 0,
    tax_groups: [{ category: "AE", rate: "0", reason: "Reverse charge", taxable: 10_000, tax: 0 }],
  });
});

test("sums of a span are told by currency and status", async () => {
  const w = await world();
  const customer = await buyer(w);
  await open(w, customer);
  const paid = await open(w, customer, undefined, { currency: "USD" });
  await w.post(`/v1/invoices/${paid["id"]}/pay`, {});
  const { currencies } = (await w.get("/v1/invoices/stats")).body as Row;
  expect(currencies).toMatchObject([
    { currency: "EUR", statuses: [{ status: "open", count: 1, total: 10_000, amount_due: 10_000, amount_overdue: 0 }] },
    { currency: "USD", statuses: [{ status: "paid", count: 1, amount_paid: 10_000 }] },
  ]);
  expect((await w.get("/v1/invoices/stats?from_at=2020-01-01T00:00:00Z")).body["code"]).toBe("invalid_request");
});

test("a credit note lowers what is due first, and what was paid becomes credit that the next invoice spends", async () => {
  const w = await world();
  await sellsFrom(w, "DE", "DE136695976");
  const customer = await buyer(w);
  const invoice = await open(w, customer);
  await w.post(`/v1/invoices/${invoice["id"]}/pay`, { amount: 9000 });
  const preview = await w.post("/v1/credit_notes/preview", { invoice_id: invoice["id"], lines: [{ line: "1", quantity: 1 }] });
  expect(preview.body).toMatchObject({ total: 5950, to_due: 2900, to_credit: 3050, closes: false });

  const note = await w.post("/v1/credit_notes", { invoice_id: invoice["id"], lines: [{ line: "1", quantity: 1 }] });
  expect(note.status, note.text).toBe(201);
  expect(note.body).toMatchObject({ total: 5950, taxable: 5000, tax_total: 950, to_due: 2900, to_credit: 3050 });
  expect(note.body["number"]).toMatch(/^CN-\d{4}-000001$/);
  expect((await w.get(`/v1/invoices/${invoice["id"]}`)).body).toMatchObject({
    status: "paid",
    amount_credited: 2900,
    amount_due: 0,
  });
  expect(await balances(w)).toEqual({ "cash:manual": 9000, customer_credit: -3050, revenue: -5000, tax: -950 });

  const next = await open(w, customer);
  expect(next).toMatchObject({ credit_applied: 3050, amount_due: 8850 });
  const last = await w.post("/v1/credit_notes", { invoice_id: invoice["id"] });
  expect(last.body).toMatchObject({ total: 5950, to_due: 0, to_credit: 5950 });
  const beyond = await w.post("/v1/credit_notes", { invoice_id: invoice["id"] });
  expect([beyond.status, beyond.body["code"]]).toEqual([409, "invoice_not_creditable"]);
});

test("ten credit notes of 3,000 race for an invoice of 10,000, and it is not credited beyond its total", async () => {
  const w = await world();
  const invoice = await open(w, await buyer(w));
  const answers = await Promise.all(
    Array.from({ length: 10 }, () => w.post("/v1/credit_notes", { invoice_id: invoice["id"], amount: 3000 })),
  );
  expect(answers.filter(({ status }) => status === 201)).toHaveLength(3);
  expect(answers.filter(({ body }) => body["code"] === "credit_too_large")).toHaveLength(7);
  expect((await w.get(`/v1/invoices/${invoice["id"]}`)).body).toMatchObject({ amount_credited: 9000, amount_due: 1000 });
  expect(await balances(w)).toEqual({ receivable: 1000, revenue: -1000 });
});

test("credit that is given pays what ends soonest first, and none of it twice at once", async () => {
  const w = await world();
  const customer = await buyer(w);
  const give = (body: Row) => w.post(`/v1/customers/${customer}/credits`, body);
  await give({ amount: 6000 });
  const soon = new Date(Date.now() + 86_400_000).toISOString();
  await give({ amount: 5000, expires_at: soon, source: "promotion" });
  expect((await give({ amount: 1, expires_at: "2020-01-01T00:00:00Z" })).body["code"]).toBe("invalid_request");
  const ids = await Promise.all(
    [1, 2].map(async () => (await draft(w, customer, [{ description: "One", unit_amount: 7000 }]))["id"]),
  );
  await Promise.all(ids.map((id) => w.post(`/v1/invoices/${id}/finalize`)));
  const both = await Promise.all(ids.map(async (id) => (await w.get(`/v1/invoices/${id}`)).body));
  expect(both.map((row: Row) => row["credit_applied"]).toSorted((a, b) => a - b)).toEqual([4000, 7000]);
  const left = (await w.get(`/v1/customers/${customer}/credits`)).body["data"];
  expect(left.map((row: Row) => row["remaining"])).toEqual([0, 0]);
});

test("the books are listed by page, and the check finds what was changed behind them", async () => {
  const w = await world();
  const customer = await buyer(w);
  const [paid, half] = [await open(w, customer), await open(w, customer)];
  await w.post(`/v1/invoices/${paid["id"]}/pay`, { amount: 12_000 });
  await w.post("/v1/credit_notes", { invoice_id: half["id"], amount: 100 });
  const sound = (await w.get("/v1/ledger/check")).body;
  expect(sound).toMatchObject({ ok: true, groups: 4, faults: [] });

  const seen: Row[] = [];
  for (let cursor = ""; ;) {
    const page = (await w.get(`/v1/ledger?limit=3${cursor}`)).body;
    seen.push(...page["data"]);
    if (!page["has_more"]) break;
    cursor = `&cursor=${page["next_cursor"]}`;
  }
  expect([seen.length, new Set(seen.map(({ id }) => id)).size]).toEqual([sound["entries"], sound["entries"]]);
  const ofHalf = (await w.get(`/v1/ledger?invoice_id=${half["id"]}`)).body["data"];
  expect(ofHalf.every((entry: Row) => entry["invoice_id"] === half["id"])).toBe(true);
  expect((await w.get("/v1/ledger/balances")).body["balances"]).toContainEqual({
    account: "cash",
    provider: "manual",
    currency: "EUR",
    amount: 12_000,
  });

  const statement = (sql: string, ...values: unknown[]) =>
    env.DB_00.prepare(sql)
      .bind(w.tenant.id, ...values)
      .run();
  await statement("update invoices set amount_due = amount_due + 7 where tenant_id = ? and status = 'open'");
  await statement("update credits set remaining = remaining - 1 where tenant_id = ? and remaining > 0");
  await statement("update payments set amount_received = 1 where tenant_id = ?");
  await statement(
    "insert into ledger_entries (tenant_id, group_key, line, account, currency, amount, at) values (?, 'x', 0, 'revenue', 'EUR', 5, 1)",
  );
  const broken = (await w.get("/v1/ledger/check")).body;
  expect(broken["faults"].map((fault: Row) => fault["code"]).toSorted()).toEqual([
    "cash_differs",
    "customer_credit_differs",
    "group_unbalanced",
    "receivable_differs",
  ]);
});

test("credit whose time is over is earned once, told, and spent by nobody", async () => {
  const w = await world();
  const customer = await buyer(w);
  const soon = new Date(Date.now() + 60_000).toISOString();
  const { id } = (await w.post(`/v1/customers/${customer}/credits`, { amount: 900, expires_at: soon })).body;
  await env.DB_00.prepare("update credits set expires_at = ? where id = ?")
    .bind(Date.now() - 1, id)
    .run();
  expect(await open(w, customer)).toMatchObject({ credit_applied: 0, amount_due: 10_000 });
  await tend(env, createExecutionContext());
  await tend(env, createExecutionContext());
  const [credit] = (await w.get(`/v1/customers/${customer}/credits`)).body["data"];
  expect(credit).toMatchObject({ remaining: 0, amount: 900, expired_at: expect.any(String) });
  expect(await balances(w)).toEqual({ receivable: 10_000, revenue: -10_000 });
  expect((await w.get("/v1/events?type=credit.expired")).body["data"]).toHaveLength(1);
  expect((await w.get("/v1/ledger/check")).body["ok"]).toBe(true);
});

test("what is left in a closed tenant holds up nobody's credit, and none is paid into a balance beyond 2^53", async () => {
  const [gone, w] = [await world(), await world()];
  const [theirs, ours] = [await buyer(gone), await buyer(w)];
  await env.DB_00.prepare(
    `insert into credits (tenant_id, id, customer_id, currency, source, amount, remaining, expires_at, version, metadata, created_at, updated_at)
     with recursive n (i) as (select 1 union all select i + 1 from n where i < 100)
     select ?1, 'crd_' || i, ?2, 'EUR', 'promotion', 1, 1, 1, 1, '{}', 1, 1 from n`,
  )
    .bind(gone.tenant.id, theirs)
    .run();
  await env.DB_00.prepare("update tenants set closed_at = 1 where id = ?").bind(gone.tenant.id).run();
  const { id } = (await w.post(`/v1/customers/${ours}/credits`, { amount: 900 })).body;
  await env.DB_00.prepare("update credits set expires_at = 2 where id = ?").bind(id).run();
  await tend(env, createExecutionContext());
  expect((await w.get(`/v1/customers/${ours}/credits`)).body["data"]).toMatchObject([{ remaining: 0 }]);

  const [first, second] = [await open(w, ours), await open(w, ours)];
  const all = { amount: Number.MAX_SAFE_INTEGER };
  expect((await w.post(`/v1/invoices/${first["id"]}/pay`, all)).status).toBe(200);
  const refused = await w.post(`/v1/invoices/${second["id"]}/pay`, all);
  expect([refused.status, refused.body["errors"]]).toMatchObject([400, [{ pointer: "/amount", code: "balance_too_large" }]]);
  expect((await w.post(`/v1/invoices/${second["id"]}/pay`, {})).body).toMatchObject({ status: "paid" });
});

test("an order is taxed as its invoice will be, and the buyer pays it", async () => {
  const w = await world();
  await sellsFrom(w, "DE", "DE136695976");
  const product = (await w.post("/v1/products", { name: "Editor", code: "editor" })).body["id"];
  const template = (
    await w.post("/v1/templates", {
      name: "Year",
      product_id: product,
      type: "subscription",
      model: "per_device",
      pricing: { currency: "EUR", unit_amount: 3333 },
    })
  ).body["id"];
  const order = async (customer: string) =>
    w.post("/v1/orders", {
      customer_id: customer,
      provider: "manual",
      items: [{ template_id: template, quantity: 2 }, { template_id: template }],
      discount: { amount: 999 },
    });
  const home = (await order(await buyer(w))).body;
  expect(home).toMatchObject({ subtotal: 9999, discount_total: 999, tax_total: 1710, total: 10_710 });
  expect(home["lines"].map((line: Row) => [line["tax"], line["tax_rate"], line["total"]])).toEqual([
    [1140, "19", 7140],
    [570, "19", 3570],
  ]);
  const abroad = (await order(await buyer(w, { country: "US" }))).body;
  expect(abroad).toMatchObject({ tax_total: 0, total: 9000 });
  expect(abroad["lines"][0]["tax_reason"]).toMatch(/outside/);
  const nowhere = await order(await buyer(w, { country: null }));
  expect([nowhere.status, nowhere.body["code"]]).toEqual([409, "sale_not_taxable"]);
});

test("whatever billing asks the database goes by an index, and sorts nothing", async () => {
  const w = await world();
  const customer = await buyer(w, { vat_id: "DE136695976" });
  const plans = await plansOf(
    /invoices|credit_notes|credits|payments|ledger_entries|legal_entities|tax_rates|vat_checks/,
    async () => {
      const invoice = await open(w, customer);
      await w.post(`/v1/customers/${customer}/credits`, { amount: 5 });
      await w.post(`/v1/invoices/${invoice["id"]}/pay`, { amount: 5000 });
      await w.post(`/v1/invoices/${invoice["id"]}/pay`, { method: "credit" });
      await w.post("/v1/credit_notes", { invoice_id: invoice["id"], amount: 10 });
      for (const filter of [
        "",
        "status=open",
        `customer_id=${customer}`,
        "order_id=x",
        `number=${invoice["number"]}`,
        "external_id=x",
      ])
        await w.get(`/v1/invoices?${filter}`);
      for (const filter of ["", `customer_id=${customer}`, `invoice_id=${invoice["id"]}`, "external_id=x"])
        await w.get(`/v1/credit_notes?${filter}`);
      await w.get(`/v1/customers/${customer}/credits`);
      await w.get("/v1/invoices/stats");
      for (const filter of ["", `invoice_id=${invoice["id"]}`]) await w.get(`/v1/ledger?${filter}`);
      await tend(env, createExecutionContext());
    },
  );
  const slow = plans.flatMap(({ sql, plan }) => {
    const strays = plan.filter((step) => /^SCAN (?!json_each|CONSTANT ROW|taken|.*VIRTUAL|credits USING INDEX)/.test(step));
    // sums of a span are gathered, and what a customer has to spend is put in order: little of each
    const mayOrder = sql.includes("sum(") || plan.some((step) => step.includes("credits_spendable"));
    const sorts = mayOrder ? [] : plan.filter((step) => step.includes("TEMP B-TREE"));
    return [...strays, ...sorts].map((step) => `${step} in ${sql.slice(0, 200)}`);
  });
  expect(slow).toEqual([]);
  expect(plans.length).toBeGreaterThan(20);
});
