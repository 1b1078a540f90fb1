import { beforeAll, expect, test } from "vitest";
import { ask } from "./ask.ts";
import { isOfSandboxes, player, unique, type Player } from "./fresh.ts";
import { operationsOf, servedDocument, type Operation } from "./operations.ts";
import { built, callsOf, wired } from "./requests.ts";
import { rowsOf } from "./rows.ts";

/** Checks, look-ups and previews change nothing, and caches hold no facts, so an Idempotency-Key is not read there. */
const CHECKS = new Set([
  "licenses.validate",
  "licenses.lookup",
  "templates.preview",
  "prices.preview",
  "vat.check",
  "credit_notes.preview",
  "mail.preview",
  "activations.validate",
  "activations.heartbeat",
  "activations.offline_request",
  "entitlements.check",
  "cache.warm",
  "cache.invalidate",
]);

type Call = ReturnType<typeof callsOf>[number];
/** A dry run changes nothing either, whatever it tries. */
const changesNothing = ({ operation, body }: Call) =>
  CHECKS.has(operation.id) || (body as { dry_run?: boolean } | undefined)?.dry_run === true;

const writes = operationsOf(await servedDocument()).filter(
  ({ audience, method }) => audience !== "public" && (method === "POST" || method === "PATCH"),
);

let alice: Player;
beforeAll(async () => {
  alice = await player();
});

const keyFor = ({ audience, id }: Operation) => {
  if (audience === "operator") return alice.operator;
  return isOfSandboxes(id) ? alice.sandboxSecret : alice.secret;
};

test.each(writes.flatMap(callsOf).filter((call) => !changesNothing(call)))(
  "$name: asked again under its Idempotency-Key, it gives the same bytes and does nothing",
  async ({ operation, body }) => {
    const sent = wired(await built(operation, body, alice));
    const asking = { ...sent, key: keyFor(operation), headers: { ...sent.headers, "idempotency-key": unique() } };
    const first = await ask(asking);
    expect(first.status, first.text).toBeLessThan(300);
    expect(first.headers.get("idempotency-replayed")).toBeNull();

    const before = await rowsOf();
    const second = await ask(asking);
    expect([second.status, second.text, second.headers.get("idempotency-replayed")]).toEqual([first.status, first.text, "true"]);
    expect(await rowsOf()).toEqual(before);
  },
);

test.each(writes.flatMap(callsOf).filter(changesNothing))(
  "$name: answers anew, whatever the Idempotency-Key",
  async ({ operation, body }) => {
    const sent = wired(await built(operation, body, alice));
    const asking = { ...sent, key: keyFor(operation), headers: { ...sent.headers, "idempotency-key": "one" } };
    await ask(asking);
    const second = await ask(asking);
    expect([second.status, second.headers.get("idempotency-replayed")]).toEqual([200, null]);
  },
);
