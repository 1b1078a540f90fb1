import { decimalAmount, decimalsOf } from "../money.ts";
import {
  add,
  compare,
  decimalOf,
  div,
  mul,
  ratio,
  roundHalfAwayFromZero,
  sub,
  sum,
  toRational,
  type Rational,
  ZERO,
} from "../rational.ts";
import { dateIn } from "../time.ts";
import {
  type DocumentLine,
  type DocumentTotals,
  type LineShare,
  type Party,
  type TaxBehavior,
  type TaxCategory,
  type TaxGroup,
  rateOf,
  taxOfLines,
} from "./documents.ts";

/** An invoice or credit note as it was finalized: all that its PDF and its XML are made of. Dates are `YYYY-MM-DD` in `timeZone`. */
export type FinalDocument = {
  kind: "invoice" | "credit_note";
  /** `inv_…` or `cn_…` */
  id: string;
  number: string;
  currency: string;
  taxBehavior: TaxBehavior;
  /** the tenant's, in which instants become dates */
  timeZone: string;
  issuedOn: string;
  /** null: as issued */
  taxPointOn: string | null;
  dueOn: string | null;
  /** the first and last day that the document is for, where it is for one period */
  period: { startOn: string; endOn: string } | null;
  seller: Party;
  buyer: Party;
  lines: DocumentLine[];
  totals: DocumentTotals;
  /** what was settled or credited before the document was issued, in minor units */
  prepaid: number;
  /** sentences that stand on the document, such as the words of a reverse charge */
  notes: string[];
  paymentTerms: string | null;
  /** the account that a transfer goes to */
  bank: { iban: string; bic: string | null; name: string | null } | null;
  /** the buyer's own words for this purchase: order number, cost center */
  buyerReference: string | null;
  orderNumber: string | null;
  /** the invoice that a credit note corrects */
  precedingInvoice: { number: string; issuedOn: string } | null;
};

/** Seller or buyer as EN 16931 names them. */
export type EnParty = {
  name: string;
  /** BT-31, BT-48: with its prefix */
  vatId: string | null;
  /** BT-32: at the tax office, where there is no VAT id */
  taxNumber: string | null;
  /** BT-30, BT-47 */
  registration: string | null;
  email: string | null;
  line1: string | null;
  line2: string | null;
  city: string | null;
  postalCode: string | null;
  region: string | null;
  country: string;
};

/** BG-25. Amounts are decimal texts in the currency. Always: quantity × price ÷ baseQuantity - allowance = net. */
export type EnLine = {
  id: string;
  name: string;
  quantity: string;
  /** UN/ECE 20: C62, one */
  unitCode: "C62";
  price: string;
  /** how many the price is for */
  baseQuantity: string;
  allowance: string | null;
  net: string;
  category: TaxCategory;
  /** null where the category knows none: O */
  rate: string | null;
  period: { startOn: string; endOn: string } | null;
};

/** BG-23. */
export type EnTax = {
  category: TaxCategory;
  rate: string | null;
  taxable: string;
  tax: string;
  /** BT-120 */
  reason: string | null;
  /** BT-121, of the list VATEX */
  reasonCode: string | null;
};

/** A document in the terms of EN 16931, in the order in which UBL and CII want it. Amounts are decimal texts in the currency. */
export type EnDocument = {
  specification: "urn:cen.eu:en16931:2017";
  /** 380 commercial invoice, 381 credit note */
  typeCode: "380" | "381";
  number: string;
  issuedOn: string;
  taxPointOn: string | null;
  dueOn: string | null;
  currency: string;
  buyerReference: string | null;
  orderNumber: string | null;
  notes: string[];
  paymentTerms: string | null;
  /** BG-16: 58 SEPA transfer, 30 any other; null: no account is told */
  transfer: { meansCode: "30" | "58"; iban: string; bic: string | null; name: string | null } | null;
  period: { startOn: string; endOn: string } | null;
  preceding: { number: string; issuedOn: string } | null;
  seller: EnParty;
  buyer: EnParty;
  /** BT-80: of a supply within the EU */
  deliverToCountry: string | null;
  lines: EnLine[];
  breakdown: EnTax[];
  sums: {
    /** BT-106 */
    lines: string;
    /** BT-109 */
    withoutTax: string;
    /** BT-110 */
    tax: string;
    /** BT-112 */
    withTax: string;
    /** BT-113 */
    prepaid: string;
    /** BT-114 */
    rounding: string;
    /** BT-115 */
    due: string;
  };
};

