import { canonical, type Json } from "#rules/licensing/olp/json";
import type { MakeCase } from "../../tools/vectors/requests.ts";
import type { Case, Expected } from "../../tools/vectors/cases.ts";
import { signMessage } from "../../sdk/verifier/signing.ts";
import { proofKeyOf, type Part } from "../../sdk/verifier/device.ts";
import { createVerifier, type State } from "../../sdk/verifier/index.ts";

/** A case as the published file holds it. */
export type Vector = Case | MakeCase;

/** The verifier's answer to a case, in the words of the vector file. */
export async function answerTo(vector: Vector): Promise<Expected | Record<string, string>> {
  switch (vector.kind) {
    case "verify":
      return verified(vector);
    case "proof":
      return { x: (await proofKeyOf(vector.tenant, vector.license_key, vector.imported)).x };
    case "canonical":
      return { text: canonical(vector.value as Json) };
    case "request":
    case "receipt":
      return { text: await signMessage(vector.device_key, `olp1-${vector.kind}+jws`, vector.claims) };
  }
}

type Options = {
  fingerprint?: string;
  components?: Part[];
  device_key?: string;
  request?: string;
  keyset?: string;
  status?: string;
  version?: string;
  features?: string[];
  product_named?: string;
  user?: string;
  domain?: string;
  state?: Partial<State>;
};

async function verified({ file, options: { tenant, product, roots, now, ...rest } }: Case): Promise<Expected> {
  const { device_key: deviceKey, product_named: productNamed, ...said } = rest as Options;
  const how = { ...said, now, deviceKey, product: productNamed };
  const verdict = await createVerifier({ tenant, product, roots }).verify(file, how);
  if (verdict.code !== "OK") return { code: verdict.code };
  const { valid, code, reasons } = verdict.decision;
  return {
    code: "OK",
    decision: { valid, code, reasons: reasons.map((reason) => [reason.code, reason.severity] as const) },
    warnings: verdict.warnings.map((warning) => warning.code),
    state: verdict.state,
  };
}
