/** From where a renewal counts: from the old end unless that is in the past, from the old end whatever, or from now. */
export const RENEWAL_BASES = ["from_now_if_expired", "from_expiry", "from_now"] as const;
export type RenewalBasis = (typeof RENEWAL_BASES)[number];

/** Why a term of a license began. */
export const TERM_CAUSES = ["creation", "first_activation", "first_validation", "renewal", "conversion", "change"] as const;
export type TermCause = (typeof TERM_CAUSES)[number];
