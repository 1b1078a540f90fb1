import type { LineTax, TaxCategory } from "./documents.ts";
import { type RateChoice, type TaxRate, chooseRate } from "./tax.ts";
import { looksMistyped, readVatId } from "./vat-ids.ts";
import { isEuState, standardVatRate } from "./vat-rates.ts";

/** Who sells, to VAT. */
export type VatSeller = {
  /** ISO 3166-1; null: not told yet */
  country: string | null;
  postalCode?: string | null;
  vatId: string | null;
  /** small_business: exempt at home, as in § 19 UStG */
  scheme: "standard" | "small_business";
  /** Whose VAT consumers of other member states pay: their own state's (OSS), or the seller's, which is for sellers below the EU's threshold. */
  consumersAt: "destination" | "home";
};

/** What VIES said of the customer's VAT id. */
export type ViesAnswer = { state: "valid" | "invalid" | "unknown" | "unchecked"; checkedAt: Date | null };

/** Who buys, to VAT. */
export type VatCustomer = {
  kind: "person" | "organization";
  country: string | null;
  state?: string | null;
  postalCode?: string | null;
  vatId: string | null;
  /** null: never asked */
  vies: ViesAnswer | null;
};

export type VatQuestion = {
  seller: VatSeller;
  customer: VatCustomer;
  /** what to do with a VAT id that VIES has not answered for */
  whenUnknown: "charge" | "reverse_charge" | "refuse";
  /** the tax point, `YYYY-MM-DD` */
  taxPointOn: string;
  /** what is sold: standard, reduced, … */
  taxCategory: string;
  /** the tenant's own rates, which come before the table of standard rates */
  rates: readonly TaxRate[];
};

/** The treatment in a word, as it is kept with what was taxed. */
export type Treatment =
  /** the seller's own VAT */
  | "home"
  /** exempt at home */
  | "small_business"
  /** the VAT of the consumer's state */
  | "destination"
  /** the customer accounts for it */
  | "reverse_charge"
  /** outside of the EU, and the tenant has no rate for there */
  | "outside_scope"
  /** a seller of outside the EU, or to there: the tenant's own rate of that place */
  | "own_rate"
  /** a seller of outside the EU without any rate for that place */
  | "not_registered"
  /** nobody has told where the seller is: nothing is taxed */
  | "untaxed";

/** Why somebody of another member state pays VAT instead of accounting for it. */
export type NoReverseCharge =
  /** a person without a VAT id */
  | "consumer"
  | "seller_without_vat_id"
  | "no_vat_id"
  | "vat_id_of_other_country"
  | "vat_id_of_northern_ireland"
  | "vat_id_mistyped"
  | "vat_id_invalid"
  | "vat_id_unconfirmed";

/** What must be kept with the sale. */
export type EvidenceNeeded = "vies_consultation" | "customer_location";

export type VatDecision =
  | {
      ok: true;
      treatment: Treatment;
      category: TaxCategory;
      /** percent */
      rate: string;
      taxRateId: string | null;
      /** why no tax, in the words of the document's line; null where there is tax */
      reason: string | null;
      /** a sentence that the document must bear */
      words: string | null;
      /** whose tax it is, ISO 3166-1; null: nobody's */
      place: string | null;
      evidenceNeeded: EvidenceNeeded[];
      /** null: it is one, or no other member state is involved */
      whyNotReverseCharge: NoReverseCharge | null;
    }
  | {
      ok: false;
      code: "customer_country_unknown" | "vat_id_unconfirmed" | "no_tax_rate" | "ambiguous_tax_rate";
      detail: string;
    };

/** What a document says of a reverse charge: Art. 226 (11a) of Directive 2006/112/EC. */
export const REVERSE_CHARGE_WORDS = "Reverse charge";

/** What a document says of a seller that is exempt at home. */
export const SMALL_BUSINESS_WORDS = "VAT exempt: small business scheme";

/** What a document says of a service that is supplied outside of the EU. */
export const OUTSIDE_SCOPE_WORDS = "Not subject to EU VAT: supplied outside of the EU";

