import type { Noun } from "#rules/ids";
import type { Asking } from "./ask.ts";
import { filledFor, FURTHER_BODIES, make, nounOf, prepare, unique, type Fresh, type Player } from "./fresh.ts";
import { schemasWithin, type OpenApi, type Operation } from "./operations.ts";

type Step = string | number;
export type Where = { part: "path" | "query"; name: string } | { part: "body"; at: readonly Step[] };

/** A place in a request that names an object, by its id or by what else finds it, and the value that stands there. */
export type Slot = { where: Where; noun: Noun; by: "id" | "code" | "license_key" | "activation_token"; value: string };

/** A request in parts, so that one of its values can be exchanged. */
export type Parts = { path: Record<string, string>; query: Record<string, string>; body: unknown };

export type Built = { operation: Operation; parts: Parts; slots: Slot[] };

/** Fields that must differ from every other object of the tenant, or name a thing outside that is not there yet. */
const UNIQUE_FIELDS = new Set(["code", "slug", "external_id", "fingerprint"]);

/** Fields that name an object otherwise than by an id; `product` and `feature` hold an id or a code. */
const NAMING_FIELDS: Record<string, { noun: Noun; by: Slot["by"] }> = {
  license_key: { noun: "license", by: "license_key" },
  activation_token: { noun: "activation", by: "activation_token" },
  product: { noun: "product", by: "code" },
  feature: { noun: "feature", by: "code" },
  features: { noun: "feature", by: "code" },
};

/** Fields that end like a name of ours, and are somebody else's. */
const FOREIGN_FIELDS = new Set(["external_id", "external_ids", "account_id", "vat_id"]);

/** Where a new object is given its license key, the key names nothing yet. */
const MINTED_FIELDS: Record<string, readonly string[]> = {
  "licenses.create": ["license_key"],
  "licenses.import": ["license_key"],
};

/** Every body that an operation is tried with: the example of its schema, and those that `fresh.ts` adds. A table is its rows. */
export function bodiesOf(operation: Operation): unknown[] {
  if (!operation.body) return [undefined];
  const { example } = operation.body;
  return [isTable(operation) ? rowsIn(String(example)) : example, ...(FURTHER_BODIES[operation.id] ?? [])];
}

const isTable = ({ body }: Operation) => body?.mediaType === "text/csv";

/** Whether the tests know the body's fields, so that each of them can be exchanged. */
const hasFields = (operation: Operation) => operation.body?.mediaType === "application/json" || isTable(operation);

type Row = Record<string, string>;

function rowsIn(csv: string): Row[] {
  const [header = [], ...records] = csv
    .trim()
    .split("\r\n")
    .map((line) => line.split(","));
  return records.map((record) => Object.fromEntries(header.map((name, index) => [name, record[index] ?? ""])));
}

function csvOf(rows: readonly Row[]): string {
  const names = [...new Set(rows.flatMap((row) => Object.keys(row)))];
  const line = (cells: readonly string[]) => cells.map((cell) => `"${cell.replaceAll('"', '""')}"`).join(",");
  return [names, ...rows.map((row) => names.map((name) => row[name] ?? ""))].map(line).join("\r\n");
}

/** Calls that stand for an operation: one for each body that it is tried with. */
export const callsOf = (operation: Operation) =>
  bodiesOf(operation).map((body, index) => {
    const name = index === 0 ? operation.id : `${operation.id}, body ${index + 1}`;
    return { name, operation, body };
  });

/** The places of a request that name an object, each with the name that the example gives. */
export function slotsOf(operation: Operation, body: unknown): Slot[] {
  const inPath = operation.pathParameters.flatMap(({ name, example }): Slot[] => {
    const noun = nounOf(String(example));
    return noun ? [{ where: { part: "path", name }, noun, by: "id", value: String(example) }] : [];
  });
  const inQuery = operation.query.flatMap(({ name, required, example }): Slot[] => {
    const noun = required ? nounOf(String(example)) : undefined;
    return noun ? [{ where: { part: "query", name }, noun, by: "id", value: String(example) }] : [];
  });
  // what a provider sends has ids of its own, spelled much as ours
  const inBody = (hasFields(operation) ? textsIn(body) : []).flatMap(({ at, text }): Slot[] => {
    const field = fieldOf(at);
    if (isMadeUp(operation, field)) return [];
    const noun = nounOf(text);
    const naming = noun ? { noun, by: "id" as const } : NAMING_FIELDS[field];
    return naming ? [{ where: { part: "body", at }, ...naming, value: text }] : [];
  });
  return [...inPath, ...inQuery, ...inBody];
}

/**
 * A request that must succeed for the player: the example, with fresh objects of the player in the place of those that it names.
 * `uniques` holds what was made up for fields that must be unique; two tenants that share it use the same values.
 */
