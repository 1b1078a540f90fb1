import type { DocumentLine, Party, TaxGroup } from "#rules/billing/documents";
import type { FinalDocument } from "#rules/billing/en16931";
import { dateIn } from "#rules/time";
import type { Brand } from "./brand.ts";
import { countryName } from "./country-names.ts";
import { derivationText } from "./derivations.ts";
import { type DocumentLocale, count, dateRange, figure, fineFigure, longDate, money, percent, NBSP } from "./figures.ts";
import { type Words, wordsOf } from "./words.ts";

/** One line of the table. */
export type Row = {
  description: string;
  quantity: string;
  unitPrice: string;
  tax: string;
  amount: string;
  discount: { label: string; amount: string } | null;
  /** period and derivation */
  small: string[];
};

/** One sum; `total` and `due` stand out. */
export type Sum = { label: string; value: string; weight: "plain" | "total" | "due" };

/** All that a document says, as texts and in the order in which it is read. Where it stands on paper is another matter. */
export type Sheet = {
  title: string;
  wordmark: string;
  headline: string;
  subline: string | null;
  parties: { label: string; name: string; lines: string[] }[];
  facts: { label: string; value: string }[];
  columns: Omit<Row, "discount" | "small">;
  rows: Row[];
  sums: Sum[];
  sections: { title: string; lines: string[] }[];
  footer: string[];
  continued: string;
  page: (page: number, of: number) => string;
};

/** What the document says, in a language. */
export function sheetOf(document: FinalDocument, brand: Brand, locale: DocumentLocale): Sheet {
  const words = wordsOf(locale);
  const title = document.kind === "invoice" ? words.invoice : words.creditNote;
  const { seller, precedingInvoice } = document;
  return {
    title,
    wordmark: brand.name,
    headline: headline(document, words, locale),
    subline: precedingInvoice ? words.corrects(precedingInvoice.number, longDate(precedingInvoice.issuedOn, locale)) : null,
    parties: [
      { label: words.from, ...partyText(seller, words, locale) },
      { label: words.billTo, ...partyText(document.buyer, words, locale) },
    ],
    facts: facts(document, words, locale),
    columns: {
      description: words.description,
      quantity: words.quantity,
      unitPrice: words.unitPrice,
      tax: taxName(document, words),
      amount: words.amount(document.currency),
    },
    rows: document.lines.map((line) => row(line, document, words, locale)),
    sums: sums(document, words, locale),
    sections: sections(document, words),
    footer: [footerLine(seller, words, locale), brand.footer ?? ""].filter((line) => line !== ""),
    continued: `${title} ${document.number} · ${words.continued}`,
    page: words.page,
  };
}

function headline({ kind, currency, totals, prepaid, dueOn }: FinalDocument, words: Words, locale: DocumentLocale): string {
  if (kind === "credit_note") return words.credited(money(currency, totals.total, locale));
  const due = totals.total - prepaid;
  if (due <= 0) return words.paidInFull(money(currency, totals.total, locale));
  const amount = money(currency, due, locale);
  return dueOn === null ? words.dueAmount(amount) : words.dueBy(amount, longDate(dueOn, locale));
}

/** Whether the reader is to pay: a credit note asks for nothing. */
function isDue({ kind, totals, prepaid }: FinalDocument): boolean {
  return kind === "invoice" && totals.total > prepaid;
}

function partyText(party: Party, words: Words, locale: DocumentLocale): { name: string; lines: string[] } {
  const { line1, line2, city, postal_code: code, state } = party.address;
  const country = party.address.country ?? party.country;
  const place = (country !== null && CODE_LAST.has(country) ? [city, state, code] : [code, city, state]).filter(
    (part) => part !== null && part !== "",
  );
  const lines = [
    line1,
    line2,
    place.join(" "),
    country === null ? null : countryName(country, locale),
    party.email,
    party.vatId === null ? null : together(`${words.vatId} ${party.vatId}`),
    party.registration === null ? null : together(`${words.registration} ${party.registration}`),
  ];
  return { name: party.name, lines: lines.filter((line): line is string => line !== null && line !== "") };
}

/** What is not to be broken over two lines. */
function together(text: string): string {
  return text.replaceAll(" ", NBSP);
}

/** Countries whose addresses end in the postal code. */
const CODE_LAST: ReadonlySet<string> = new Set(["AU", "CA", "GB", "IE", "IN", "NZ", "SG", "US"]);

function facts(document: FinalDocument, words: Words, locale: DocumentLocale): Sheet["facts"] {
  const { kind, number, issuedOn, taxPointOn, dueOn, period, orderNumber, buyerReference, precedingInvoice } = document;
  const date = (day: string | null) => (day === null ? null : longDate(day, locale));
  const all: [label: string, value: string | null][] = [
    [words.number[kind], number],
    [words.issuedOn, date(issuedOn)],
    [words.taxPointOn, date(taxPointOn)],
    [words.period, period === null ? null : dateRange(period.startOn, period.endOn, locale)],
    [words.dueOn, isDue(document) ? date(dueOn) : null],
    [words.correctsLabel, precedingInvoice?.number ?? null],
    [words.orderNumber, orderNumber],
    [words.buyerReference, buyerReference],
  ];
  return all.flatMap(([label, value]) => (value === null ? [] : [{ label, value }]));
}

