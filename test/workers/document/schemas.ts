import { z } from "#kernel/wire";
import type { OpenApi, Schema } from "./operations.ts";

const checks = new WeakMap<Schema, z.ZodType>();

/** What does not fit a schema of the document: one line a fault, none when it fits. `closed` also refuses fields that the schema does not name. */
export function faultsOf(document: OpenApi, schema: Schema, value: unknown, { closed = false } = {}): string[] {
  let check = closed ? undefined : checks.get(schema);
  if (!check) {
    const $defs = document.components?.schemas ?? {};
    const whole = JSON.parse(JSON.stringify({ ...schema, $defs }).replaceAll("#/components/schemas/", "#/$defs/")) as Schema;
    check = z.fromJSONSchema((closed ? withoutMore(whole) : whole) as Parameters<typeof z.fromJSONSchema>[0]);
    if (!closed) checks.set(schema, check);
  }
  const { error } = check.safeParse(value);
  return (error?.issues ?? []).map(({ path, message }) => `/${path.map(String).join("/")}: ${message}`);
}

/** The same schema, in which an object that says nothing of other fields has none. */
function withoutMore<T>(node: T): T {
  if (typeof node !== "object" || node === null) return node;
  if (Array.isArray(node)) return node.map(withoutMore) as T;
  const inner = Object.fromEntries(Object.entries(node).map(([name, value]) => [name, withoutMore(value)])) as Record<
    string,
    unknown
  >;
  const isObject = typeof inner["properties"] === "object" && inner["type"] === "object";
  return (isObject && !("additionalProperties" in inner) ? { ...inner, additionalProperties: false } : inner) as T;
}
