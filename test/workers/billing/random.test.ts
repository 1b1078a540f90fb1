import * as fc from "fast-check";
import { expect, test } from "vitest";
import { world, type World } from "../world.ts";

type Row = Record<string, any>; // oxlint-disable-line typescript/no-explicit-any -- a test reads what it expects

/** Commands as somebody without a plan would give them; most are refused now and then, and a refusal changes nothing. */
const COMMANDS = [
  "draft",
  "finalize",
  "pay",
  "overpay",
  "credit",
  "void",
  "give_up",
  "correct",
  "correct_all",
  "grant",
  "change",
] as const;

type Command = { what: (typeof COMMANDS)[number]; which: number; amount: number; currency: string };

const command: fc.Arbitrary<Command> = fc.record({
  what: fc.constantFrom(...COMMANDS),
  which: fc.nat({ max: 5 }),
  amount: fc.integer({ min: 1, max: 20_000 }),
  currency: fc.constantFrom("EUR", "JPY", "KWD"),
});

/** What a command asks, of the invoices that there are: the newest ones, so that most of it hits something. */
async function give(
  w: World,
  customers: string[],
  invoices: string[],
  { what, which, amount, currency }: Command,
): Promise<number> {
  const customer = customers[which % customers.length];
  const id = invoices.at(-1 - (which % Math.max(invoices.length, 1)));
  if (what === "grant") return (await w.post(`/v1/customers/${customer}/credits`, { amount, currency })).status;
  if (what === "draft" || id === undefined) {
    const lines = [
      { description: "One", quantity: 1 + (which % 3), unit_amount: amount, discount: which },
      { description: "Two", unit_amount: amount % 97 },
    ];
    const made = await w.post("/v1/invoices", {
      customer_id: customer,
      currency,
      lines,
      tax_behavior: which % 2 ? "inclusive" : "exclusive",
    });
    invoices.push(made.body["id"]);
    return made.status;
  }
  const on = (verb: string, body?: Row) => w.post(`/v1/invoices/${id}/${verb}`, body);
  switch (what) {
    case "finalize":
      return (await on("finalize")).status;
    case "pay":
      return (await on("pay", { amount: 1 + (amount % 5000) })).status;
    case "overpay":
      return (await on("pay", { amount: amount + 10_000 })).status;
    case "credit":
      return (await on("pay", { method: "credit" })).status;
    case "void":
      return (await on("void")).status;
    case "give_up":
      return (await on("mark_uncollectible")).status;
    case "change":
      return (await w.patch(`/v1/invoices/${id}`, { notes: `Note ${amount}` })).status;
    case "correct":
      return (await w.post("/v1/credit_notes", { invoice_id: id, amount: 1 + (amount % 3000) })).status;
    case "correct_all":
      return (await w.post("/v1/credit_notes", { invoice_id: id })).status;
  }
}

test(
  "after random commands, given one by one and at once, the books agree with the rows, and numbers have no gap",
  { timeout: 120_000 },
  async () => {
    const w = await world();
    const made = ["Ada", "Bob"].map((name) =>
      w.post("/v1/customers", { name, email: "a@b.example", kind: "person", country: "DE" }),
    );
    const customers = (await Promise.all(made)).map(({ body }): string => body["id"]);
    const invoices: string[] = [];
    const commands = fc.sample(command, { numRuns: 480 });
    for (let from = 0; from < commands.length; from += 8) {
      const round = commands.slice(from, from + 8);
      const statuses = from % 16 === 0 ? await Promise.all(round.map((each) => give(w, customers, invoices, each))) : [];
      if (statuses.length === 0) for (const each of round) statuses.push(await give(w, customers, invoices, each));
      expect(
        statuses.filter((status) => ![200, 201, 409].includes(status)),
        JSON.stringify(round),
      ).toEqual([]);
      expect((await w.get("/v1/ledger/check")).body, JSON.stringify(round)).toMatchObject({ ok: true, faults: [] });
    }
    const all: Row[] = (await Promise.all(invoices.map((id) => w.get(`/v1/invoices/${id}`)))).map(({ body }) => body);
    const numbers = all.flatMap(({ number }) => (number === null ? [] : Number(number.slice(-6)))).toSorted((a, b) => a - b);
    expect(numbers.length).toBeGreaterThan(20);
    expect(numbers).toEqual(numbers.map((_, index) => index + 1));
  },
);