/** Why a document has no XML. `fields` names what is missing. */
export type XmlRefused = {
  code:
    | "currency_too_fine"
    | "no_lines"
    | "seller_incomplete"
    | "seller_unidentified"
    | "buyer_incomplete"
    | "buyer_unidentified"
    | "payment_terms_missing"
    | "taxes_not_combinable"
    | "reason_missing"
    | "rules_broken";
  detail: string;
  fields: string[];
};

/** One rule of EN 16931, and whether the document keeps it. */
export type RuleVerdict = { rule: string; holds: boolean; text: string };

/** Null where the document can be written as XML of EN 16931, else the first thing that stands against it. */
export function whyNoXml(document: FinalDocument): XmlRefused | null {
  if (decimalsOf(document.currency) > 2)
    return no("currency_too_fine", `EN 16931 writes amounts with 2 decimals, and ${document.currency} has 3.`);
  if (document.lines.length === 0) return no("no_lines", "EN 16931 wants at least one line.");
  return whyNoParty(document) ?? whyNoTaxes(document) ?? whyNoTerms(document) ?? whyNotByRules(document);
}

/**
 * The document in the terms of EN 16931. Inclusive prices become net ones, so that the lines sum to what is taxed; the rest of a cent is
 * BT-114. A line of negative amount has a negative quantity, for a price is never below zero; a price that does not give the amount exactly
 * (tiers, parts of a minor unit) is written as the amount for all of the quantity.
 * Throws RangeError where `whyNoXml` has an answer.
 */
export function enDocument(document: FinalDocument): EnDocument {
  const refused = whyNoXml(document);
  if (refused) throw new RangeError(refused.detail);
  return built(document);
}

/** The rules of EN 16931 on sums, identification and tax categories, each judged by the texts that would be written. */
export function judgeRules(document: EnDocument): RuleVerdict[] {
  const categories = new Set(document.lines.map(({ category }) => category));
  const general = Object.entries(RULES).map(([rule, { text, holds }]) => ({ rule, text, holds: holds(document) }));
  const special = [...categories].flatMap((category) => categoryRules(document, category));
  return [...general, ...special];
}

const VATEX: Partial<Record<TaxCategory, string>> = {
  AE: "VATEX-EU-AE",
  G: "VATEX-EU-G",
  O: "VATEX-EU-O",
  K: "VATEX-EU-IC",
};

/** What a rule's code calls a category. */
const SHORT: Record<TaxCategory, string> = { S: "S", Z: "Z", E: "E", AE: "AE", G: "G", O: "O", K: "IC" };

/** Categories that must say why there is no tax. */
const NEEDS_REASON: ReadonlySet<TaxCategory> = new Set(["E", "AE", "G", "O", "K"]);

