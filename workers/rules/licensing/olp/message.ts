import { fromBase64url } from "./base64url.ts";
import { OlpRefused } from "./codes.ts";
import { type JsonObject, parseObject } from "./json.ts";

/** Kinds of messages, and how many characters one of them has at most. */
export const OLP_CAPS = {
  keyset: 65_536,
  license: 65_536,
  emergency: 65_536,
  status: 524_288,
  request: 16_384,
  receipt: 16_384,
} as const;
export type OlpKind = keyof typeof OLP_CAPS;

/** A message whose form is right. Nothing in it is true before its signature was checked. */
export type OlpMessage<Kind extends OlpKind = OlpKind> = {
  kind: Kind;
  kid: string;
  claims: JsonObject;
  signature: Uint8Array;
  /** the text that the signature is over */
  signed: string;
  text: string;
};

/** The `typ` of a message in its header. */
export const typOf = (kind: OlpKind) => `olp1-${kind}+jws`;

/** Reads a message of one of `kinds`: steps 1 to 6 of docs/olp-1.md. Throws OlpRefused. */
export function readMessage<Kind extends OlpKind>(text: string, ...kinds: readonly [Kind, ...Kind[]]): OlpMessage<Kind> {
  if (isLonger(text, Math.max(...kinds.map((kind) => OLP_CAPS[kind]))))
    throw new OlpRefused("TOO_LARGE", "The text is longer than a message of its kind may be.");
  const parts = text.split(".");
  const [head, body, tail] = parts;
  if (parts.length !== 3 || head === undefined || body === undefined || tail === undefined || !parts.every(isPart))
    throw new OlpRefused("MALFORMED", "A message has three parts of base64url, joined by dots, and nothing else.");
  const bytes = [fromBase64url(head), fromBase64url(body)] as const;
  const signature = fromBase64url(tail);
  const header = parseObject(bytes[0]);
  const claims = parseObject(bytes[1]);
  const { kid, kind } = headerOf(header, kinds);
  if (!isSignature(signature)) throw new OlpRefused("BAD_SIGNATURE", "The signature has not the form of an Ed25519 signature.");
  return { kind, kid, claims, signature, signed: `${head}.${body}`, text };
}

/** Whether a text has more characters than `cap`. One beyond the first plane is one character, though two units of a text here. */
const isLonger = (text: string, cap: number) => text.length > cap && (text.length > 2 * cap || Array.from(text).length > cap);

const isPart = (part: string) => /^[A-Za-z0-9_-]+$/.test(part);

function headerOf<Kind extends OlpKind>(header: JsonObject, kinds: readonly Kind[]): { kid: string; kind: Kind } {
  const { alg, kid, typ } = header;
  if (Object.keys(header).length !== 3 || typeof alg !== "string" || typeof kid !== "string" || typeof typ !== "string")
    throw new OlpRefused("INVALID_HEADER", "The header holds alg, kid and typ, and nothing else.");
  if (alg !== "EdDSA") throw new OlpRefused("UNSUPPORTED_ALGORITHM", "The only algorithm is EdDSA.");
  const kind = kinds.find((each) => typOf(each) === typ);
  if (kind === undefined) throw new OlpRefused("WRONG_TYPE", `This is no message of type ${kinds.map(typOf).join(" or ")}.`);
  return { kid, kind };
}

/** The order of the group (RFC 8032, 5.1), 2^252 + 27742317777372353535851937790883648493. */
const GROUP_ORDER = (1n << 252n) + 27742317777372353535851937790883648493n;

/** Whether bytes can be a signature: 64 of them, the second half below the order. Libraries differ in whether they look. */
function isSignature(bytes: Uint8Array): boolean {
  if (bytes.length !== 64) return false;
  let s = 0n;
  for (const byte of bytes.subarray(32).toReversed()) s = (s << 8n) | BigInt(byte);
  return s < GROUP_ORDER;
}
