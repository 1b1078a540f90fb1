import type { DocumentLocale } from "./figures.ts";

/** The words of a document that are ours. What a tenant wrote (descriptions, notes, reasons) stands as it was written. */
export type Words = {
  invoice: string;
  creditNote: string;
  from: string;
  billTo: string;
  number: Record<"invoice" | "credit_note", string>;
  issuedOn: string;
  taxPointOn: string;
  dueOn: string;
  period: string;
  orderNumber: string;
  buyerReference: string;
  corrects: (number: string, date: string) => string;
  correctsLabel: string;
  vatId: string;
  registration: string;
  description: string;
  quantity: string;
  unitPrice: string;
  tax: string;
  amount: (currency: string) => string;
  included: string;
  discount: string;
  subtotal: string;
  withoutTax: string;
  vat: string;
  taxOn: (tax: string, rate: string, taxable: string) => string;
  outside: (taxable: string) => string;
  untaxed: (reason: string, taxable: string) => string;
  reverseCharge: string;
  rounding: string;
  total: Record<"invoice" | "credit_note", string>;
  paid: string;
  due: string;
  overpaid: string;
  dueBy: (amount: string, date: string) => string;
  dueAmount: (amount: string) => string;
  credited: (amount: string) => string;
  paidInFull: (amount: string) => string;
  notes: string;
  taxNotes: string;
  terms: string;
  bank: string;
  accountHolder: string;
  reference: string;
  page: (page: number, of: number) => string;
  continued: string;
  credit: (part: string, full: string) => string;
  charge: (part: string, full: string) => string;
  days: (n: string, d: string, range: string) => string;
  spans: (left: string, whole: string, range: string) => string;
  fraction: (n: string, d: string, range: string) => string;
  units: Record<"day" | "hour" | "minute" | "second", (n: string, one: boolean) => string>;
  packages: (count: string, size: string) => string;
  flatFee: (amount: string) => string;
  creditsLine: (line: string) => string;
};

const plural = (one: string, many: string) => (n: string, isOne: boolean) => `${n} ${isOne ? one : many}`;

const EN: Words = {
  invoice: "Invoice",
  creditNote: "Credit note",
  from: "From",
  billTo: "Billed to",
  number: { invoice: "Invoice number", credit_note: "Credit note number" },
  issuedOn: "Date of issue",
  taxPointOn: "Tax point",
  dueOn: "Due date",
  period: "Period",
  orderNumber: "Order",
  buyerReference: "Your reference",
  corrects: (number, date) => `This credit note corrects invoice ${number} of ${date}.`,
  correctsLabel: "Corrects invoice",
  vatId: "VAT ID",
  registration: "Reg. no.",
  description: "Description",
  quantity: "Qty",
  unitPrice: "Unit price",
  tax: "Tax",
  amount: (currency) => `Amount (${currency})`,
  included: "Prices include tax.",
  discount: "Discount",
  subtotal: "Subtotal",
  withoutTax: "Total without tax",
  vat: "VAT",
  taxOn: (tax, rate, taxable) => `${tax} ${rate} on ${taxable}`,
  outside: (taxable) => `No tax on ${taxable}`,
  untaxed: (reason, taxable) => `${reason} (on ${taxable})`,
  reverseCharge: "Reverse charge",
  rounding: "Rounding",
  total: { invoice: "Total", credit_note: "Total credit" },
  paid: "Already settled",
  due: "Amount due",
  overpaid: "In your favor",
  dueBy: (amount, date) => `${amount} due by ${date}`,
  dueAmount: (amount) => `${amount} due`,
  credited: (amount) => `${amount} credited`,
  paidInFull: (amount) => `${amount}, settled in full`,
  notes: "Notes",
  taxNotes: "Tax",
  terms: "Terms of payment",
  bank: "Bank transfer",
  accountHolder: "Account holder",
  reference: "Reference",
  page: (page, of) => `Page ${page} of ${of}`,
  continued: "continued",
  credit: (part, full) => `Credit for ${part} of ${full}`,
  charge: (part, full) => `${part} of ${full}`,
  days: (n, d, range) => `${n} of ${d} days (${range})`,
  spans: (left, whole, range) => `${left} of ${whole} (${range})`,
  fraction: (n, d, range) => `${n}/${d} (${range})`,
  units: {
    day: plural("day", "days"),
    hour: plural("hour", "hours"),
    minute: plural("minute", "minutes"),
    second: plural("second", "seconds"),
  },
  packages: (count, size) => `${count} × package of ${size}`,
  flatFee: (amount) => `fee of ${amount}`,
  creditsLine: (line) => `Gives back line ${line} of the earlier invoice.`,
};