function row(line: DocumentLine, document: FinalDocument, words: Words, locale: DocumentLocale): Row {
  const { currency } = document;
  const { periodStartAt, periodEndAt } = line;
  const range =
    periodStartAt !== null && periodEndAt !== null ? rangeIn(document.timeZone, periodStartAt, periodEndAt, locale) : null;
  const derived = derivationText(line.derivation, { currency, locale, range: rangeIn });
  // a derivation names the period that it takes a part of, which mostly is that of the line
  const told = range !== null && derived?.includes(range) ? null : range;
  const small = [told, derived, line.creditsLine === null ? null : words.creditsLine(line.creditsLine.lineId)];
  return {
    description: line.description,
    quantity: count(line.quantity, locale),
    unitPrice: line.unitAmount === null ? "" : fineFigure(currency, line.unitAmount, locale),
    tax: line.tax.category === "O" ? "–" : percent(line.tax.rate, locale),
    amount: figure(currency, line.amount, locale),
    discount: line.discount === 0 ? null : { label: words.discount, amount: figure(currency, -line.discount, locale) },
    small: small.filter((text) => text !== null),
  };
}

/** A half-open span of instants, by the first and the last day of it. */
function rangeIn(zone: string, startAt: string, endAt: string, locale: DocumentLocale): string {
  const start = new Date(startAt);
  const last = new Date(Math.max(new Date(endAt).getTime() - 1, start.getTime()));
  return dateRange(dateIn(start, zone), dateIn(last, zone), locale);
}

function sums(document: FinalDocument, words: Words, locale: DocumentLocale): Sum[] {
  const { kind, currency, totals, prepaid } = document;
  const amount = (minor: number) => money(currency, minor, locale);
  const plain = (label: string, minor: number): Sum => ({ label, value: amount(minor), weight: "plain" });
  const due = totals.total - prepaid;
  const dueLabel = due < 0 ? words.overpaid : words.due;
  return [
    // where the lines are the total without tax, one line says both
    ...(totals.subtotal === totals.taxable ? [] : [plain(words.subtotal, totals.subtotal)]),
    ...(totals.discountTotal === 0 ? [] : [plain(words.discount, -totals.discountTotal)]),
    plain(words.withoutTax, totals.taxable),
    ...totals.groups.map((group) => plain(groupLabel(group, document, words, locale), group.tax)),
    ...(totals.rounding === 0 ? [] : [plain(words.rounding, totals.rounding)]),
    { label: words.total[kind], value: amount(totals.total), weight: "total" },
    ...(prepaid === 0 ? [] : [plain(words.paid, -prepaid)]),
    // a credit note is settled by whoever keeps the balance: it asks for nothing
    ...(kind === "invoice" ? [{ label: dueLabel, value: amount(Math.abs(due)), weight: "due" as const }] : []),
  ];
}

function groupLabel(group: TaxGroup, document: FinalDocument, words: Words, locale: DocumentLocale): string {
  const taxable = money(document.currency, group.taxable, locale);
  if (group.category === "S" || group.category === "Z")
    return words.taxOn(taxName(document, words), percent(group.rate, locale), taxable);
  return group.reason ? words.untaxed(group.reason, taxable) : words.outside(taxable);
}

/** Who has a VAT id charges VAT; what others charge may be any tax. */
function taxName({ seller }: FinalDocument, words: Words): string {
  return seller.vatId === null ? words.tax : words.vat;
}

function sections(document: FinalDocument, words: Words): Sheet["sections"] {
  const { groups } = document.totals;
  // a reason stands as the tenant wrote it; the words that the law asks for stand in the language of the document as well
  const legal = groups.some(({ category }) => category === "AE") ? [words.reverseCharge] : [];
  const given = [...new Set(groups.map(({ reason }) => reason).filter((reason) => reason !== null))];
  const reasons = [...given.filter((reason) => !legal.some((text) => text.includes(reason))), ...legal];
  const notes = document.notes.filter((note) => !given.includes(note));
  const included = document.taxBehavior === "inclusive" ? [words.included] : [];
  const due = isDue(document);
  const all = [
    { title: words.taxNotes, lines: [...reasons, ...included] },
    { title: words.terms, lines: document.paymentTerms === null ? [] : [document.paymentTerms] },
    { title: words.bank, lines: due && document.bank !== null ? bankLines(document, document.bank, words) : [] },
    { title: words.notes, lines: notes },
  ];
  return all.filter(({ lines }) => lines.length > 0);
}

function bankLines({ number, seller }: FinalDocument, bank: NonNullable<FinalDocument["bank"]>, words: Words): string[] {
  const iban = bank.iban.replaceAll(" ", "").replaceAll(/(.{4})(?=.)/g, "$1\u00a0");
  return [
    `${words.accountHolder}: ${seller.name}`,
    [`IBAN: ${iban}`, bank.bic === null ? null : `BIC: ${bank.bic}`, bank.name].filter((part) => part !== null).join(" · "),
    `${words.reference}: ${number}`,
  ];
}

function footerLine(seller: Party, words: Words, locale: DocumentLocale): string {
  const { name, lines } = partyText(seller, words, locale);
  return [name, ...lines].join(" · ");
}
