import type { activations, licenses, licenseTerms } from "./tables.ts";

export type LicenseRow = typeof licenses.$inferSelect;
export type ActivationRow = typeof activations.$inferSelect;

/** What stands for a device in an activation by an emergency code: apart from the device itself, so that it may have one beside its seat. */
export const emergencyDevice = (digest: string) => `emergency|${digest}`;

/** The device's own digest, whichever of both a column holds. */
export const deviceBehindSql = (column: string) =>
  `case when ${column} like '${emergencyDevice("%")}' then substr(${column}, ${emergencyDevice("").length + 1}) else ${column} end`;

export type LicenseTermRow = typeof licenseTerms.$inferSelect;