/**
 * How a sale of software (a service, supplied electronically) is taxed:
 * - A seller in the EU charges home VAT at home, whoever buys; nothing where it is a small business.
 * - A business of another member state accounts for it itself (AE, 0, "Reverse charge") where the seller has a VAT id of its own state, the
 *   customer's is of the customer's state and VIES says that it is valid. Where VIES has not answered, the tenant has said what to do; no id
 *   is ever valid by silence. A prefix of Northern Ireland (XI) is for goods only.
 * - Anybody else in the EU is taxed as a consumer: by their own state's rate, or the seller's where the tenant chose that.
 * - Outside of the EU, territories of member states included that are outside of its VAT, no EU VAT is due (O); a rate of the tenant's for
 *   that place is charged to customers who have no VAT id there.
 * - A seller of outside the EU charges the tenant's own rates, and nothing where it has none for that place.
 *
 * A missing rate is refused, never zero. Not tax advice.
 */
export function vatTreatment(question: VatQuestion): VatDecision {
  const { seller, customer } = question;
  if (seller.country === null) return untaxed();
  if (customer.country === null)
    return refused("customer_country_unknown", "Nobody has told the customer's country, and without it nothing can be taxed.");

  const home = vatStateOf(seller.country, seller.postalCode);
  const there = vatStateOf(customer.country, customer.postalCode);
  if (home === null) return abroad(question, customer.country, "not_registered");
  if (there === null) return abroad(question, customer.country, "outside_scope");
  if (home === there) return atHome(question, home, null);

  const why = whyNotReverseCharge(question, home, there);
  if (why === null) return reverseCharge(["vies_consultation"]);
  if (why === "vat_id_unconfirmed") {
    if (question.whenUnknown === "reverse_charge") return reverseCharge(["vies_consultation"]);
    if (question.whenUnknown === "refuse")
      return refused("vat_id_unconfirmed", `VIES has not confirmed the VAT id ${customer.vatId}; try again later.`);
  }
  if (seller.consumersAt === "home") return atHome(question, home, why);
  return charged(question, there, "destination", why);
}

/** The treatment as a line of a document keeps it. */
export function lineTaxOf({ category, rate, taxRateId, reason }: Extract<VatDecision, { ok: true }>): LineTax {
  return { category, rate, taxRateId, reason };
}

/**
 * The member state whose VAT an address is under, ISO 3166-1; null: outside of the EU's VAT. Monaco is under that of France. Territories with
 * country codes of their own (Åland, Réunion, Greenland, …) are outside, and so are those that a postal code tells: the Canary Islands, Ceuta
 * and Melilla, the French overseas departments, Livigno and Campione, Büsingen and Heligoland, Mount Athos, Åland.
 */
export function vatStateOf(country: string, postalCode: string | null | undefined): string | null {
  if (country === "MC") return "FR";
  const state = country === "EL" ? "GR" : country;
  if (!isEuState(state)) return null;
  const code = (postalCode ?? "")
    .toUpperCase()
    .replace(/^[A-Z]{1,3}-/, "")
    .replaceAll(/\s/g, "");
  return EXCLUDED[state]?.test(code) ? null : state;
}

/** What is known of where a customer is, each as ISO 3166-1; null where it is not known. */
export type LocationPieces = {
  billingCountry: string | null;
  cardCountry: string | null;
  ipCountry: string | null;
  /** of a VAT id that VIES confirmed */
  vatIdCountry?: string | null;
};

/** Whether what is known is enough. */
export type LocationVerdict =
  | { ok: true; pieces: string[] }
  | { ok: false; code: "too_few" | "contradicting"; speaksFor: string[]; speaksAgainst: string[] };

/**
 * Whether the customer is where it is taxed: two pieces that say so, and fewer that say otherwise (Art. 24f of Regulation 282/2011 asks for
 * two that do not contradict each other). Pieces of territories count for the state whose VAT they are under.
 */
