import { refused } from "./errors.ts";
import type { Params } from "./form.ts";

type Ways = {
  automatic: { allow_redirects: "always" | "never"; enabled: true } | null;
  /** The list that the caller keeps to, or null. */
  allowed: string[] | null;
};

/** Which kinds of payment methods an intent takes: left to Stripe, or from a list. Only cards are simulated. */
export function readWays(params: Params): Ways {
  const allowed = params.has("allowed_payment_method_types") ? params.list("allowed_payment_method_types") : null;
  const given = params.hash("automatic_payment_methods");
  const enabled = given?.boolean("enabled") ?? true;
  const redirects = given?.oneOf("allow_redirects", ["always", "never"]) ?? "always";
  if (given && !given.has("enabled")) {
    const param = "automatic_payment_methods[enabled]";
    throw refused(`Missing required param: ${param}.`, { code: "parameter_missing", param });
  }
  given?.done();
  const other = allowed?.find((type) => type !== "card");
  if (other !== undefined) {
    throw refused(`The simulator does not simulate payment methods of type ${other}.`, {
      code: "parameter_not_simulated",
      param: "allowed_payment_method_types",
    });
  }
  return { automatic: enabled ? { allow_redirects: redirects, enabled } : null, allowed };
}
