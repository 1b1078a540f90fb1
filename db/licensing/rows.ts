import type { activations, licenses } from "./tables.ts";

export type LicenseRow = typeof licenses.$inferSelect;
export type ActivationRow = typeof activations.$inferSelect;
