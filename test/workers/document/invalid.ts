import * as fc from "fast-check";
import type { Asking } from "./ask.ts";
import { resolved, schemasWithin, type OpenApi } from "./operations.ts";
import { withValue, wired, type Built, type Parts, type Where } from "./requests.ts";
import { faultsOf } from "./schemas.ts";

/** A request that is not as it should be. `refused`: the document itself says that it must be. */
export type Attack = { what: string; asking: Asking; refused: boolean };

/** A call that is good, for attacks to spoil. */
export type Target = { document: OpenApi; built: Built };

const deep = (depth: number) => "[".repeat(depth) + "]".repeat(depth);

const ODD_TEXTS = [
  "",
  " ",
  "\u0000",
  "\ud800",
  "x\udfff\ud800",
  "e\u0301",
  "\u202egnp.exe",
  "\r\nset-cookie: a=b",
  "🏴‍☠️",
  "ﷺ".repeat(300),
  "a".repeat(10_000),
  "9".repeat(400),
  "' or 1=1 --",
  '"; drop table products; --',
  "%' union select sql from sqlite_master --",
  "%",
  "NaN",
  "-Infinity",
  "-1",
  "1e999",
  "0x10",
  "null",
  "undefined",
  "__proto__",
  "constructor",
  "../../internal/shards",
  "<script>alert(1)</script>",
  "${7*7}{{7*7}}",
  "9999-99-99T99:99:99.999Z",
  "P99999999999Y",
  "2026-11-22T09:30:00+99:99",
];

const ODD_NUMBERS = [0, -1, -0, 1.5, 1e-320, 1e308, 2 ** 53, -(2 ** 53), 2 ** 31, 1e21];

const ODD_SHAPES: unknown[] = [
  null,
  true,
  false,
  [],
  {},
  [[]],
  [null],
  [{}],
  { "": "" },
  Object.fromEntries([["__proto__", { admin: true }]]),
  Array(101).fill("x"),
  Array(2000).fill(0),
  JSON.parse(deep(500)),
];

const oddText = fc.oneof({ weight: 3, arbitrary: fc.constantFrom(...ODD_TEXTS) }, fc.string({ unit: "binary", maxLength: 300 }));

const oddValue: fc.Arbitrary<unknown> = fc.oneof(
  fc.constantFrom(...ODD_SHAPES, ...ODD_NUMBERS),
  oddText,
  fc.double(),
  fc.maxSafeInteger(),
  fc.jsonValue({ maxDepth: 4 }),
);

/** Everything that can be wrong with a call of this operation. */
export function attacks(target: Target): fc.Arbitrary<Attack> {
  const { operation, parts } = target.built;
  const kinds: fc.Arbitrary<Attack>[] = [oddQuery(target)];
  if (operation.pathParameters.length > 0) kinds.push(oddPath(target));
  if (operation.method !== "GET") kinds.push(oddBytes(target));
  if (operation.audience !== "public" && ["POST", "PATCH"].includes(operation.method)) kinds.push(oddIntent(target));
  if (isTable(target)) kinds.push(oddCell(target), oddCell(target), oddType(target));
  else if (typeof parts.body === "string") kinds.push(oddForm(target), oddType(target));
  else if (parts.body !== undefined)
    kinds.push(oddField(target), oddField(target), oddField(target), unknownField(target), oddType(target));
  return fc.oneof(...kinds);
}

/** Texts that trip what reads them: decoders, patterns, SQL, normal forms. */
export const TRIPPING = ["\ud800", "\u0000", "%", "%'_\\\"; --", "e\u0301\u202e🏴‍☠️", "__proto__", "NaN", " "];

/**
 * The call with a text in all fields at once that take it, so that it gets past the schema and meets whatever is behind.
 * `but` holds pointers of fields that are known to refuse it for reasons that no schema tells.
 */
export function textAttack({ document, built }: Target, text: string, but: ReadonlySet<string>): Attack {
  const schemas = new Map(schemasWithin(document, built.operation.body?.schema ?? {}));
  const named = new Set(built.slots.map(({ where }) => (where.part === "body" ? pointerTo(where.at) : "")));
  const absent = [...schemas.keys()].filter((at) => /^\/[a-z_]+$/.test(at)).map((at) => [at.slice(1)]);
  const fields = new Map([...placesIn(built.parts.body), ...absent].map((at) => [pointerTo(at), at]));
  const sound = text.toWellFormed().replace("\0", "x");
  let { parts } = built;
  for (const [pointer, at] of fields) {
    const schema = schemas.get(patternIn(schemas, at));
    if (!schema || schema.format || named.has(pointer) || but.has(pointer)) continue;
    if (faultsOf(document, { ...schema }, sound).length === 0) parts = withValue(parts, { part: "body", at }, text);
  }
  return attack(
    { document, built },
    `${JSON.stringify(text)} wherever it fits`,
    parts,
    isRefused({ document, built }, parts.body),
  );
}

const pointerTo = (at: readonly (string | number)[]) => at.map((step) => `/${step}`).join("");

