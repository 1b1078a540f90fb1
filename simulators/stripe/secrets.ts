import type { Call } from "./call.ts";
import { refused } from "./errors.ts";

/**
 * Checks the client secret of a call about an object that has one: needed with a publishable key, right wherever it is
 * given. Throws 400.
 */
export function checkSecret(call: Call, kind: "PaymentIntent" | "SetupIntent", expected: string | null): void {
  const secret = call.params.string("client_secret");
  if (secret === undefined && !call.key.publishable) return;
  const param = "client_secret";
  if (secret === undefined) throw refused("Missing required param: client_secret.", { code: "parameter_missing", param });
  if (secret === expected) return;
  const code = kind === "PaymentIntent" ? "payment_intent_invalid_parameter" : "setup_intent_invalid_parameter";
  throw refused(`The client_secret provided does not match the client_secret associated with the ${kind}.`, { code, param });
}

/** What the holder of a publishable key may see of an object: the fields named here. */
export function visible(call: Call, object: object, publicFields: ReadonlySet<string>): object {
  if (!call.key.publishable) return object;
  return Object.fromEntries(Object.entries(object).filter(([field]) => publicFields.has(field)));
}
