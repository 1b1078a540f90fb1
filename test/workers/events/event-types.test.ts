import { expect, test } from "vitest";
import { EVENT_TYPES } from "#rules/events";
import { describeEvent } from "#rules/webhooks/catalogue";
import { exampleEvent } from "#rules/webhooks/examples";
import { schemaOfEvent } from "../../../workers/events/event-schema.ts";
import { servedDocument } from "../document/operations.ts";
import { faultsOf } from "../document/schemas.ts";
import { claim, emptyQueue, endpoint, product } from "../webhooks/pump.ts";
import { world } from "../world.ts";

const document = await servedDocument();
const components = document.components?.schemas ?? {};

/** What does not fit a schema that stands alone. */
function faultsAlone(schema: Record<string, unknown>, value: unknown): string[] {
  const { $defs, ...itself } = JSON.parse(JSON.stringify(schema).replaceAll("#/$defs/", "#/components/schemas/"));
  return faultsOf({ paths: {}, components: { schemas: $defs } }, itself, value, { closed: true });
}

test.each(EVENT_TYPES)("%s is described, and its example is what the schemas of the document say", (type) => {
  const { sentence, component, beside } = describeEvent(type);
  expect(sentence).toMatch(/^[A-Z].{10,}[.`]$/);
  for (const name of [component, ...(beside ? [beside] : [])])
    expect(components, `the document has no ${name}`).toHaveProperty(name);
  const faults = faultsAlone(schemaOfEvent(type, components), exampleEvent(type));
  expect(faults, `record it again: npm run record:events -- ${type} test/workers/…`).toEqual([]);
});

test("the catalogue has every type once, with a schema that stands alone and takes the example", async () => {
  const w = await world();
  const { status, body } = await w.get("/v1/event_types");
  expect(status).toBe(200);
  expect(body["data"].map(({ type }: { type: string }) => type)).toEqual([...EVENT_TYPES]);
  for (const { schema, example, type } of body["data"]) expect(faultsAlone(schema, example), type).toEqual([]);
  expect((await w.get("/v1/event_types/order.paid")).body).toEqual(
    body["data"].find(({ type }: { type: string }) => type === "order.paid"),
  );
});

test("what a webhook carries fits the schema of its type, and no other", async () => {
  await emptyQueue();
  const w = await world();
  await endpoint(w);
  await product(w);
  const [delivery] = (await claim()).deliveries;
  const delivered: unknown = JSON.parse(delivery?.body ?? "");
  const schemaOf = async (type: string) => (await w.get(`/v1/event_types/${type}`)).body["schema"];
  expect(faultsAlone(await schemaOf("product.created"), delivered)).toEqual([]);
  expect(faultsAlone(await schemaOf("feature.created"), delivered)).not.toEqual([]);
});

test("a type that is none is not found", async () => {
  const w = await world();
  expect(await w.get("/v1/event_types/product.exploded")).toMatchObject({ status: 404, body: { code: "event_type_not_found" } });
});
