import { fc, test } from "@fast-check/vitest";
import { describe, expect } from "vitest";
import type { DocumentLine } from "#rules/billing/documents";
import { amountDueOf } from "#rules/billing/invoices";
import { balancesOf, whatIsWrong } from "#rules/billing/ledger";
import { Company } from "./company.ts";

const DAY = 86_400_000;
const customers = fc.constantFrom("cus_a", "cus_b");
const pick = fc.nat(1_000);
const part = fc.integer({ min: 1, max: 1_300 });
const lines = fc.array(
  fc.record({
    amount: fc.oneof({ weight: 8, arbitrary: fc.nat(10_000) }, { weight: 1, arbitrary: fc.integer({ min: -500, max: -1 }) }),
    rate: fc.constantFrom("19", "7", "0"),
    /** days of its period before and after the invoice; null: none */
    period: fc.option(fc.tuple(fc.nat(40), fc.integer({ min: -5, max: 400 }))),
  }),
  { minLength: 1, maxLength: 3 },
);
const commands = fc.oneof(
  { weight: 4, arbitrary: fc.record({ do: fc.constant("finalize" as const), who: customers, lines, inclusive: fc.boolean() }) },
  { weight: 5, arbitrary: fc.record({ do: fc.constant("pay" as const), pick, part, fee: fc.nat(40) }) },
  {
    weight: 2,
    arbitrary: fc.record({ do: fc.constant("pay_order" as const), who: customers, amount: fc.nat(9_000), isOver: fc.boolean() }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant("pay_wrongly" as const),
      who: customers,
      amount: fc.nat(9_000),
      isDollars: fc.boolean(),
    }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("apply" as const), pick, other: pick }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant("spend" as const), pick }) },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constant("credit_note" as const),
      pick,
      part: fc.integer({ min: 1, max: 1_000 }),
      how: fc.constantFrom("full", "amount", "line"),
      toCredit: fc.boolean(),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("void" as const), pick }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("give_up" as const), pick }) },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constant("refund" as const),
      pick,
      part,
      from: fc.constantFrom("invoice", "unapplied", "credit"),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant("end_refund" as const),
      pick,
      as: fc.constantFrom("succeeded", "failed", "canceled"),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant("dispute" as const),
      pick,
      part,
      as: fc.constantFrom("inquiry", "open", "lost", "won"),
    }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("decide" as const), pick, as: fc.constantFrom("open", "won", "lost") }) },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant("give" as const),
      who: customers,
      amount: fc.integer({ min: 1, max: 3_000 }),
      days: fc.option(fc.integer({ min: 1, max: 60 })),
    }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("pass" as const), ms: fc.integer({ min: 1, max: 60 * DAY }) }) },
);
type Command = typeof commands extends fc.Arbitrary<infer T> ? T : never;

const chosen = <T>(list: readonly T[], index: number): T | undefined => list[index % Math.max(list.length, 1)];
const ofWhole = (whole: number, thousandths: number) => Math.max(1, Math.floor((whole * thousandths) / 1_000));

function lineOf(
  company: Company,
  { amount, rate, period }: { amount: number; rate: string; period: [number, number] | null },
  index: number,
): DocumentLine {
  const at = (days: number) => new Date(company.now + days * DAY).toISOString();
  return {
    id: String(index + 1),
    description: "Something",
    quantity: 1,
    unitAmount: String(amount),
    amount,
    discount: 0,
    net: amount,
    tax: { category: rate === "0" ? "Z" : "S", rate, taxRateId: null, reason: null },
    priceId: null,
    priceRev: null,
    productId: null,
    subscriptionItemId: null,
    periodStartAt: period && at(-period[0]),
    periodEndAt: period && at(Math.max(period[1], 1 - period[0])),
    derivation: { kind: "manual" },
    creditsLine: null,
  };
}

