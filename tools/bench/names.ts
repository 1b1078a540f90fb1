/** What `npm run bench` measures. */
export const BENCHES = ["ratios", "growth", "orders"] as const;
export type Bench = (typeof BENCHES)[number];

/** What is compared with the bare worker. */
export const SUBJECTS = [
  "bare_get",
  "bare_post",
  "health",
  "validation_fresh",
  "validation_reused",
  "validation_cold",
  "activation",
  "reactivation",
  "heartbeat",
  "consume",
  "entitlements_check",
  "licenses_get",
  "refused",
] as const;
export type SubjectName = (typeof SUBJECTS)[number];