/** The place in the schemas for a place in a body: items are `*`, the values of a map `~`. */
function patternIn(schemas: ReadonlyMap<string, unknown>, at: readonly (string | number)[]): string {
  return at.reduce<string>((so, step) => {
    if (typeof step === "number") return `${so}/*`;
    return schemas.has(`${so}/${step}`) ? `${so}/${step}` : `${so}/~`;
  }, "");
}

const attack = ({ built: { operation } }: Target, what: string, parts: Parts, refused: boolean): Attack => ({
  what,
  asking: wired({ operation, parts }),
  refused: refused || isUnsigned(operation),
});

/** What a provider is to sign is refused without its signature, whatever it holds. */
const isUnsigned = ({ audience, body }: Built["operation"]) => audience === "public" && body !== null;

function oddField(target: Target): fc.Arbitrary<Attack> {
  const { document, built } = target;
  const schema = built.operation.body?.schema ?? {};
  const places = placesIn(built.parts.body);
  const absent = Object.keys(resolved(document, schema).properties ?? {}).map((name) => [name]);
  const drop = Symbol("left out");
  return fc
    .tuple(fc.constantFrom<(string | number)[]>(...places, ...absent), fc.oneof(fc.constant(drop), oddValue))
    .map(([at, value]) => {
      const parts = value === drop ? without(built.parts, at) : withValue(built.parts, { part: "body", at }, value);
      const shown = value === drop ? "left out" : JSON.stringify(value)?.slice(0, 100);
      return attack(target, `/${at.join("/")} = ${shown}`, parts, isRefused(target, parts.body));
    });
}

function unknownField(target: Target): fc.Arbitrary<Attack> {
  const { document, built } = target;
  const schemas = [...schemasWithin(document, built.operation.body?.schema ?? {})];
  const strict = new Set(schemas.filter(([, { additionalProperties }]) => additionalProperties === false).map(([at]) => at));
  const known = new Set(schemas.flatMap(([, { properties = {} }]) => Object.keys(properties)));
  const objects = placesIn(built.parts.body).filter((at) =>
    strict.has(at.map((step) => (typeof step === "number" ? "/*" : `/${step}`)).join("")),
  );
  const name = oddText.filter((text) => !known.has(text));
  return fc.tuple(fc.constantFrom<(string | number)[]>([], ...objects), name, oddValue).map(([at, field, value]) => {
    const parts = withValue(built.parts, { part: "body", at: [...at, field] }, value);
    return attack(target, `unknown field ${JSON.stringify(field).slice(0, 100)} in /${at.join("/")}`, parts, true);
  });
}

function oddBytes(target: Target): fc.Arbitrary<Attack> {
  const { operation, parts } = target.built;
  const good = JSON.stringify(parts.body ?? {});
  const texts = [
    "{",
    "[]",
    "null",
    '"text"',
    "12",
    "{'a':1}",
    '{"a":NaN}',
    '{"a":1e999}',
    "\u0000",
    deep(50_000),
    `{"a":${deep(50_000)}}`,
  ];
  texts.push(good.slice(0, -1), `${good}x`, good.replace("{", '{"__proto__":{},'), `${good}${good}`);
  if (operation.body) texts.push(`\ufeff${good}`);
  const bytes = [
    Uint8Array.of(0xff, 0xfe, 0x7b),
    Uint8Array.of(0x7b, 0x22, 0xc0, 0xaf, 0x22, 0x3a, 0x31, 0x7d),
    new Uint8Array(3),
  ];
  return fc.constantFrom<string | Uint8Array>(...texts, ...bytes).map((raw) => {
    const asking = { ...wired({ operation, parts }), raw };
    return { what: `body ${String(raw).slice(0, 60)}`, asking, refused: true };
  });
}

const TYPES = [
  "text/plain",
  "application/x-www-form-urlencoded",
  "multipart/form-data; boundary=x",
  "application/jsonp",
  "application/json; charset=utf-16",
  "application/json, text/html",
  "application/*",
  ";",
];

/** A form that says nothing of what it is asked. */
function oddForm({ built: { operation, parts } }: Target): fc.Arbitrary<Attack> {
  const { headers = {}, ...asking } = wired({ operation, parts });
  const text = oddText.filter((odd) => !odd.includes("=") && odd !== parts.body);
  return text.map((raw) => ({ what: `a form of ${raw.slice(0, 50)}`, asking: { ...asking, headers, raw }, refused: true }));
}

function oddType(target: Target): fc.Arbitrary<Attack> {
  const { operation, parts } = target.built;
  const known = operation.body?.mediaTypes ?? [];
  const others = TYPES.filter((type) => !known.includes(type.split(";")[0] ?? ""));
  return fc.constantFrom(...others).map((type) => ({
    what: `content type ${type}`,
    asking: { ...wired({ operation, parts }), headers: { "content-type": type } },
    refused: true,
  }));
}

