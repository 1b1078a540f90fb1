import { createPrivateKey, sign } from "node:crypto";
import { Chance } from "./chance.ts";

// What a forger, a careless editor or a broken disk makes of a file. Everything comes from one number, so that each can be made again.

const ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
const ODD = ["=", "~", ".", " ", "\n", "\r", "\t", "\0", "+", "/", "%41", "\u00e9", "\uff21", "\u{1F511}", "\ufeff"];
const GROUP_ORDER = (1n << 252n) + 27742317777372353535851937790883648493n;

type Mutation = (text: string, chance: Chance, pool: readonly string[]) => string;

/** A file of the pool with one to three mutations. The same number always makes the same text. */
export function mutant(seed: number, pool: readonly string[]): string {
  const chance = new Chance(seed);
  let text = chance.of(pool);
  for (let times = chance.of([1, 1, 1, 1, 2, 3]); times > 0; times--) text = chance.of(MUTATIONS)(text, chance, pool);
  return text;
}

/** Changes one message of the file; the others stay. */
const inMessage =
  (change: (message: string, chance: Chance, pool: readonly string[]) => string): Mutation =>
  (text, chance, pool) => {
    const messages = text.split("~");
    const at = chance.below(messages.length);
    return messages.map((message, index) => (index === at ? change(message, chance, pool) : message)).join("~");
  };

/** Changes one of the three parts of a message. */
const inPart = (change: (part: string, chance: Chance) => string): Mutation =>
  inMessage((message, chance) => {
    const parts = message.split(".");
    const at = chance.below(parts.length);
    return parts.map((part, index) => (index === at ? change(part, chance) : part)).join(".");
  });

/** Changes what the payload says, under the signature that is there. */
const inPayload = (change: (payload: string, chance: Chance) => string): Mutation =>
  inMessage((message, chance) => {
    const [head = "", body = "", ...rest] = message.split(".");
    return [head, encode(change(Buffer.from(body, "base64url").toString(), chance)), ...rest].join(".");
  });

const encode = (text: string | Uint8Array) => Buffer.from(text).toString("base64url");
const decode = (part: string) => Buffer.from(part, "base64url");
const cut = (text: string, at: number, length: number, between: string) => text.slice(0, at) + between + text.slice(at + length);

const flipBit: Mutation = inPart((part, chance) => {
  const bytes = decode(part);
  if (bytes.length === 0) return part;
  const at = chance.below(bytes.length);
  bytes[at] = (bytes[at] ?? 0) ^ (1 << chance.below(8));
  return encode(bytes);
});

const flipCharacterBit: Mutation = (text, chance) => {
  const at = chance.below(text.length);
  return cut(text, at, 1, String.fromCharCode(text.charCodeAt(at) ^ (1 << chance.below(7))));
};

const otherCharacter: Mutation = (text, chance) => cut(text, chance.below(text.length), 1, chance.of(Array.from(ALPHABET)));
const oddCharacter: Mutation = (text, chance) => cut(text, chance.below(text.length), chance.below(2), chance.of(ODD));

const swap: Mutation = (text, chance) => {
  const at = chance.below(text.length - 1);
  return cut(text, at, 2, text.charAt(at + 1) + text.charAt(at));
};

const truncate: Mutation = (text, chance) => {
  const length = 1 + chance.below(chance.of([3, 90, text.length]));
  return chance.below(2) === 0 ? text.slice(0, -length) : text.slice(length);
};

const remove: Mutation = (text, chance) => cut(text, chance.below(text.length), 1 + chance.below(5), "");
const repeat: Mutation = (text, chance) => {
  const at = chance.below(text.length);
  return cut(text, at, 0, text.slice(at, at + 1 + chance.below(200)));
};

/** The beginning of one file and the end of another. */
const splice: Mutation = (text, chance, pool) =>
  text.slice(0, chance.below(text.length)) + chance.of(pool).slice(chance.below(text.length));

/** A header, payload or signature of another message. */
const transplant: Mutation = inMessage((message, chance, pool) => {
  const other = chance.of(chance.of(pool).split("~")).split(".");
  const at = chance.below(3);
  return message
    .split(".")
    .map((part, index) => (index === at ? (other[at] ?? "") : part))
    .join(".");
});

const reorderMessages: Mutation = (text, chance) => {
  const messages = text.split("~");
  const at = chance.below(messages.length);
  return [...messages.slice(at), ...messages.slice(0, at)].join("~");
};

