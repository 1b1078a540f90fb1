/** What a tenant may buy from us. */
export const TIERS = ["free", "starter", "professional", "enterprise", "white_label"] as const;

export type Tier = (typeof TIERS)[number];
