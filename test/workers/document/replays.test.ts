import { beforeAll, describe, expect, test } from "vitest";
import { ask } from "./ask.ts";
import { player, unique, type Player } from "./fresh.ts";
import { operationsOf, servedDocument } from "./operations.ts";
import { bodiesOf, built, wired } from "./requests.ts";
import { rowsOf } from "./rows.ts";

/** Checks and look-ups change nothing, so an Idempotency-Key is not read there. */
const CHECKS = new Set(["licenses.validate", "licenses.lookup", "activations.validate", "activations.heartbeat"]);

const writes = operationsOf(await servedDocument()).filter(
  ({ audience, method }) => audience !== "public" && (method === "POST" || method === "PATCH"),
);

let alice: Player;
beforeAll(async () => {
  alice = await player();
});

describe.each(writes)("$id", (operation) => {
  const bodies = bodiesOf(operation).map((body, index) => ({ body, index }));
  const key = () => (operation.audience === "operator" ? alice.operator : alice.secret);

  test.runIf(!CHECKS.has(operation.id)).each(bodies)(
    "asked again under its Idempotency-Key, it gives the same bytes and does nothing (body $index)",
    async ({ body }) => {
      const asking = { ...wired(await built(operation, body, alice)), key: key(), headers: { "idempotency-key": unique() } };
      const first = await ask(asking);
      expect(first.status, first.text).toBeLessThan(300);
      expect(first.headers.get("idempotency-replayed")).toBeNull();

      const before = await rowsOf();
      const second = await ask(asking);
      expect([second.status, second.text, second.headers.get("idempotency-replayed")]).toEqual([
        first.status,
        first.text,
        "true",
      ]);
      expect(await rowsOf()).toEqual(before);
    },
  );

  test.runIf(CHECKS.has(operation.id))("answers anew, whatever the Idempotency-Key", async () => {
    const asking = {
      ...wired(await built(operation, operation.body?.example, alice)),
      key: key(),
      headers: { "idempotency-key": "one" },
    };
    await ask(asking);
    const second = await ask(asking);
    expect([second.status, second.headers.get("idempotency-replayed")]).toEqual([200, null]);
  });
});