/** Another text for the same bytes: what lenient readers decode alike. */
const spellOtherwise: Mutation = inPart((part, chance) => {
  const value = ALPHABET.indexOf(part.slice(-1));
  const padded = part + "=".repeat((4 - (part.length % 4)) % 4);
  return chance.of([
    part.slice(0, -1) + ALPHABET.charAt((value ^ (1 + chance.below(15))) & 63),
    padded === part ? `${part}=` : padded,
    decode(part).toString("base64"),
    `${part}\n`,
    `${part.slice(0, 64)}\r\n${part.slice(64)}`,
    part.replaceAll("-", "+").replaceAll("_", "/"),
  ]);
});

/** Other JSON for the same values, under the signature that is there. */
const writeOtherwise: Mutation = inPayload((payload, chance) => {
  const members = Object.entries(parsed(payload));
  const name = members[chance.below(members.length)]?.[0] ?? "iss";
  return chance.of([
    JSON.stringify(Object.fromEntries(members.toReversed())),
    JSON.stringify(Object.fromEntries(members), null, 1),
    `${payload} `,
    payload.replace(/:(\d+)/, ":$1.0"),
    payload.replace(/:(\d+)/, ":$1e0"),
    payload.replace(`"${name}"`, `"\\u${name.charCodeAt(0).toString(16).padStart(4, "0")}${name.slice(1)}"`),
    payload.replace(/\}$/, `,"${name}":${JSON.stringify(members.find(([each]) => each === name)?.[1] ?? null)}}`),
    payload.replace("{", `{"${name}":0,`),
    `\ufeff${payload}`,
  ]);
});

/** What a forger would like the file to say. */
const claimMore: Mutation = inPayload((payload, chance) => {
  const claims: Record<string, unknown> = parsed(payload);
  const wishes: Record<string, unknown> = {
    exp: 9_000_000_000,
    seq: 9_999,
    nbf: 0,
    st: 63,
    lst: "",
    dev: null,
    keys: [],
    ent: [],
  };
  const wish = chance.of(Object.keys(wishes));
  return JSON.stringify({ ...claims, [wish]: wishes[wish] });
});

const HEADERS = [
  { alg: "none" },
  { alg: "HS256" },
  { alg: "ES256" },
  { kid: "" },
  { typ: "JWT" },
  { typ: "olp1-keyset+jws" },
  { crit: [] },
];
const otherHeader: Mutation = inMessage((message, chance) => {
  const [head = "", ...rest] = message.split(".");
  const header = encode(JSON.stringify({ ...parsed(decode(head).toString()), ...chance.of(HEADERS) }));
  return [header, ...(chance.below(4) === 0 ? [rest[0] ?? "", ""] : rest)].join(".");
});

/** The same signature with another S, which readers that do not look take as well; or half a signature, or more than one. */
const bendSignature: Mutation = inMessage((message, chance) => {
  const [head = "", body = "", tail = ""] = message.split(".");
  const bytes = decode(tail);
  const half = bytes.subarray(0, 32);
  const s = Buffer.from(bytes.subarray(32).toReversed()).toString("hex");
  const higher = (BigInt(`0x${s || "0"}`) + GROUP_ORDER).toString(16).padStart(64, "0").slice(-64);
  const bent = chance.of([
    Buffer.concat([half, Buffer.from(Buffer.from(higher, "hex").toReversed())]),
    Buffer.concat([half, Buffer.alloc(32)]),
    Buffer.alloc(64),
    bytes.subarray(0, 63),
    Buffer.concat([bytes, Buffer.alloc(1)]),
    Buffer.concat([bytes.subarray(32), half]),
  ]);
  return `${head}.${body}.${encode(bent)}`;
});

/** Signed again by a key of the forger's, under the name of the genuine one. */
const signAgain: Mutation = inMessage((message, chance) => {
  const [head = "", body = ""] = message.split(".");
  const seed = Buffer.alloc(32, 200 + chance.below(50));
  const prefix = Buffer.from("302e020100300506032b657004220420", "hex");
  const key = createPrivateKey({ key: Buffer.concat([prefix, seed]), format: "der", type: "pkcs8" });
  return `${head}.${body}.${encode(sign(null, Buffer.from(`${head}.${body}`), key))}`;
});

const MUTATIONS: readonly Mutation[] = [
  flipBit,
  flipBit,
  flipBit,
  flipCharacterBit,
  flipCharacterBit,
  otherCharacter,
  otherCharacter,
  oddCharacter,
  swap,
  truncate,
  remove,
  repeat,
  splice,
  transplant,
  transplant,
  reorderMessages,
  spellOtherwise,
  spellOtherwise,
  writeOtherwise,
  writeOtherwise,
  claimMore,
  otherHeader,
  bendSignature,
  signAgain,
];

/** The object in a text, or an empty one: a mutation before may have left no JSON. */
function parsed(text: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null ? { ...value } : {};
  } catch {
    return {};
  }
}