const RULES: Record<string, { text: string; holds: (document: EnDocument) => boolean }> = {
  "BR-02": { text: "There is a number.", holds: ({ number }) => number !== "" },
  "BR-16": { text: "There is at least one line.", holds: ({ lines }) => lines.length > 0 },
  "BR-25": { text: "Every line has a name.", holds: ({ lines }) => lines.every(({ name }) => name.trim() !== "") },
  "BR-27": { text: "No price is below zero.", holds: ({ lines }) => lines.every(({ price }) => value(price).n >= 0n) },
  "BR-55": {
    text: "A preceding invoice has a number.",
    holds: ({ preceding }) => preceding === null || preceding.number !== "",
  },
  "BR-CO-09": {
    text: "VAT ids begin with the code of a country.",
    holds: ({ seller, buyer }) => [seller, buyer].every(({ vatId }) => vatId === null || /^[A-Z]{2}/.test(vatId)),
  },
  "BR-CO-10": {
    text: "The sum of line net amounts is the sum of the lines.",
    holds: ({ lines, sums }) => same(sums.lines, sum(lines.map(({ net }) => value(net)))),
  },
  "BR-CO-13": {
    text: "The total without tax is the sum of the lines: there is nothing on the whole document.",
    holds: ({ sums }) => same(sums.withoutTax, value(sums.lines)),
  },
  "BR-CO-14": {
    text: "The total tax is the sum of the tax of each category.",
    holds: ({ breakdown, sums }) => same(sums.tax, sum(breakdown.map(({ tax }) => value(tax)))),
  },
  "BR-CO-15": {
    text: "The total with tax is the total without tax and the total tax.",
    holds: ({ sums }) => same(sums.withTax, add(value(sums.withoutTax), value(sums.tax))),
  },
  "BR-CO-16": {
    text: "What is due is the total with tax, less what is paid, and the rounding.",
    holds: ({ sums }) => same(sums.due, add(sub(value(sums.withTax), value(sums.prepaid)), value(sums.rounding))),
  },
  "BR-CO-17": {
    text: "The tax of each category is its base times its rate, rounded in the currency.",
    // the standard's own check reads a rate below 0.5 % as none, and wants no tax of it; it allows less than 1.00 between. An invoice is exact here.
    // A credit note's tax is the invoice's less that of earlier notes, so that all of it is given back to the last unit: it may be one unit off its own base.
    holds: ({ breakdown, currency, typeCode }) =>
      breakdown.every(
        (group) => isTaxOf(group, currency, typeCode === "381") && (!roundsToZero(group.rate ?? "0") || roundsToZero(group.tax)),
      ),
  },
  "BR-CO-18": { text: "There is at least one category of tax.", holds: ({ breakdown }) => breakdown.length > 0 },
  "BR-CO-25": {
    text: "What is due has a due date or terms of payment.",
    holds: ({ sums, dueOn, paymentTerms }) => value(sums.due).n <= 0n || dueOn !== null || paymentTerms !== null,
  },
  "BR-CO-26": {
    text: "The seller has a VAT id or a registration.",
    holds: ({ seller }) => seller.vatId !== null || seller.registration !== null,
  },
  "BR-DEC": {
    text: "Amounts have at most 2 decimals.",
    holds: ({ lines, breakdown, sums }) =>
      [
        ...Object.values(sums),
        ...breakdown.flatMap(({ taxable, tax }) => [taxable, tax]),
        ...lines.flatMap(({ net, allowance }) => [net, allowance ?? "0"]),
      ].every((text) => /^-?\d+(\.\d{1,2})?$/.test(text)),
  },
};

/** The rules `BR-S-*`, `BR-AE-*`, ... of a category that the document has lines of. */
function categoryRules(document: EnDocument, category: TaxCategory): RuleVerdict[] {
  const { lines, breakdown, seller, buyer } = document;
  const ours = breakdown.filter((group) => group.category === category);
  const rates = [...lines.filter((line) => line.category === category), ...ours].map(({ rate }) => rate);
  const verdict = (number: string, text: string, holds: boolean) => ({ rule: `BR-${SHORT[category]}-${number}`, text, holds });
  return [
    verdict("01", "Its lines have their part of the tax breakdown.", category === "S" ? ours.length > 0 : ours.length === 1),
    verdict("02", "Seller and buyer are identified as the category asks.", identified(category, seller, buyer)),
    verdict(
      "05",
      "Its rate is one that the category may have.",
      rates.every((rate) => mayHaveRate(category, rate)),
    ),
    verdict(
      "08",
      "What is taxed is the sum of its lines.",
      ours.every((group) => same(group.taxable, sum(linesOf(document, group).map(({ net }) => value(net))))),
    ),
    verdict("09", "Its tax follows from its rate.", category === "S" || ours.every(({ tax }) => value(tax).n === 0n)),
    verdict(
      "10",
      "It says why there is no tax, or there is tax.",
      ours.every(({ reason, reasonCode }) => (reason !== null || reasonCode !== null) === NEEDS_REASON.has(category)),
    ),
    ...(category === "O"
      ? [
          verdict(
            "11",
            "Nothing else stands beside what is out of scope.",
            lines.every((line) => line.category === "O"),
          ),
        ]
      : []),
    ...(category === "K"
      ? [
          verdict("11", "The time of the supply is told.", document.period !== null || document.taxPointOn !== null),
          verdict("12", "The country of the supply is told.", document.deliverToCountry !== null),
        ]
      : []),
  ];
}