function run(company: Company, command: Command): void {
  const invoice = "pick" in command ? chosen(company.invoices, command.pick) : undefined;
  const payment = "pick" in command ? chosen(company.payments, command.pick) : undefined;
  const due = invoice && invoice.status !== "void" ? amountDueOf({ ...invoice, total: invoice.totals.total }) : 0;
  switch (command.do) {
    case "finalize": {
      const made = command.lines.map((line, index) => lineOf(company, line, index));
      return company.finalize(command.who, made, command.inclusive ? "inclusive" : "exclusive");
    }
    case "pay": {
      if (!invoice) return;
      const amount = ofWhole(due || 700, command.part);
      const target = { kind: "invoice" as const, status: invoice.status, amountDue: due, currency: "EUR", invoice };
      return company.pay(invoice.customerId, amount, target, "EUR", Math.min(command.fee, amount));
    }
    case "pay_order": {
      const total = command.isOver ? Math.floor(command.amount / 2) : command.amount + 5;
      const target = { kind: "order" as const, status: "pending" as const, total, amountPaid: 0, currency: "EUR" };
      return company.pay(command.who, command.amount, target, "EUR", 0);
    }
    case "pay_wrongly": {
      const target = { kind: "order" as const, status: "canceled" as const, total: 5, amountPaid: 0, currency: "EUR" };
      return company.pay(command.who, command.amount, target, command.isDollars ? "USD" : "EUR", 0);
    }
    case "apply": {
      const other = chosen(company.payments, command.other);
      return invoice && other && company.applyUnapplied(other, invoice);
    }
    case "spend":
      return invoice && company.spendCredit(invoice);
    case "credit_note": {
      if (!invoice) return;
      const { id, net } = chosen(invoice.lines, command.part)!;
      const amount = ofWhole(command.how === "line" ? net : invoice.totals.total, command.part);
      const wish =
        command.how === "full"
          ? ({ kind: "full" } as const)
          : command.how === "line"
            ? ({ kind: "lines", lines: [{ lineId: id, amount }] } as const)
            : ({ kind: "amount", amount } as const);
      return company.creditNote(invoice, wish, command.toCredit ? "credit" : "refund");
    }
    case "void":
      return invoice && company.move(invoice, "void");
    case "give_up":
      return invoice && company.move(invoice, "mark_uncollectible");
    case "refund":
      return payment && company.refund(payment, ofWhole(payment.amountReceived, command.part), command.from);
    case "end_refund": {
      const refund = chosen(company.refunds, command.pick);
      return refund && company.endRefund(refund, command.as);
    }
    case "dispute":
      return (
        payment &&
        company.dispute(payment, Math.min(payment.amountReceived, ofWhole(payment.amountReceived, command.part)), command.as)
      );
    case "decide": {
      const dispute = chosen(company.disputes, command.pick);
      return dispute && company.decide(dispute, command.as);
    }
    case "give":
      return company.give(command.who, command.amount, command.days === null ? null : command.days * DAY);
    case "pass":
      return company.pass(command.ms);
  }
}

/** What of the books is told by no row: not earned is what the lines say, and nothing is where it may not be. */
function alsoWrong(company: Company): string[] {
  const invoices = company.invoices.flatMap((invoice) => {
    const paid = invoice.totals.total - invoice.notes.reduce((sum, note) => sum + note.totals.total, 0);
    return paid < 0 ? [`${invoice.id} is credited beyond its total`] : [];
  });
  const credits = company.credits.flatMap(({ id, remaining, amount }) =>
    remaining < 0 || remaining > amount ? [`${id} has ${remaining}`] : [],
  );
  const payments = company.payments.flatMap((payment) => {
    const sent = company.refunds
      .filter((refund) => refund.payment === payment && (refund.status === "pending" || refund.status === "succeeded"))
      .reduce((sum, { amount }) => sum + amount, 0);
    const out = sent + payment.amountDisputed;
    return payment.unapplied < 0 || out > payment.amountReceived ? [`${payment.id} gave ${out}, holds ${payment.unapplied}`] : [];
  });
  return [...invoices, ...credits, ...payments];
}

const sequences = fc.array(commands, { minLength: 20, maxLength: 60 });

/** Runs them, and holds the books against the rows after each. */
function companyAfter(list: readonly Command[]): Company {
  const company = new Company();
  for (const command of list) {
    run(company, command);
    expect(whatIsWrong(company.groups, company.rows())).toEqual([]);
    expect(alsoWrong(company)).toEqual([]);
  }
  return company;
}

describe("a company's books", () => {
  test.prop([sequences], { numRuns: 60 })(
    "agree with its rows after every command, and nothing is left to be earned in the end",
    (list) => {
      const company = companyAfter(list);
      company.pass(2_000 * DAY);
      expect(whatIsWrong(company.groups, company.rows())).toEqual([]);
      const left = balancesOf(company.groups.flatMap(({ entries }) => entries)).filter(({ account }) => account === "deferred");
      expect(left.every(({ amount }) => amount === 0)).toBe(true);
    },
  );

  test("and such commands reach every kind of fact", () => {
    const sample = fc.sample(sequences, { seed: 42, numRuns: 160 });
    const keys = sample.flatMap((list) => companyAfter(list).groups.map(({ key }) => key));
    expect(sample.flat().length).toBeGreaterThan(2_000);
    expect([...new Set(keys.map((key) => key.replace(/_\d+/, "").split("/", 2).join("/")))].toSorted()).toEqual([
      "cn/issued",
      "crd/applied",
      "crd/clawed_back",
      "crd/expired",
      "crd/granted",
      "crd/restored",
      "dsp/lost",
      "dsp/opened",
      "dsp/won",
      "inv/finalized",
      "inv/recognized",
      "inv/recovered",
      "inv/uncollectible",
      "inv/voided",
      "pay/applied",
      "pay/fee",
      "pay/settled",
      "ref/failed",
      "ref/sent",
    ]);
  });
});
