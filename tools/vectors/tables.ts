import { refused, taken, type Case } from "./cases.ts";
import { keys, keyset, keysetClaims, license, licenseClaims, roots, statuses } from "./world.ts";
import { signed } from "./signed.ts";

// Tables of what a message may hold: one member more in a license that nothing is wrong with, or one claim otherwise.

/** By dotted path; undefined takes the claim away. */
type Change = Record<string, unknown>;

const lists = (depth: number) => `${"[".repeat(depth)}${"]".repeat(depth)}`;
const objects = (depth: number) => `${'{"a":'.repeat(depth)}0${"}".repeat(depth)}`;

const MEMBERS: [what: string, member: string, code: string][] = [
  ["a comma at the end of an object", '"a":1,', "INVALID_JSON"],
  ["a comma at the end of a list", '"a":[1,]', "INVALID_JSON"],
  ["two commas", '"a":[1,,2]', "INVALID_JSON"],
  ["a comment", '"a":1/* one */', "INVALID_JSON"],
  ["single quotes", "'a':1", "INVALID_JSON"],
  ["a name without quotes", "a:1", "INVALID_JSON"],
  ["a name that is a number", "1:1", "INVALID_JSON"],
  ["a member without a value", '"a":', "INVALID_JSON"],
  ["True", '"a":True', "INVALID_JSON"],
  ["nullx", '"a":nullx', "INVALID_JSON"],
  ["NaN", '"a":NaN', "INVALID_JSON"],
  ["Infinity", '"a":-Infinity', "INVALID_JSON"],
  ["a form feed between tokens", '\f"a":1', "INVALID_JSON"],
  ["a no-break space between tokens", '\u00a0"a":1', "INVALID_JSON"],
  ["an unknown claim with everything that JSON has", '"":{"a":[true,false,null,-1,"\\b\\f\\/\\u00e9"],"b":{}}', "OK"],
  ["2^53-1", '"a":9007199254740991', "OK"],
  ["-(2^53-1)", '"a":-9007199254740991', "OK"],
  ["2^53", '"a":9007199254740992', "INVALID_JSON"],
  ["-(2^53)", '"a":-9007199254740992', "INVALID_JSON"],
  ["2^53+1, which doubles cannot tell from 2^53", '"a":9007199254740993', "INVALID_JSON"],
  ["a number of 5,000 digits", `"a":${"9".repeat(5_000)}`, "INVALID_JSON"],
  ["a fraction", '"a":1.5', "INVALID_JSON"],
  ["a fraction of zero", '"a":1.0', "INVALID_JSON"],
  ["an exponent", '"a":1e3', "INVALID_JSON"],
  ["an exponent in upper case", '"a":1E0', "INVALID_JSON"],
  ["minus zero", '"a":-0', "INVALID_JSON"],
  ["zero", '"a":0', "OK"],
  ["a leading zero", '"a":01', "INVALID_JSON"],
  ["a leading zero after a minus", '"a":-01', "INVALID_JSON"],
  ["a leading plus", '"a":+1', "INVALID_JSON"],
  ["a minus alone", '"a":-', "INVALID_JSON"],
  ["a hexadecimal number", '"a":0x10', "INVALID_JSON"],
  ["digits of another script", '"a":\u0661', "INVALID_JSON"],
  ["sixteen deep", `"a":${lists(15)}`, "OK"],
  ["seventeen deep by lists", `"a":${lists(16)}`, "INVALID_JSON"],
  ["seventeen deep by objects", `"a":${objects(16)}`, "INVALID_JSON"],
  ["ten thousand deep", `"a":${lists(10_000)}`, "INVALID_JSON"],
  ["a byte order mark inside of a text", '"a":"\ufeff"', "OK"],
  ["a character beyond the first plane", '"a":"\u{1F511}"', "OK"],
  ["the same as a pair of escapes", '"a":"\\ud83d\\udd11"', "OK"],
  ["a high surrogate alone", '"a":"\\ud83d"', "INVALID_JSON"],
  ["a high surrogate before another escape", '"a":"\\ud83d\\n"', "INVALID_JSON"],
  ["two high surrogates", '"a":"\\ud83d\\ud83d"', "INVALID_JSON"],
  ["a low surrogate alone", '"a":"\\udd11"', "INVALID_JSON"],
  ["surrogates the wrong way round", '"a":"\\udd11\\ud83d"', "INVALID_JSON"],
  ["half a character in a name", '"\\ud83d":1', "INVALID_JSON"],
  ["an unknown escape", '"a":"\\x41"', "INVALID_JSON"],
  ["an escape in upper case", '"a":"\\U0041"', "INVALID_JSON"],
  ["an escape of three digits", '"a":"\\u041"', "INVALID_JSON"],
  ["an escape with a sign in it", '"a":"\\u+041"', "INVALID_JSON"],
  ["an escaped null character", '"a":"\\u0000"', "OK"],
  ["a line feed inside of a text", '"a":"\n"', "INVALID_JSON"],
  ["a null character inside of a text", '"a":"\0"', "INVALID_JSON"],
  ["a delete and a line separator inside of a text", '"a":"\u007f\u2028"', "OK"],
  ["a claim twice", '"exp":9000000000', "DUPLICATE_MEMBER"],
  ["a claim twice with the same value", '"product":"editor"', "DUPLICATE_MEMBER"],
  ["a claim twice, once with escapes", '"\\u0065xp":9000000000', "DUPLICATE_MEMBER"],
  ["a duplicate inside of an object", '"a":{"b":1,"b":2}', "DUPLICATE_MEMBER"],
  ["a duplicate inside of a list", '"a":[{"b":1,"\\u0062":2}]', "DUPLICATE_MEMBER"],
  ["an empty name twice", '"":1,"":1', "DUPLICATE_MEMBER"],
  ["names that the language knows", '"__proto__":{"exp":0},"constructor":1,"toString":2,"__class__":3', "OK"],
  ["__proto__ twice", '"__proto__":1,"__proto__":1', "DUPLICATE_MEMBER"],
  ["names that differ in case", '"EXP":1,"Exp":2', "OK"],
  ["names that differ in their normal form alone", '"\u00e9":1,"e\u0301":2', "OK"],
];

