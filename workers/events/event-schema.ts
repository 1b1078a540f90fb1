import type { JsonSchema } from "#kernel/endpoint";
import type { EventType } from "#rules/events";
import { describeEvent } from "#rules/webhooks/catalogue";
import { API_VERSION } from "#rules/webhooks/messages";

const text = (description: string) => ({ type: "string", description });

/**
 * The JSON Schema of an event of a type as it is delivered: what webhooks carry. The object's own schema comes from `components`, those that the
 * served document names, and everything that it refers to comes with it, so that it stands alone.
 */
export function schemaOfEvent(type: EventType, components: Readonly<Record<string, JsonSchema>>): JsonSchema {
  const { component, beside, sentence } = describeEvent(type);
  const object =
    beside === null ? { $ref: `#/components/schemas/${component}` } : joined(components[component], components[beside]);
  const fields = {
    type: { const: type },
    timestamp: { type: "string", format: "date-time", description: "When it happened." },
    id: text("The event's id, and its `webhook-id`: the same on every retry."),
    seq: { type: "integer", description: "Counts the tenant's events, without gaps." },
    livemode: { type: "boolean", description: "false: of a sandbox." },
    api_version: { const: API_VERSION },
    data: {
      type: "object",
      properties: {
        object,
        previous: { type: ["object", "null"], description: "What of the object was different before." },
      },
      required: ["object", "previous"],
    },
    subject: { type: "object", properties: { type: { type: "string" }, id: { type: "string" } }, required: ["type", "id"] },
    request_id: { type: ["string", "null"], description: "The request that did it." },
  };
  const marks = {
    test: { const: true, description: "Nothing has happened: somebody asked for an example. Otherwise left out." },
  };
  const { root, $defs } = standingAlone(
    { type: "object", properties: { ...fields, ...marks }, required: Object.keys(fields) },
    components,
  );
  return {
    $schema: "https://json-schema.org/draft/2020-12/schema",
    title: type,
    description: sentence,
    ...root,
    $defs,
  };
}

/** An object that has the fields of both. */
function joined(one: JsonSchema = {}, other: JsonSchema = {}): JsonSchema {
  const required = [one, other].flatMap((each) => (each["required"] as string[] | undefined) ?? []);
  return { ...one, properties: { ...(one["properties"] as object), ...(other["properties"] as object) }, required };
}

const REFERENCE = /"#\/components\/schemas\/([^"]+)"/g;

/** A schema and all that it refers to, with references that find each other here. */
function standingAlone(schema: JsonSchema, components: Readonly<Record<string, JsonSchema>>) {
  const here = (text: string) => JSON.parse(text.replaceAll(REFERENCE, '"#/$defs/$1"')) as JsonSchema;
  const namedIn = (text: string) => [...text.matchAll(REFERENCE)].map(([, name = ""]) => name);
  const written = JSON.stringify(schema);
  const $defs: Record<string, JsonSchema> = {};
  for (let wanted = namedIn(written); wanted.length > 0;) {
    const texts = [...new Set(wanted)].map((name) => [name, JSON.stringify(components[name] ?? {})] as const);
    for (const [name, text] of texts) $defs[name] = here(text);
    wanted = texts.flatMap(([, text]) => namedIn(text)).filter((name) => !(name in $defs));
  }
  return { root: here(written), $defs };
}
