import { thumbprint } from "../../sdk/verifier/crypto.ts";
import { keyFromSeed, sign, type DeviceKey } from "../../sdk/verifier/signing.ts";

/** The key pair whose private half is this one byte, 32 times: a vector is made of nothing that could differ. */
export const keyOf = (byte: number): Promise<DeviceKey> => keyFromSeed(new Uint8Array(32).fill(byte));

const base64url = (bytes: string | Uint8Array) => Buffer.from(bytes).toString("base64url");

/** How a message is made otherwise than it should be. */
export type Odd = {
  /** header members instead of the right ones; undefined = left out */
  header?: Record<string, unknown>;
  /** the text of the header or of the payload, instead of what would be written */
  headerText?: string | Uint8Array;
  payloadText?: string | Uint8Array;
  /** changes the signature before it is written */
  signature?: (bytes: Uint8Array) => Uint8Array;
};

/** A signed message: right, but for what is odd. */
export async function signed(key: DeviceKey, kind: string, claims: object, odd: Odd = {}): Promise<string> {
  const header = { alg: "EdDSA", kid: await thumbprint(key.x), typ: `olp1-${kind}+jws`, ...odd.header };
  const head = base64url(odd.headerText ?? JSON.stringify(header));
  const body = base64url(odd.payloadText ?? JSON.stringify(claims));
  const right = Buffer.from(await sign(key, `${head}.${body}`), "base64url");
  return `${head}.${body}.${base64url(odd.signature?.(right) ?? right)}`;
}

/** A text with one of its three parts replaced. */
export function withPart(text: string, index: 0 | 1 | 2, change: (part: string) => string): string {
  return text
    .split(".")
    .map((part, at) => (at === index ? change(part) : part))
    .join(".");
}