const DE: Words = {
  invoice: "Rechnung",
  creditNote: "Rechnungskorrektur",
  from: "Von",
  billTo: "Rechnung an",
  number: { invoice: "Rechnungs-Nr.", credit_note: "Korrektur-Nr." },
  issuedOn: "Datum",
  taxPointOn: "Leistungsdatum",
  dueOn: "Fällig am",
  period: "Leistungszeitraum",
  orderNumber: "Bestellung",
  buyerReference: "Ihre Referenz",
  corrects: (number, date) => `Diese Rechnungskorrektur berichtigt die Rechnung ${number} vom ${date}.`,
  correctsLabel: "Berichtigt Rechnung",
  vatId: "USt-IdNr.",
  registration: "Reg.-Nr.",
  description: "Beschreibung",
  quantity: "Menge",
  unitPrice: "Einzelpreis",
  tax: "Steuer",
  amount: (currency) => `Betrag (${currency})`,
  included: "Die Preise enthalten die Steuer.",
  discount: "Rabatt",
  subtotal: "Zwischensumme",
  withoutTax: "Summe ohne Steuer",
  vat: "USt.",
  taxOn: (tax, rate, taxable) => `${tax} ${rate} auf ${taxable}`,
  outside: (taxable) => `Keine Steuer auf ${taxable}`,
  untaxed: (reason, taxable) => `${reason} (auf ${taxable})`,
  reverseCharge: "Steuerschuldnerschaft des Leistungsempfängers (Reverse charge)",
  rounding: "Rundung",
  total: { invoice: "Gesamtbetrag", credit_note: "Gutschriftsbetrag" },
  paid: "Bereits beglichen",
  due: "Offener Betrag",
  overpaid: "Zu Ihren Gunsten",
  dueBy: (amount, date) => `${amount} fällig am ${date}`,
  dueAmount: (amount) => `${amount} offen`,
  credited: (amount) => `${amount} gutgeschrieben`,
  paidInFull: (amount) => `${amount}, vollständig beglichen`,
  notes: "Hinweise",
  taxNotes: "Steuer",
  terms: "Zahlungsbedingungen",
  bank: "Überweisung",
  accountHolder: "Kontoinhaber",
  reference: "Verwendungszweck",
  page: (page, of) => `Seite ${page} von ${of}`,
  continued: "Fortsetzung",
  credit: (part, full) => `Gutschrift für ${part} von ${full}`,
  charge: (part, full) => `${part} von ${full}`,
  days: (n, d, range) => `${n} von ${d} Tagen (${range})`,
  spans: (left, whole, range) => `${left} von ${whole} (${range})`,
  fraction: (n, d, range) => `${n}/${d} (${range})`,
  // short, since whole words would have to follow the case of "von"
  units: {
    day: plural("Tg.", "Tg."),
    hour: plural("Std.", "Std."),
    minute: plural("Min.", "Min."),
    second: plural("Sek.", "Sek."),
  },
  packages: (count, size) => `${count} × Paket zu ${size}`,
  flatFee: (amount) => `Gebühr von ${amount}`,
  creditsLine: (line) => `Nimmt Position ${line} der früheren Rechnung zurück.`,
};

/** The words of a language. */
export function wordsOf(locale: DocumentLocale): Words {
  return locale === "de" ? DE : EN;
}