const NOT_UTF8: [what: string, bytes: number[]][] = [
  ["a byte that begins nothing", [0xff]],
  ["a lone continuation", [0x80]],
  ["an overlong slash", [0xc0, 0xaf]],
  ["an overlong null", [0xe0, 0x80, 0x80]],
  ["a truncated character", [0xe2, 0x82]],
  ["a truncated character at the end", [0xe2]],
  ["an encoded surrogate", [0xed, 0xa0, 0x80]],
  ["a pair of encoded surrogates", [0xed, 0xa0, 0xbd, 0xed, 0xb4, 0x91]],
  ["beyond U+10FFFF", [0xf4, 0x90, 0x80, 0x80]],
];

const wrongLicense: [what: string, changes: Change][] = [
  ["without iss", { iss: undefined }],
  ["aud a list", { aud: ["prod_1"] }],
  ["without sub", { sub: undefined }],
  ["jti null", { jti: null }],
  ["act a number", { act: 1 }],
  ["iat a text", { iat: "1800000000" }],
  ["nbf negative", { nbf: -1 }],
  ["without exp", { exp: undefined }],
  ["exp null", { exp: null }],
  ["exp true", { exp: true }],
  ["seq a text", { seq: "7" }],
  ["without rid", { rid: undefined }],
  ["req null", { req: null }],
  ["without product", { product: undefined }],
  ["lic a list", { lic: [] }],
  ["lic null", { lic: null }],
  ["lic.type null", { "lic.type": null }],
  ["lic.starts_at null", { "lic.starts_at": null }],
  ["lic.expires_at missing", { "lic.expires_at": undefined }],
  ["lic.grace_until a text", { "lic.grace_until": "never" }],
  ["lic.maintenance_until false", { "lic.maintenance_until": false }],
  ["lic.expiration_strategy unknown", { "lic.expiration_strategy": "revoke" }],
  ["lic.requires with an unknown input", { "lic.requires": ["moon"] }],
  ["lic.requires null", { "lic.requires": null }],
  ["ent an object", { ent: {} }],
  ["an entitlement without enabled", { "ent.0.enabled": undefined }],
  ["an entitlement whose enabled is 1", { "ent.0.enabled": 1 }],
  ["an entitlement with a negative limit", { "ent.0.limit": -1 }],
  ["an entitlement of an unknown limit_type", { "ent.0.limit_type": "moons" }],
  ["an entitlement of an unknown reset", { "ent.0.reset": "week" }],
  ["an entitlement without expires_at", { "ent.0.expires_at": undefined }],
  ["an entitlement that is null", { "ent.0": null }],
  ["without ver", { ver: undefined }],
  ["ver without listed", { ver: { restricted: true, unknown: "deny" } }],
  ["ver.unknown unknown", { ver: { restricted: true, unknown: "ask", listed: {} } }],
  ["a listed version without allowed", { ver: { restricted: true, unknown: "deny", listed: { "1.0.0": { released: null } } } }],
  ["dev without fp", { "dev.fp": undefined }],
  ["dev.components with a text", { "dev.components": ["cpu"] }],
  ["dev.k missing", { "dev.k": undefined }],
  ["dev.key null", { "dev.key": null }],
  ["dev.user missing", { "dev.user": undefined }],
  ["dev.user a number", { "dev.user": 7 }],
  ["st null", { st: null }],
  ["st negative", { st: -1 }],
  ["pol null", { pol: null }],
  ["pol.status_max_age_s missing", { "pol.status_max_age_s": undefined }],
];