/** Segments of a path that no client library would send; those that mean "up" are another path before they leave. */
const RAW_SEGMENTS = ["%", "%zz", "%c0%af", "%00", "%2f", "%252e", "..;", "a%0d%0ab", "*", "{id}", ":id"];

function oddPath(target: Target): fc.Arbitrary<Attack> {
  const { operation, parts } = target.built;
  const encodable = oddText.filter((text) => text.isWellFormed());
  const segment = fc.oneof(fc.constantFrom(...RAW_SEGMENTS), encodable.map(encodeURIComponent));
  return segment.map((text) => {
    const asking = wired({ operation, parts });
    const path = operation.path.replaceAll(/\{[^}]+\}/g, () => text);
    return { what: `path ${path.slice(0, 100)}`, asking: { ...asking, path }, refused: true };
  });
}

function oddQuery(target: Target): fc.Arbitrary<Attack> {
  const { operation, parts } = target.built;
  const names = operation.query.map(({ name }) => name);
  const wellFormed = oddText.filter((text) => text.isWellFormed());
  const unknown = fc
    .tuple(
      wellFormed.filter((name) => !names.includes(name) && name !== ""),
      wellFormed,
    )
    .map(([name, value]) => attack(target, `unknown parameter ${name.slice(0, 60)}`, at(parts, name, value), true));
  if (names.length === 0) return unknown;
  const odd = fc
    .tuple(fc.constantFrom(...names), wellFormed)
    .map(([name, value]) => attack(target, `parameter ${name}=${value.slice(0, 60)}`, at(parts, name, value), false));
  return fc.oneof(unknown, odd, odd);
}

const at = (parts: Parts, name: string, value: string) => withValue(parts, { part: "query", name } satisfies Where, value);

const isTable = ({ built }: Target) => built.operation.body?.mediaType === "text/csv";

/** Another text in a cell of a table, or in a column that there is not. */
function oddCell(target: Target): fc.Arbitrary<Attack> {
  const { built } = target;
  const wellFormed = oddText.filter((text) => text.isWellFormed());
  const known = placesIn(built.parts.body).filter((place) => place.length === 2);
  const odd = fc.tuple(fc.constantFrom(...known), wellFormed).map(([at, text]) => {
    const parts = withValue(built.parts, { part: "body", at }, text);
    return attack(target, `cell ${at.join("/")} = ${text.slice(0, 60)}`, parts, false);
  });
  const names = new Set(known.map((place) => place[1]));
  const unknown = wellFormed.filter((name) => !names.has(name.trim()) && !name.startsWith("metadata."));
  return fc.oneof(
    odd,
    unknown.map((name) =>
      attack(target, `column ${name.slice(0, 60)}`, withValue(built.parts, { part: "body", at: [0, name] }, "x"), true),
    ),
  );
}

/** An Idempotency-Key that is none; where the header is not read, the request is as good as without. */
function oddIntent(target: Target): fc.Arbitrary<Attack> {
  const { operation, parts } = target.built;
  const isDryRun = (parts.body as { dry_run?: boolean } | undefined)?.dry_run === true;
  const read = operation.headers.includes("Idempotency-Key") && !isDryRun;
  return fc.constantFrom("k".repeat(256), "\u00e9", "a\tb").map((key) => ({
    what: `Idempotency-Key ${key.slice(0, 20)}`,
    asking: withHeader(wired({ operation, parts }), "idempotency-key", key),
    refused: read || isUnsigned(operation),
  }));
}

const withHeader = (asking: Asking, name: string, value: string): Asking => ({
  ...asking,
  headers: { ...asking.headers, [name]: value },
});

/** Whether a body must be refused: it does not fit its schema, or holds text that is none. */
function isRefused({ document, built }: Target, body: unknown): boolean {
  const text = JSON.stringify(body);
  if (text === undefined) return built.operation.body?.required ?? false;
  let isText = true;
  const read: unknown = JSON.parse(text, (_, value: unknown) => {
    if (typeof value !== "string") return value;
    if (!value.isWellFormed() || value.includes("\u0000")) isText = false;
    return value.normalize("NFC");
  });
  return !isText || faultsOf(document, built.operation.body?.schema ?? {}, read).length > 0;
}

function placesIn(value: unknown, at: (string | number)[] = []): (string | number)[][] {
  if (Array.isArray(value)) return [at, ...value.flatMap((item, index) => placesIn(item, [...at, index]))];
  if (typeof value !== "object" || value === null) return [at];
  return [at, ...Object.entries(value).flatMap(([name, item]) => placesIn(item, [...at, name]))];
}

function without(parts: Parts, at: readonly (string | number)[]): Parts {
  const last = at.at(-1);
  if (last === undefined) return { ...parts, body: undefined };
  const body = structuredClone(parts.body) as Record<string | number, unknown>;
  const holder = at.slice(0, -1).reduce((node, step) => node[step] as Record<string | number, unknown>, body);
  if (Array.isArray(holder)) holder.splice(Number(last), 1);
  else delete holder[last];
  return { ...parts, body };
}
