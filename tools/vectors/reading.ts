import { refused, taken, type Case } from "./cases.ts";
import { keys, keyset, keysetClaims, license, licenseClaims, roots, statuses } from "./world.ts";
import { signed, withPart } from "./signed.ts";

const ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
/** The last character of a signature holds two bits; its fifteen neighbours in a block of sixteen read as the same bytes. */
function otherSpellings(text: string): string[] {
  const last = ALPHABET.indexOf(text.slice(-1));
  const block = last - (last % 16);
  return Array.from({ length: 16 }, (_, i) => text.slice(0, -1) + ALPHABET.charAt(block + i)).filter((each) => each !== text);
}

/** Texts that must not be read, and some that look odd and must be. */
export async function readingCases(): Promise<Case[]> {
  const [ks, lic, st] = [await keyset(), await license(), await statuses([])];
  const whole = `${ks}~${lic}`;
  const claims = await licenseClaims();
  const payload = (text: string | Uint8Array) => license({}, { payloadText: text });
  const json = JSON.stringify(claims);
  const inLicense = async (name: string, code: string, text: Promise<string> | string) =>
    refused(name, code, `${ks}~${await text}`);
  const lines = [
    await taken("one line feed at the end is no part of the file", `${whole}\n`),
    await refused("two line feeds at the end", "MALFORMED", `${whole}\n\n`),
    await refused("a carriage return at the end", "MALFORMED", `${whole}\r\n`),
    await refused("a space in front", "MALFORMED", ` ${whole}`),
    await refused("a space within a part", "MALFORMED", `${ks}~${lic.slice(0, 40)} ${lic.slice(40)}`),
    await refused("a line feed within a part", "MALFORMED", `${ks}~${lic.slice(0, 40)}\n${lic.slice(40)}`),
    await refused("nothing", "MALFORMED", ""),
    await refused("a keyset alone", "MALFORMED", ks),
    await refused("an empty license", "MALFORMED", `${ks}~`),
    await refused("an empty status list", "MALFORMED", `${whole}~`),
    await refused("four parts of a file", "MALFORMED", `${whole}~${st}~${st}`),
    await refused("license and keyset in the wrong order", "WRONG_TYPE", `${lic}~${ks}`),
    await refused("two keysets", "WRONG_TYPE", `${ks}~${ks}`),
    await refused("a license in the place of the status list", "WRONG_TYPE", `${whole}~${lic}`),
    await inLicense("two parts of a message", "MALFORMED", lic.slice(0, lic.lastIndexOf("."))),
    await inLicense("four parts of a message", "MALFORMED", `${lic}.AAAA`),
    await inLicense(
      "an empty signature",
      "MALFORMED",
      withPart(lic, 2, () => ""),
    ),
    await inLicense("padding behind the signature", "MALFORMED", `${lic}==`),
    await inLicense(
      "the alphabet of plain base64",
      "MALFORMED",
      withPart(lic, 2, (part) => `+/${part.slice(2)}`),
    ),
    await inLicense(
      "a part whose length no bytes have",
      "NOT_CANONICAL",
      withPart(lic, 1, (part) => `${part.slice(0, part.length - (part.length % 4))}A`),
    ),
    await refused("a text beyond the cap", "TOO_LARGE", `${ks}~${"A".repeat(65_537)}`),
    await refused("a text at the cap is looked into", "MALFORMED", `${ks}~${"A".repeat(65_536)}`),
    await refused(
      "a key sign is one character, in whatever units a language counts",
      "MALFORMED",
      `${ks}~${"\u{1F511}".repeat(33_000)}`,
    ),
    await refused("a keyset beyond the cap", "TOO_LARGE", `${"A".repeat(65_537)}~${lic}`),
    await refused("a status list beyond the cap", "TOO_LARGE", `${whole}~${"A".repeat(524_289)}`),
  ];
  const spellings = await Promise.all(
    otherSpellings(lic).map((each, n) => inLicense(`another spelling of the signature, ${n + 1} of 15`, "NOT_CANONICAL", each)),
  );
  const headers = await Promise.all([
    inLicense("a header with a member more", "INVALID_HEADER", license({}, { header: { jku: "https://evil.example" } })),
    inLicense("a header with crit", "INVALID_HEADER", license({}, { header: { crit: ["exp"] } })),
    inLicense(
      "a header with a key of its own",
      "INVALID_HEADER",
      license({}, { header: { jwk: { kty: "OKP", crv: "Ed25519", x: keys.foreign.x } } }),
    ),
    inLicense("a header without kid", "INVALID_HEADER", license({}, { header: { kid: undefined } })),
    inLicense("a header without typ", "INVALID_HEADER", license({}, { header: { typ: undefined } })),
    inLicense("a header without alg", "INVALID_HEADER", license({}, { header: { alg: undefined } })),
    inLicense("a kid that is a number", "INVALID_HEADER", license({}, { header: { kid: 1 } })),
    inLicense("a kid that is null", "INVALID_HEADER", license({}, { header: { kid: null } })),
    ...["none", "HS256", "ES256", "RS256", "EdDsa", "Ed25519", ""].map((alg) =>
      inLicense(`the algorithm "${alg}"`, "UNSUPPORTED_ALGORITHM", license({}, { header: { alg } })),
    ),
    ...["JWT", "olp1-decision+jws", "olp1-request+jws", "olp2-license+jws", "OLP1-LICENSE+JWS", "license"].map((typ) =>
      inLicense(`the type "${typ}"`, "WRONG_TYPE", license({}, { header: { typ } })),
    ),
    inLicense(
      "a header that names alg twice",
      "DUPLICATE_MEMBER",
      license({}, { headerText: `{"alg":"none","alg":"EdDSA","kid":"k","typ":"olp1-license+jws"}` }),
    ),
    inLicense("a header that is a list", "INVALID_JSON", license({}, { headerText: "[]" })),
    inLicense("a header that is not JSON", "INVALID_JSON", license({}, { headerText: "alg" })),
  ]);
  const payloads = await Promise.all([
    inLicense("a member twice", "DUPLICATE_MEMBER", payload(json.replace('"seq":5', '"seq":5,"seq":6'))),
    inLicense(
      "a member twice, once with an escape",
      "DUPLICATE_MEMBER",
      payload(json.replace('"seq":5', '"seq":5,"s\\u0065q":6')),
    ),
    inLicense("a member twice, deep inside", "DUPLICATE_MEMBER", payload(json.replace('"k":null', '"k":null,"k":null'))),
    inLicense("__proto__ twice", "DUPLICATE_MEMBER", payload(json.replace('"seq":5', '"seq":5,"__proto__":1,"__proto__":1'))),
    inLicense("a duplicate before what is not JSON", "DUPLICATE_MEMBER", payload('{"a":1,"a":1,')),
    inLicense("what is not JSON before a duplicate", "INVALID_JSON", payload('{"a":1.5,"a":1}')),
    ...["5.0", "5e0", "-0", "05", "+5", "9007199254740992", "1e400", "NaN", "0x5", "5."].map((number) =>
      inLicense(`the number ${number}`, "INVALID_JSON", payload(json.replace('"seq":5', `"seq":${number}`))),
    ),
    inLicense("a number of ten thousand digits", "INVALID_JSON", payload(json.replace('"seq":5', `"seq":${"9".repeat(10_000)}`))),
    inLicense("a comma too many", "INVALID_JSON", payload(json.replace('"seq":5', '"seq":5,'))),
    inLicense("a name without quotes", "INVALID_JSON", payload(json.replace('"seq":5', "seq:5"))),
    inLicense("a comment", "INVALID_JSON", payload(json.replace('"seq":5', '"seq":5/**/'))),
    inLicense("a payload that is a list", "INVALID_JSON", payload(`[${json}]`)),
    inLicense("a payload that is a text", "INVALID_JSON", payload('"license"')),
    inLicense("something behind the payload", "INVALID_JSON", payload(`${json}{}`)),
    inLicense("a byte order mark", "INVALID_JSON", payload(`\ufeff${json}`)),
    inLicense("a no-break space between tokens", "INVALID_JSON", payload(json.replace('"seq":5', '"seq":\u00a05'))),
    inLicense(
      "bytes that are not UTF-8",
      "INVALID_JSON",
      payload(Buffer.concat([Buffer.from('{"a":"'), Buffer.from([0xff]), Buffer.from('"}')])),
    ),
    inLicense(
      "an overlong byte sequence",
      "INVALID_JSON",
      payload(Buffer.concat([Buffer.from('{"a":"'), Buffer.from([0xc0, 0xaf]), Buffer.from('"}')])),
    ),
    inLicense(
      "half a character in UTF-8",
      "INVALID_JSON",
      payload(Buffer.concat([Buffer.from('{"a":"'), Buffer.from([0xed, 0xa0, 0x80]), Buffer.from('"}')])),
    ),
    inLicense("half a character as an escape", "INVALID_JSON", payload('{"a":"\\ud83d"}')),
    inLicense("a control character in a text", "INVALID_JSON", payload('{"a":"\u0001"}')),
    inLicense("an unknown escape", "INVALID_JSON", payload('{"a":"\\x41"}')),
    inLicense("lists seventeen deep", "INVALID_JSON", payload(`{"a":${"[".repeat(16)}${"]".repeat(16)}}`)),
  ]);
  const signatures = await Promise.all([
    inLicense("63 bytes of signature", "BAD_SIGNATURE", license({}, { signature: (bytes) => bytes.subarray(0, 63) })),
    inLicense("65 bytes of signature", "BAD_SIGNATURE", license({}, { signature: (bytes) => Uint8Array.from([...bytes, 0]) })),
    inLicense("S plus the order of the group", "BAD_SIGNATURE", license({}, { signature: plusOrder })),
    inLicense("a signature of zeros", "BAD_SIGNATURE", license({}, { signature: (bytes) => bytes.map(() => 0) })),
    inLicense("one bit of R flipped", "BAD_SIGNATURE", license({}, { signature: flipped(0) })),
    inLicense("one bit of S flipped", "BAD_SIGNATURE", license({}, { signature: flipped(40) })),
    inLicense("a payload with another's signature", "BAD_SIGNATURE", spliced(lic, await license({ seq: 6 }))),
    inLicense(
      "a header with another kid under the same signature",
      "UNKNOWN_KEY",
      withPart(lic, 0, () => headerOf("another")),
    ),
  ]);
  const odd = await Promise.all([
    taken("white space between tokens", `${ks}~${await payload(JSON.stringify(claims, null, 2))}`),
    taken(
      "members in another order",
      `${ks}~${await payload(JSON.stringify(Object.fromEntries(Object.entries(claims).toReversed())))}`,
    ),
    taken(
      "claims that nobody knows",
      `${ks}~${await payload(JSON.stringify({ ...claims, later: { version: [1, null, true, "\u{1f600}"] } }))}`,
    ),
    taken("escapes in a text", `${ks}~${await payload(json.replace('"aud":"prod', '"aud":"\\u0070rod'))}`),
    refused(
      "a keyset with a claim missing",
      "INVALID_CLAIMS",
      `${await signed(roots.current, "keyset", { ...(await keysetClaims()), keys: undefined })}~${lic}`,
    ),
  ]);
  return [...lines, ...spellings, ...headers, ...payloads, ...signatures, ...odd];
}

const ORDER = (1n << 252n) + 27742317777372353535851937790883648493n;

/** The same signature to whoever does not look whether S is below the order. */
function plusOrder(bytes: Uint8Array): Uint8Array {
  let s = ORDER;
  for (let i = 0; i < 32; i++) s += BigInt(bytes[32 + i] ?? 0) << BigInt(8 * i);
  return Uint8Array.from(bytes, (byte, i) => (i < 32 ? byte : Number((s >> BigInt(8 * (i - 32))) & 255n)));
}

const flipped = (at: number) => (bytes: Uint8Array) => bytes.map((byte, i) => (i === at ? byte ^ 1 : byte));

const spliced = (text: string, other: string) => withPart(text, 1, () => other.split(".")[1] ?? "");

const headerOf = (kid: string) =>
  Buffer.from(JSON.stringify({ alg: "EdDSA", kid, typ: "olp1-license+jws" })).toString("base64url");