export function judgeLocation(pieces: LocationPieces, place: string): LocationVerdict {
  const known = Object.entries(pieces).filter((entry): entry is [string, string] => entry[1] != null);
  const says = (country: string) => placeOf(country) === placeOf(place);
  const speaksFor = known.filter(([, country]) => says(country)).map(([piece]) => piece);
  const speaksAgainst = known.filter(([, country]) => !says(country)).map(([piece]) => piece);
  if (speaksAgainst.length > 0 && speaksAgainst.length >= speaksFor.length)
    return { ok: false, code: "contradicting", speaksFor, speaksAgainst };
  return speaksFor.length >= 2 ? { ok: true, pieces: speaksFor } : { ok: false, code: "too_few", speaksFor, speaksAgainst };
}

/** Whether VIES should be asked (again): it never answered, or its answer is older than that many days. */
export function needsConsultation(vies: ViesAnswer | null, now: Date, days: number): boolean {
  if (vies === null || vies.checkedAt === null || vies.state === "unchecked" || vies.state === "unknown") return true;
  return now.getTime() - vies.checkedAt.getTime() > days * 86_400_000;
}

/** Postal codes of a state's territories that are outside of the EU's VAT: Art. 6 of Directive 2006/112/EC. */
const EXCLUDED: Record<string, RegExp> = {
  DE: /^(78266|27498)$/,
  ES: /^(35|38|51|52)\d{3}$/,
  FI: /^22\d{3}$/,
  // 980 is Monaco, which is inside
  FR: /^(97\d|98[1-9])\d{2}$/,
  GR: /^6308[67]$/,
  IT: /^(23041|22061)$/,
};

function whyNotReverseCharge({ seller, customer }: VatQuestion, home: string, there: string): NoReverseCharge | null {
  if (customer.vatId === null) return customer.kind === "organization" ? "no_vat_id" : "consumer";
  const own = seller.vatId === null ? null : readVatId(seller.vatId, home);
  if (own?.state !== home || looksMistyped(own)) return "seller_without_vat_id";
  const theirs = readVatId(customer.vatId, there);
  if (theirs?.prefix === "XI") return "vat_id_of_northern_ireland";
  if (theirs?.state !== there) return "vat_id_of_other_country";
  if (looksMistyped(theirs)) return "vat_id_mistyped";
  switch (customer.vies?.state) {
    case "valid":
      // an answer without its time is no evidence
      return customer.vies.checkedAt === null ? "vat_id_unconfirmed" : null;
    case "invalid":
      return "vat_id_invalid";
    case "unknown":
    case "unchecked":
    case undefined:
      return "vat_id_unconfirmed";
  }
}

/** The seller's own VAT, or none where it is a small business. */
function atHome(question: VatQuestion, home: string, why: NoReverseCharge | null): VatDecision {
  if (question.seller.scheme === "standard") return charged(question, home, "home", why);
  return decided({
    treatment: "small_business",
    category: "E",
    reason: SMALL_BUSINESS_WORDS,
    words: SMALL_BUSINESS_WORDS,
    place: home,
    whyNotReverseCharge: why,
  });
}

/** The VAT of a member state: at the tenant's own rate, else at the standard one that we know. */
function charged(
  question: VatQuestion,
  place: string,
  treatment: "home" | "destination",
  why: NoReverseCharge | null,
): VatDecision {
  const { customer, taxCategory, taxPointOn: on } = question;
  // the customer's region has rates of its own only where the customer's state is the one that taxes
  const isTheirs = vatStateOf(customer.country ?? "", customer.postalCode) === place;
  const region = isTheirs ? (customer.state ?? null) : null;
  const choice = chooseRate(question.rates, { country: place, state: region, taxCategory, on });
  const more = { treatment, place, whyNotReverseCharge: why, evidenceNeeded: locationOf(why) };
  if (choice.kind === "found") return atOwnRate(choice.rate, more);
  if (choice.kind === "ambiguous") return ambiguous(choice.rates, place, on);
  const standard = taxCategory === "standard" ? standardVatRate(place, on) : null;
  if (standard === null) return noRate(choice, question, place);
  return decided({ ...more, category: "S", rate: standard });
}

