import { isText } from "#kernel/hot/plain";

// Bodies as the schemas in ../schemas.ts take them, read without them. What is not plainly one of these is not refused here: the router says
// what is wrong with it. A test holds both equal on generated bodies.

/** A body of `licenses.validate`. */
export type PlainValidation = {
  license_key: string;
  fingerprint?: string;
  user?: string;
  product?: string;
  version?: string;
  features?: readonly string[];
  domain?: string;
  nonce?: string;
};

type Fields = Readonly<Record<string, unknown>>;

/** How long each text may be; a key alone may be empty. */
const TEXTS: Readonly<Record<string, number>> = {
  fingerprint: 512,
  user: 255,
  product: 255,
  version: 100,
  domain: 253,
  nonce: 255,
};

/** The body of a validation; undefined where it is not plainly one. */
export function plainValidation(body: Fields): PlainValidation | undefined {
  let hasKey = false;
  for (const name in body) {
    const value = body[name];
    const most = Object.hasOwn(TEXTS, name) ? TEXTS[name] : undefined;
    if (most !== undefined) {
      if (!isText(value, most)) return undefined;
    } else if (name === "license_key") {
      if (typeof value !== "string" || value.length > 500) return undefined;
      hasKey = true;
    } else if (name === "features") {
      if (!Array.isArray(value) || value.length > 100 || !value.every((each) => isText(each, 255))) return undefined;
    } else return undefined;
  }
  return hasKey ? (body as unknown as PlainValidation) : undefined;
}

/** The token of a body that holds nothing else. */
export function plainToken(body: Fields): { activation_token: string } | undefined {
  for (const name in body) if (name !== "activation_token") return undefined;
  const token = body["activation_token"];
  return isText(token, 200) ? { activation_token: token } : undefined;
}