function identified(category: TaxCategory, seller: EnParty, buyer: EnParty): boolean {
  const sellerTaxed = seller.vatId !== null || seller.taxNumber !== null;
  switch (category) {
    case "S":
    case "Z":
    case "E":
      return sellerTaxed;
    case "AE":
      return sellerTaxed && (buyer.vatId !== null || buyer.registration !== null);
    case "G":
      return seller.vatId !== null;
    case "K":
      return seller.vatId !== null && buyer.vatId !== null;
    case "O":
      return seller.vatId === null && buyer.vatId === null;
  }
}

function mayHaveRate(category: TaxCategory, rate: string | null): boolean {
  if (category === "O") return rate === null;
  if (rate === null) return false;
  return category === "S" ? value(rate).n > 0n : value(rate).n === 0n;
}

function linesOf({ lines }: EnDocument, group: Pick<EnTax, "category" | "rate">): EnLine[] {
  return lines.filter(({ category, rate }) => category === group.category && rate === group.rate);
}

/** Whether a group's tax is its base times its rate; of a credit note, to one minor unit. */
function isTaxOf(group: EnTax, currency: string, isCreditNote: boolean): boolean {
  const off = sub(value(group.tax), roundedTax(group, currency));
  const allowed = isCreditNote ? ratio(1n, 10n ** BigInt(decimalsOf(currency))) : ZERO;
  return compare(off, allowed) <= 0 && compare(sub(ZERO, off), allowed) <= 0;
}

function roundedTax({ taxable, rate }: EnTax, currency: string): Rational {
  const unit = 10n ** BigInt(decimalsOf(currency));
  const exact = mul(value(taxable), rateOf(rate ?? "0"));
  return ratio(BigInt(roundHalfAwayFromZero(mul(exact, toRational(unit)))), unit);
}

function roundsToZero(text: string): boolean {
  return roundHalfAwayFromZero(value(text)) === 0;
}

function whyNoParty({ seller, buyer, totals }: FinalDocument): XmlRefused | null {
  const sellerLacks = missing(seller);
  if (sellerLacks.length > 0) return no("seller_incomplete", `The seller lacks: ${sellerLacks.join(", ")}.`, sellerLacks);
  const buyerLacks = missing(buyer);
  if (buyerLacks.length > 0) return no("buyer_incomplete", `The buyer lacks: ${buyerLacks.join(", ")}.`, buyerLacks);

  const categories = new Set(totals.groups.map(({ category }) => category));
  if (categories.has("O") && seller.registration === null)
    return no("seller_unidentified", "Out of scope of VAT, a seller is named by a registration, and there is none.", [
      "registration",
    ]);
  if ((categories.has("G") || categories.has("K")) && seller.vatId === null)
    return no("seller_unidentified", "Without the seller's VAT id there is no such exemption.", ["vat_id"]);
  if (seller.vatId === null && seller.registration === null)
    return no("seller_unidentified", "The seller has neither a VAT id nor a registration.", ["vat_id", "registration"]);
  if (categories.has("K") && buyer.vatId === null)
    return no("buyer_unidentified", "A supply within the EU names the buyer's VAT id.", ["vat_id"]);
  if (categories.has("AE") && buyer.vatId === null && buyer.registration === null)
    return no("buyer_unidentified", "A reverse charge names the buyer's VAT id.", ["vat_id"]);
  return null;
}

