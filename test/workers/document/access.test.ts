import { beforeAll, expect, test } from "vitest";
import { SCOPES } from "#rules/scopes";
import { ask } from "./ask.ts";
import { asSandbox, does, isOfSandboxes, player, type Player } from "./fresh.ts";
import { operationsOf, servedDocument } from "./operations.ts";
import { bodiesOf, built, wired } from "./requests.ts";
import { rowCounts } from "./rows.ts";

const operations = operationsOf(await servedDocument()).filter(({ audience }) => audience === "tenant");

let alice: Player;
const keyWith = new Map<string, Promise<string>>();
beforeAll(async () => {
  alice = await player();
});

/** A key that holds these scopes and no other. */
function keyHolding(scopes: readonly string[], who: Player): Promise<string> {
  const name = [who.secret, ...scopes].join(" ");
  const key =
    keyWith.get(name) ??
    does(who, "POST", "/v1/api_keys", { name: "Test", kind: "secret", scopes }).then((made) => String(made["secret"]));
  keyWith.set(name, key);
  return key;
}

test.each(operations)("$id is open to the keys that the document names, and to no others", async (operation) => {
  const asking = wired(await built(operation, bodiesOf(operation)[0], alice));
  const call = (key: string | null) => ask({ ...asking, key });
  const who = isOfSandboxes(operation.id) ? asSandbox(alice) : alice;
  const others = await keyHolding(
    SCOPES.filter((scope) => scope !== operation.scope),
    who,
  );
  // a key never grants more than its maker has
  const granted = (operation.body?.example as { scopes?: string[] } | undefined)?.scopes ?? [];
  const own = await keyHolding([operation.scope ?? "", ...granted], who);

  const before = await rowCounts();
  expect(await call(null)).toMatchObject({ status: 401, body: { code: "unauthorized" } });
  if (!operation.operators)
    expect(await call(alice.operator)).toMatchObject({ status: 403, body: { code: "key_kind_not_allowed" } });
  expect(await call(others)).toMatchObject({ status: 403, body: { code: "scope_missing" } });
  if (!operation.publishable)
    expect(await call(alice.publishable)).toMatchObject({ status: 403, body: { code: "key_kind_not_allowed" } });
  expect(await rowCounts()).toEqual(before);

  const answer = await call(own);
  expect([answer.status, answer.status < 300 ? "" : answer.text]).toEqual([answer.status, ""]);
  if (operation.operators) {
    const again = await ask({ ...wired(await built(operation, bodiesOf(operation)[0], alice)), key: alice.operator });
    expect([again.status, again.status < 300 ? "" : again.text]).toEqual([answer.status, ""]);
  }
  if (operation.publishable) expect((await call(alice.publishable)).body).not.toMatchObject({ code: "key_kind_not_allowed" });
});