const wrongKeyset: [what: string, changes: Change][] = [
  ["without iss", { iss: undefined }],
  ["seq a text", { seq: "3" }],
  ["iat missing", { iat: undefined }],
  ["exp null", { exp: null }],
  ["keys an object", { keys: {} }],
  ["a key without kid", { "keys.0.kid": undefined }],
  ["a key whose x has 42 characters", { "keys.0.x": "A".repeat(42) }],
  ["a key whose x is not in its one spelling", { "keys.0.x": `${"A".repeat(42)}B` }],
  ["a key of an unknown status", { "keys.0.status": "paused" }],
  ["a key without products", { "keys.0.products": undefined }],
  ["a key whose from is null", { "keys.0.from": null }],
  ["a key without until", { "keys.0.until": undefined }],
];

const wrongStatus: [what: string, changes: Change][] = [
  ["without iss", { iss: undefined }],
  ["aud null", { aud: null }],
  ["seq negative", { seq: -1 }],
  ["exp missing", { exp: undefined }],
  ["lst with padding", { lst: "AAA=" }],
  ["lst in another spelling", { lst: "AB" }],
  ["lst null", { lst: null }],
];

/** Every row of the tables as a case. */
export async function tableCases(): Promise<Case[]> {
  const [ks, lic, claims] = [await keyset(), await license(), await licenseClaims()];
  const json = JSON.stringify(claims);
  const paying = async (payloadText: string | Uint8Array) => `${ks}~${await license({}, { payloadText })}`;
  const members = MEMBERS.map(async ([what, member, code]) => {
    const file = await paying(`${json.slice(0, -1)},${member}}`);
    return code === "OK" ? taken(`a member: ${what}`, file) : refused(`a member: ${what}`, code, file);
  });
  const odd = NOT_UTF8.map(async ([what, bytes]) => {
    const file = await paying(Buffer.concat([Buffer.from('{"a":"'), Buffer.from(bytes), Buffer.from('"}')]));
    return refused(`not UTF-8: ${what}`, "INVALID_JSON", file);
  });
  const wrong = (kind: string, rows: typeof wrongLicense, file: (change: Change) => Promise<string>) =>
    rows.map(async ([what, change]) => refused(`claims of a ${kind}: ${what}`, "INVALID_CLAIMS", await file(change)));
  const set = await keysetClaims();
  return Promise.all([
    ...members,
    ...odd,
    ...wrong("license", wrongLicense, async (change) => `${ks}~${await signed(keys.first, "license", changed(claims, change))}`),
    ...wrong("keyset", wrongKeyset, async (change) => `${await signed(roots.current, "keyset", changed(set, change))}~${lic}`),
    ...wrong("status list", wrongStatus, async (change) => `${ks}~${lic}~${await statuses([], change)}`),
  ]);
}

function changed(claims: object, changes: Change): object {
  const copy = structuredClone(claims) as Record<string, unknown>;
  for (const [path, value] of Object.entries(changes)) {
    const names = path.split(".");
    const last = names.pop() ?? "";
    let at = copy;
    for (const name of names) at = at[name] as Record<string, unknown>;
    if (value === undefined) delete at[last];
    else at[last] = value;
  }
  return copy;
}