function missing(party: Party): string[] {
  return [party.name.trim() === "" ? "name" : null, countryOfParty(party) === null ? "country" : null].filter(
    (field) => field !== null,
  );
}

function whyNoTaxes({ totals: { groups } }: FinalDocument): XmlRefused | null {
  const outside = groups.filter(({ category }) => category === "O");
  if (outside.length > 0 && outside.length < groups.length)
    return no("taxes_not_combinable", "What is out of scope of VAT cannot stand on one document with anything else.");
  const silent = groups.find(({ category, reason }) => NEEDS_REASON.has(category) && !VATEX[category] && !reason);
  if (silent) return no("reason_missing", `Category ${silent.category} has to say why there is no tax.`, ["reason"]);
  const wrong = groups.find(({ category, rate }) => !mayHaveRate(category, category === "O" && rate === "0" ? null : rate));
  if (wrong) return no("taxes_not_combinable", `Category ${wrong.category} cannot have the rate ${wrong.rate}.`);
  // zero-taxed groups are merged below, but two sums that were rounded apart cannot be written as one
  const taxed = groups.filter(({ category }) => category === "S").map(({ rate }) => rate);
  if (new Set(taxed).size < taxed.length)
    return no("taxes_not_combinable", "One rate stands on the document twice, for different reasons.");
  return null;
}

function whyNoTerms({ totals, prepaid, dueOn, paymentTerms }: FinalDocument): XmlRefused | null {
  if (totals.total - prepaid <= 0 || dueOn !== null || paymentTerms !== null) return null;
  return no("payment_terms_missing", "What is due needs a due date or terms of payment.", ["due_on", "payment_terms"]);
}

/** The last word: what would be written is judged by the standard's own rules. */
function whyNotByRules(document: FinalDocument): XmlRefused | null {
  const broken = judgeRules(built(document)).filter(({ holds }) => !holds);
  if (broken.length === 0) return null;
  return no("rules_broken", `The document would break ${broken.map(({ rule, text }) => `${rule} (${text})`).join(", ")}`);
}

function built(document: FinalDocument): EnDocument {
  const { currency, totals } = document;
  const shares = taxOfLines(document.lines, totals, document.taxBehavior);
  const amount = (minor: number) => decimalAmount(currency, minor);
  const outside = totals.groups.some(({ category }) => category === "O");
  const buyer = { ...enParty(document.buyer, outside), taxNumber: null };
  return {
    specification: "urn:cen.eu:en16931:2017",
    typeCode: document.kind === "invoice" ? "380" : "381",
    number: document.number,
    issuedOn: document.issuedOn,
    taxPointOn: document.taxPointOn,
    dueOn: document.dueOn,
    currency,
    buyerReference: document.buyerReference,
    orderNumber: document.orderNumber,
    notes: document.notes,
    paymentTerms: document.paymentTerms,
    transfer: document.bank && {
      meansCode: currency === "EUR" ? "58" : "30",
      ...document.bank,
      iban: document.bank.iban.replaceAll(" ", ""),
    },
    period: document.period,
    preceding: document.precedingInvoice,
    seller: enParty(document.seller, outside),
    buyer,
    deliverToCountry: totals.groups.some(({ category }) => category === "K") ? buyer.country : null,
    lines: document.lines.map((line, index) => enLine(line, shares[index], document)),
    breakdown: merged(totals.groups).map((group) => ({
      category: group.category,
      rate: enRate(group),
      taxable: amount(group.taxable),
      tax: amount(group.tax),
      reason: NEEDS_REASON.has(group.category) ? group.reason : null,
      reasonCode: VATEX[group.category] ?? null,
    })),
    sums: {
      lines: amount(shares.reduce((all, { taxable }) => all + taxable, 0)),
      withoutTax: amount(totals.taxable),
      tax: amount(totals.taxTotal),
      withTax: amount(totals.taxable + totals.taxTotal),
      prepaid: amount(document.prepaid),
      rounding: amount(totals.rounding),
      due: amount(totals.total - document.prepaid),
    },
  };
}

