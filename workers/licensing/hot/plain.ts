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

/** A body of `activations.create` from a device that tells neither its parts nor its key, nor files anything under the tenant's own names. */
export type PlainActivation = {
  license_key: string;
  fingerprint: string;
  user?: string | null;
  name?: string | null;
  platform?: string | null;
  app_version?: string | null;
  cores?: number | null;
  kick?: "oldest";
};

/** How long what a device tells of itself may be; none of it holds control characters. */
const TOLD: Readonly<Record<string, number>> = { name: 200, platform: 200, app_version: 100 };
// oxlint-disable-next-line no-control-regex -- control characters are what is left to the router
const CONTROL = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f]/;

/** The body of an activation; undefined where it is not plainly one. */
export function plainActivation(body: Fields): PlainActivation | undefined {
  for (const name in body) if (!isPlainOfActivation(name, body[name])) return undefined;
  return "license_key" in body && "fingerprint" in body ? (body as PlainActivation) : undefined;
}

function isPlainOfActivation(name: string, value: unknown): boolean {
  if (name === "license_key") return typeof value === "string" && value.length <= 500;
  if (name === "fingerprint") return isText(value, 512);
  if (name === "kick") return value === "oldest";
  const most = Object.hasOwn(TOLD, name) ? TOLD[name] : undefined;
  if (most !== undefined) return value === null || (isText(value, most) && !CONTROL.test(value));
  if (name === "user") return value === null || isText(value, 255);
  return name === "cores" && (value === null || (Number.isInteger(value) && Number(value) >= 1 && Number(value) <= 100_000));
}
