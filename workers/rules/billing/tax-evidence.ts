/** By what somebody was taxed, as it was known then; kept with the order, invoice or subscription that it decided. */
export type TaxEvidence = {
  billingCountry: string | null;
  cardCountry: string | null;
  ipCountry: string | null;
  vatId: string | null;
  /** the check of the VAT id that counted */
  vatCheckId: string | null;
  vatState: "valid" | "invalid" | "unknown" | "unchecked" | null;
  /** the treatment in a word: home, destination, reverse_charge, outside_scope, … */
  treatment: string;
  decidedAt: string;
};