/** Exemptions of one category are one group to EN 16931, with all their reasons: none of them has any tax that was rounded. */
function merged(groups: readonly TaxGroup[]): TaxGroup[] {
  const byKey = new Map<string, TaxGroup>();
  for (const group of groups) {
    const key = `${group.category} ${group.rate}`;
    const before = byKey.get(key);
    const reasons = [before?.reason, group.reason].filter((reason) => reason != null);
    byKey.set(key, {
      ...group,
      taxable: (before?.taxable ?? 0) + group.taxable,
      tax: (before?.tax ?? 0) + group.tax,
      reason: reasons.length > 0 ? [...new Set(reasons)].join("; ") : null,
    });
  }
  return [...byKey.values()];
}

function enLine(line: DocumentLine, share: LineShare | undefined, { currency, taxBehavior, timeZone }: FinalDocument): EnLine {
  const net = share?.taxable ?? 0;
  // on a negative line an allowance would be an addition: it is written without one, at what is left of it
  const allowance = line.amount > 0 ? netOfDiscount(line, taxBehavior) : 0;
  const before = net + allowance;
  const unit = exactUnit(line, before, taxBehavior);
  const size = Math.abs(line.quantity) || 1;
  return {
    id: line.id,
    name: line.description,
    quantity: String(before < 0 ? -size : size),
    unitCode: "C62",
    price: unit === null ? decimalAmount(currency, Math.abs(before)) : inCurrency(unit, currency),
    baseQuantity: unit === null ? String(size) : "1",
    allowance: allowance === 0 ? null : decimalAmount(currency, allowance),
    net: decimalAmount(currency, net),
    category: line.tax.category,
    rate: enRate(line.tax),
    period:
      line.periodStartAt !== null && line.periodEndAt !== null
        ? { startOn: dateIn(new Date(line.periodStartAt), timeZone), endOn: lastDay(line.periodEndAt, timeZone) }
        : null,
  };
}

/** The price each, where it gives the amount without rounding. */
function exactUnit(line: DocumentLine, before: number, behavior: TaxBehavior): Rational | null {
  if (behavior === "inclusive" || line.unitAmount === null || before <= 0) return null;
  const unit = toRational(line.unitAmount);
  const exact = compare(mul(unit, toRational(line.quantity)), toRational(before)) === 0;
  return exact && unit.n >= 0n ? unit : null;
}

function netOfDiscount({ discount, tax }: DocumentLine, behavior: TaxBehavior): number {
  if (behavior === "exclusive") return discount;
  return roundHalfAwayFromZero(div(toRational(discount), add(toRational(1), rateOf(tax.rate))));
}

function inCurrency(minor: Rational, currency: string): string {
  return decimalOf(div(minor, toRational(10n ** BigInt(decimalsOf(currency))))) ?? "0";
}

/** The last day of a half-open period. */
function lastDay(endAt: string, timeZone: string): string {
  return dateIn(new Date(Date.parse(endAt) - 1), timeZone);
}

function enRate({ category, rate }: Pick<TaxGroup, "category" | "rate">): string | null {
  return category === "O" ? null : (decimalOf(toRational(rate)) ?? "0");
}

/** BR-O-02: a document of what is out of scope names no VAT id at all. */
function enParty(party: Party, outside: boolean): EnParty {
  const { address } = party;
  const vatId = outside ? null : party.vatId;
  return {
    name: party.name,
    vatId,
    taxNumber: vatId === null ? party.registration : null,
    registration: party.registration,
    email: party.email,
    line1: address.line1,
    line2: address.line2,
    city: address.city,
    postalCode: address.postal_code,
    region: address.state,
    country: countryOfParty(party) ?? "",
  };
}

function countryOfParty({ address, country }: Party): string | null {
  return address.country ?? country;
}

function value(text: string): Rational {
  return toRational(text);
}

function same(text: string, exact: Rational): boolean {
  return compare(value(text), exact) === 0;
}

function no(code: XmlRefused["code"], detail: string, fields: string[] = []): XmlRefused {
  return { code, detail, fields };
}
