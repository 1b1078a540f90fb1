import { checkEntitlements } from "./entitlements.check.ts";
import { commitEntitlements } from "./entitlements.commit.ts";
import { consumeEntitlements } from "./entitlements.consume.ts";
import { releaseEntitlements } from "./entitlements.release.ts";
import { reserveEntitlements } from "./entitlements.reserve.ts";
import { usage } from "./usage/index.ts";

/** What licenses may use of their features, and what was used of it. */
export const entitlements = [
  checkEntitlements,
  consumeEntitlements,
  reserveEntitlements,
  commitEntitlements,
  releaseEntitlements,
  ...usage,
];