/** Where EU VAT does not reach: the tenant's own rates, or none. */
function abroad(question: VatQuestion, country: string, otherwise: "outside_scope" | "not_registered"): VatDecision {
  const { customer, taxCategory, taxPointOn: on, seller } = question;
  // a rate of Spain is none of the Canary Islands: where a postal code leads out of a member state, only a rate of the region is of there
  const rates = isEuState(country) ? question.rates.filter(({ state }) => state !== null) : question.rates;
  const choice = chooseRate(rates, { country, state: customer.state ?? null, taxCategory, on });
  const isBusinessThere = seller.country !== country && customer.vatId !== null && readVatId(customer.vatId, country) !== null;
  const none: Pick<Decided, "category" | "evidenceNeeded"> = { category: "O", evidenceNeeded: ["customer_location"] };
  if (otherwise === "outside_scope" && isBusinessThere)
    return decided({ ...none, treatment: otherwise, reason: OUTSIDE_SCOPE_WORDS, words: OUTSIDE_SCOPE_WORDS });
  if (choice.kind === "found")
    return atOwnRate(choice.rate, { treatment: "own_rate", place: country, evidenceNeeded: ["customer_location"] });
  if (choice.kind === "ambiguous") return ambiguous(choice.rates, country, on);
  // where the tenant has rates it is registered, and then one that is missing is not nothing
  if (choice.kind !== "nowhere") return noRate(choice, question, country);
  if (otherwise === "outside_scope")
    return decided({ ...none, treatment: otherwise, reason: OUTSIDE_SCOPE_WORDS, words: OUTSIDE_SCOPE_WORDS });
  return decided({ ...none, treatment: otherwise, reason: "The seller is not registered for tax there" });
}

function reverseCharge(evidenceNeeded: EvidenceNeeded[]): VatDecision {
  return decided({
    treatment: "reverse_charge",
    category: "AE",
    reason: REVERSE_CHARGE_WORDS,
    words: REVERSE_CHARGE_WORDS,
    evidenceNeeded,
  });
}

function untaxed(): VatDecision {
  return decided({ treatment: "untaxed", category: "O", reason: "Not taxed" });
}

type Decided = Extract<VatDecision, { ok: true }>;

function decided(decision: Pick<Decided, "treatment" | "category"> & Partial<Decided>): VatDecision {
  const nothing = { rate: "0", taxRateId: null, reason: null, words: null, place: null };
  return { ok: true, ...nothing, evidenceNeeded: [], whyNotReverseCharge: null, ...decision };
}

/** A rate of nothing says why by its name: "Zero rate", "Exempt education". */
function atOwnRate(rate: TaxRate, more: Pick<Decided, "treatment"> & Partial<Decided>): VatDecision {
  const isExempt = rate.category !== "S" && rate.category !== "Z";
  return decided({
    ...more,
    category: rate.category,
    rate: rate.percent,
    taxRateId: rate.id,
    reason: isExempt ? rate.name : null,
    words: isExempt ? rate.name : null,
  });
}

/** A consumer of another member state is taxed by where it is, and that must be shown. */
function locationOf(why: NoReverseCharge | null): EvidenceNeeded[] {
  if (why === null) return [];
  return why === "vat_id_unconfirmed" ? ["vies_consultation", "customer_location"] : ["customer_location"];
}

function noRate(choice: RateChoice, { taxCategory, taxPointOn: on }: VatQuestion, place: string): VatDecision {
  const when = choice.kind === "not_then" ? `none that is valid on ${on}` : "none";
  return refused("no_tax_rate", `What is "${taxCategory}" needs a rate of tax for ${place}, and there is ${when}.`);
}

function ambiguous(rates: readonly TaxRate[], place: string, on: string): VatDecision {
  return refused(
    "ambiguous_tax_rate",
    `More than one rate is valid for ${place} on ${on}: ${rates.map(({ id }) => id).join(", ")}.`,
  );
}

function refused(code: Extract<VatDecision, { ok: false }>["code"], detail: string): VatDecision {
  return { ok: false, code, detail };
}

/** The country for comparing evidence: Monaco is in France to VAT, and the Isle of Man in the United Kingdom. */
function placeOf(country: string): string {
  if (country === "IM") return "GB";
  return vatStateOf(country, null) ?? country;
}
