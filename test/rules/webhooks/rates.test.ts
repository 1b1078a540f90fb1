import { expect, test } from "vitest";
import { DEFAULT_SETTINGS } from "#rules/tenants/settings";
import { rateOf } from "#rules/webhooks/rates";

const webhooks = (catchUp: number, rate: number | null) => ({
  ...DEFAULT_SETTINGS.webhooks,
  catch_up_per_s: catchUp,
  rate_per_s: rate,
});

test.each([
  ["as many as it takes", null, false, webhooks(20, null), null],
  ["what the tenant lets go out slowly", null, true, webhooks(20, null), 20],
  ["the tenant's rate", null, false, webhooks(20, 300), 300],
  ["no more than either while it catches up", null, true, webhooks(20, 300), 20],
  ["the tenant's rate also while it catches up", null, true, webhooks(20, 3), 3],
  ["its own before all others", 500, true, webhooks(20, 3), 500],
])("an endpoint gets %s", (_, ownPerS, isCatchingUp, settings, expected) => {
  expect(rateOf({ ownPerS, isCatchingUp }, settings)).toBe(expected);
});