export async function built(
  operation: Operation,
  body: unknown,
  player: Player,
  uniques = new Map<string, string>(),
): Promise<Built> {
  await prepare(player, operation.id);
  const path = Object.fromEntries(operation.pathParameters.map(({ name, example }) => [name, String(example)]));
  let parts: Parts = { path, query: {}, body };
  for (const { at } of textsIn(body).filter((leaf) => isMadeUp(operation, fieldOf(leaf.at)))) {
    const key = at.join("/");
    // long enough to be a strong license key, whichever digits chance repeats
    uniques.set(key, uniques.get(key) ?? `${unique()}-${crypto.randomUUID().slice(0, 23)}`);
    parts = withValue(parts, { part: "body", at }, uniques.get(key));
  }
  const cast = castOf(player, operation.id);
  const slots: Slot[] = [];
  for (const { where, noun, by, value: example } of slotsOf(operation, body)) {
    const value = String((await cast(noun, by === "id" || by === "code" ? example : null))[by]);
    slots.push({ where, noun, by, value });
    parts = withValue(parts, where, value);
  }
  const filled = await filledFor(operation.id, player);
  if (filled) parts = { ...parts, path: { ...parts.path, ...filled.path }, body: filled.body ?? parts.body };
  return { operation, parts, slots };
}

/** One object for each name that the example gives; a key or a token is that of the object that stands beside it. */
function castOf(player: Player, operationId: string): (noun: Noun, example: string | null) => Promise<Fresh> {
  const cast: { noun: Noun; example: string | null; object: Fresh }[] = [];
  return async (noun, example) => {
    const known = cast.find((member) => member.noun === noun && (example === null || member.example === example));
    if (known) return known.object;
    const object = await make(player, noun, operationId);
    cast.push({ noun, example, object });
    return object;
  };
}

/** The same request with one value exchanged. */
export function withValue(parts: Parts, where: Where, value: unknown): Parts {
  if (where.part !== "body") return { ...parts, [where.part]: { ...parts[where.part], [where.name]: String(value) } };
  const last = where.at.at(-1);
  if (last === undefined) return { ...parts, body: value };
  const body = structuredClone(parts.body) as Record<Step, unknown>;
  const holder = where.at.slice(0, -1).reduce((node, step) => node[step] as Record<Step, unknown>, body);
  // an assignment would not make a field of the name __proto__
  Object.defineProperty(holder, last, { value, enumerable: true, configurable: true, writable: true });
  return { ...parts, body };
}

/** The request as it goes over the wire. */
export function wired({ operation, parts }: Pick<Built, "operation" | "parts">): Asking {
  const path = operation.path.replaceAll(/\{([^}]+)\}/g, (_, name: string) => encodeURIComponent(parts.path[name] ?? ""));
  const query = new URLSearchParams(parts.query).toString();
  const asking = { method: operation.method, path: query ? `${path}?${query}` : path };
  const form = "application/x-www-form-urlencoded";
  if (operation.body?.mediaType === form) return { ...asking, raw: String(parts.body), headers: { "content-type": form } };
  if (isTable(operation)) return { ...asking, raw: csvOf(parts.body as Row[]), headers: { "content-type": "text/csv" } };
  return parts.body === undefined ? asking : { ...asking, body: parts.body };
}

/** A slot's place as a person reads it. */
export const placeOf = ({ where }: Slot): string =>
  where.part === "body" ? `/${where.at.join("/")}` : `${where.part} ${where.name}`;

/** A value of the same form that names nothing: no tenant ever had it. */
export function neverGiven({ by, value }: Slot): string {
  if (by === "code") return unique();
  // other characters at the end, of the alphabet that ids, keys and tokens share
  return value.slice(0, -4) + value.slice(-4).replaceAll(/[^-]/g, (character) => (character === "7" ? "8" : "7"));
}

/** Places in a body's schema that name an object and that none of the operation's bodies shows; `*` is any item of an array. */
export function unshownNames(document: OpenApi, operation: Operation): string[] {
  if (operation.body?.mediaType !== "application/json") return [];
  const slots = bodiesOf(operation).flatMap((body) => slotsOf(operation, body));
  const shown = new Set(slots.map(({ where }) => (where.part === "body" ? patternOf(where.at) : "")));
  const places = [...schemasWithin(document, operation.body.schema)].map(([at]) => at.replace(/\/\*$/, ""));
  return [...new Set(places)].filter((place) => {
    const field = place.split("/").findLast((step) => step !== "*") ?? "";
    if (FOREIGN_FIELDS.has(field) || isMadeUp(operation, field) || shown.has(place)) return false;
    return field in NAMING_FIELDS || /_ids?$/.test(field);
  });
}

const patternOf = (at: readonly Step[]) =>
  `/${at.map((step) => (typeof step === "number" ? "*" : step)).join("/")}`.replace(/\/\*$/, "");

const fieldOf = (at: readonly Step[]) => at.findLast((step) => typeof step === "string") ?? "";

const isMadeUp = ({ id }: Operation, field: string) => UNIQUE_FIELDS.has(field) || (MINTED_FIELDS[id]?.includes(field) ?? false);

function textsIn(value: unknown, at: readonly Step[] = []): { at: readonly Step[]; text: string }[] {
  if (typeof value === "string") return [{ at, text: value }];
  if (Array.isArray(value)) return value.flatMap((item, index) => textsIn(item, [...at, index]));
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value).flatMap(([name, item]) => textsIn(item, [...at, name]));
}
