import type { Noun } from "#rules/ids";
import { beforeAll, describe, expect, test } from "vitest";
import { ask, type Told } from "./ask.ts";
import { headersOf, isOfSandboxes, make, player, prepare, type Player } from "./fresh.ts";
import { operationsOf, servedDocument, type Operation } from "./operations.ts";
import {
  built,
  callsOf,
  neverGiven,
  placeOf,
  unshownNames,
  withValue,
  wired,
  type Built,
  type Parts,
  type Slot,
} from "./requests.ts";
import { rowsOf, type Rows } from "./rows.ts";
import { faultsOf } from "./schemas.ts";

const document = await servedDocument();
const operations = operationsOf(document);

/** Checks answer 200 also for what is not there, and say so by a code. */
const DECISIONS: Record<string, string> = {
  "licenses.validate": "NOT_FOUND",
  "activations.validate": "ACTIVATION_NOT_FOUND",
  "entitlements.check": "NOT_FOUND",
};

/** Where features of a license are named, another tenant's is one that the license has no right to, like one that never was. */
const RIGHTS: Record<string, { status: number; code: string }> = {
  "entitlements.consume": { status: 403, code: "feature_not_licensed" },
  "entitlements.reserve": { status: 403, code: "feature_not_licensed" },
  "entitlements.commit": { status: 400, code: "invalid_request" },
};

/** Batches answer 200 also where nothing of them could be done, and say of each part why. */
const BATCHES: Record<string, string> = { "usage.track": "license_not_found" };

const isList = ({ query }: Operation) => query.some(({ name }) => name === "cursor");
const lists = operations.filter((operation) => isList(operation) && operation.audience === "tenant");

let alice: Player;
let bob: Player;
beforeAll(async () => {
  [alice, bob] = [await player(), await player()];
});

const keyOf = ({ id }: Operation, { secret, sandboxSecret }: Player) => (isOfSandboxes(id) ? sandboxSecret : secret);
const asTenant = (who: Player, request: Pick<Built, "operation" | "parts">): Promise<Told> =>
  ask({ ...wired(request), key: keyOf(request.operation, who) });

const tenantCalls = operations.filter(({ audience }) => audience === "tenant").flatMap(callsOf);
// what a provider sends is no example that anybody may send, so those are called with the further bodies alone
const publicCalls = operations
  .filter(({ audience }) => audience === "public")
  .flatMap((operation) => callsOf(operation).slice(operation.body ? 1 : 0));
const operatorCalls = operations.filter(({ audience }) => audience === "operator").flatMap(callsOf);

describe.each(tenantCalls)("$name", ({ operation, body }) => {
  test("answers its own tenant as the document says, and another tenant nothing", async () => {
    const uniques = new Map<string, string>();
    const hers = await built(operation, body, alice, uniques);
    const first = await asTenant(alice, hers);
    expect(whyNotGood(operation, first)).toEqual([]);
    if (isList(operation)) expect(first.body.data.length, "a list is tested with something in it").toBeGreaterThan(0);

    // again fresh, as the first call may have used its objects up
    const again = await built(operation, body, alice);
    const his = await built(operation, body, bob, uniques);
    const filters = isList(operation) ? await filtersOf(operation, first.body?.data) : [];
    const before = await rowsOf([alice.tenantId, alice.sandboxId]);
    const answers: Told[] = [];
    // who calls with a publishable key proves itself by a license key or a token
    const proves = operation.publishable && again.slots.some(({ by }) => by === "license_key" || by === "activation_token");
    const twin = isOfSandboxes(operation.id) ? alice.secret : alice.sandboxSecret;
    const strangers = [keyOf(operation, bob), twin, ...(proves ? [bob.publishable] : [])];
    for (const key of again.slots.length > 0 ? strangers : []) {
      const answer = await ask({ ...wired(again), key });
      expectForeign(operation, answer);
      answers.push(answer);
    }
    for (const slot of again.slots) {
      const { where } = slot;
      const asked = (value: string) => asTenant(bob, { operation, parts: withValue(his.parts, where, value) });
      const [never, none] = [neverGiven(slot), "no such thing"];
      const [foreign, unknown, malformed] = [await asked(slot.value), await asked(never), await asked(none)];
      expectForeign(operation, foreign, slot);
      expect(bare(foreign, slot.value), `${placeOf(slot)}: another tenant's and one that never was`).toEqual(
        bare(unknown, never),
      );
      expect(bare(foreign, slot.value), `${placeOf(slot)}: another tenant's and one that is none`).toEqual(bare(malformed, none));
      answers.push(foreign);
    }
    for (const filter of filters) answers.push(await narrowed(hers, his, filter));
    // with objects of his own, and the same unique values as hers, the very same call is fine
    answers.push(await asTenant(bob, his));
    expect(whyNotGood(operation, answers.at(-1) as Told)).toEqual([]);

    expect(await rowsOf([alice.tenantId, alice.sandboxId])).toEqual(before);
    for (const answer of answers) expect(leaked(before, alice, answer)).toEqual([]);
  });
});

describe.each(operatorCalls)("$name", ({ operation, body }) => {
  test("answers an operator as the document says, and a tenant's key never", async () => {
    const first = await ask({ ...wired(await built(operation, body, alice)), key: alice.operator });
    expect(whyNotGood(operation, first)).toEqual([]);

    const again = wired(await built(operation, body, alice));
    const before = await rowsOf();
    for (const key of [bob.secret, bob.publishable, alice.secret]) {
      expect(await ask({ ...again, key })).toMatchObject({ status: 403, body: { code: "key_kind_not_allowed" } });
    }
    expect(await rowsOf()).toEqual(before);
  });
});

describe.each(publicCalls)("$name", ({ operation, body }) => {
  test("answers everybody as the document says, and tells tenants that are not there apart by nothing", async () => {
    const hers = await built(operation, body, alice);
    const call = async (parts: Parts) =>
      ask({ ...wired({ operation, parts }), headers: await headersOf(operation.id, parts.body) });
    expect(whyNotGood(operation, await call(hers.parts))).toEqual([]);

    const before = await rowsOf();
    for (const { where, ...slot } of hers.slots) {
      const [unknown, malformed] = [neverGiven({ where, ...slot }), "no such thing"].map((value) =>
        withValue(hers.parts, where, value),
      );
      const answers = [await call(unknown as Parts), await call(malformed as Parts)];
      expect(answers[0]?.body).toMatchObject({ code: expect.stringMatching(/^tenant_not_found$|_refused$/) });
      expect(bare(answers[0] as Told)).toEqual(bare(answers[1] as Told));
    }
    expect(await rowsOf()).toEqual(before);
  });
});

test.each(operations)("$id: every field that names an object is tried with another tenant's", (operation) => {
  expect(unshownNames(document, operation), "show it in the schema's example, or in FURTHER_BODIES of fresh.ts").toEqual([]);
});

test.each(lists)("$id: a cursor of one tenant is none of another's", async (operation) => {
  const page = async (who: Player) => {
    for (const _ of [1, 2]) await prepare(who, operation.id);
    const { parts } = await built(operation, undefined, who);
    return (cursor?: string) => {
      const query: Record<string, string> = cursor === undefined ? { limit: "1" } : { limit: "1", cursor };
      return asTenant(who, { operation, parts: { ...parts, query } });
    };
  };
  const [hers, his] = [await page(alice), await page(bob)];
  const cursor = (await hers()).body.next_cursor;
  if (typeof cursor !== "string") return;
  expect(await hers(cursor)).toMatchObject({ status: 200 });
  expect(await his(cursor)).toMatchObject({ status: 400, body: { code: "invalid_cursor" } });
});

test("the rows of one tenant name nothing of the other", async () => {
  const [hers, his] = [await rowsOf([alice.tenantId, alice.sandboxId]), await rowsOf([bob.tenantId, bob.sandboxId])];
  const mine = idsIn(hers);
  expect([...idsIn(his)].filter((id) => mine.has(id))).toEqual([]);
  expect(JSON.stringify(his)).not.toContain(alice.mark);
  expect(mine.size).toBeGreaterThan(operations.length);
});

/** What is wrong with a good answer: its status, its type, or what it shows. */
function whyNotGood({ responses, id }: Operation, { status, text, headers, body }: Told): string[] {
  const documented = responses[status];
  if (status < 200 || status > 299) return [`${id} must succeed with fresh objects, and answered ${status}: ${text}`];
  if (!documented) return [`${status} is not documented`];
  const [type, content] = Object.entries(documented.content ?? {})[0] ?? [];
  if (!type || !content?.schema) return text === "" ? [] : [`a body that is not documented: ${text}`];
  if (!headers.get("content-type")?.startsWith(type)) return [`content type ${headers.get("content-type")}`];
  // a page is a text
  return faultsOf(document, content.schema, type === "text/html" ? text : body, { closed: true });
}

/** Another tenant's objects are not there: neither all at once nor, with his own beside it, the one of `slot`. */
function expectForeign({ id, responses }: Operation, { status, text, body }: Told, slot?: Slot): void {
  const said = `${slot ? placeOf(slot) : "every name"} of another tenant: ${status} ${text}`;
  const decision = DECISIONS[id];
  if (id in BATCHES) {
    const codes = new Set((body?.rejected ?? []).map(({ code }: { code: string }) => code));
    // a feature that is not there is one that the license does not have
    const code = slot?.noun === "feature" ? "feature_not_licensed" : BATCHES[id];
    expect({ status, codes }, said).toEqual({ status: 200, codes: new Set([code]) });
    if (!slot) expect(body?.accepted, said).toBe(0);
    return;
  }
  const right = slot?.by === "code" ? RIGHTS[id] : undefined;
  if (right) return expect({ status, code: body?.code }, said).toEqual(right);
  if (id === "entitlements.check" && slot?.by === "code")
    return expect(body?.entitlements[0], said).toMatchObject({ feature_id: null });
  if (decision === undefined) {
    expect(status, said).toBe(404);
    return expect(responses[404]?.["x-codes"], said).toContain(body?.code);
  }
  expect({ status, valid: body?.valid }, said).toEqual({ status: 200, valid: false });
  // a product or feature that is not there is a reason like any other
  if (slot?.by !== "code") expect(body, said).toMatchObject({ code: decision, license: null });
}

async function narrowed(hers: Built, his: Built, { name, value, finds }: Filter): Promise<Told> {
  const list = (who: Player, { operation, parts }: Built, text: string) =>
    asTenant(who, { operation, parts: withValue(parts, { part: "query", name }, text) });
  if (finds) expect((await list(alice, hers, value)).body.data, `${name}=${value} finds it`).not.toEqual([]);

  const foreign = await list(bob, his, value);
  // an external_id is the tenant's own, so that he may have an object of the same one
  if (name === "external_id") return foreign;
  expect(foreign.body, `${name}=${value}`).toMatchObject({ data: [], has_more: false });
  expect(bare(foreign)).toEqual(bare(await list(bob, his, "no such thing")));
  return foreign;
}

type Filter = { name: string; value: string; finds: boolean };

/** The filters of a list that name an object, each with something of hers: what the list shows, or else a fresh object. */
async function filtersOf({ query }: Operation, shown: Record<string, unknown>[] = []): Promise<Filter[]> {
  const filters: Filter[] = [];
  for (const { name } of query) {
    if (!/_id$|^q$/.test(name)) continue;
    const found = shown.map((item) => filterable(item, name)).find((value) => typeof value === "string");
    const value = typeof found === "string" ? found : (await make(alice, name.replace(/_id$/, "") as Noun)).id;
    filters.push({ name, value, finds: found !== undefined });
  }
  return filters;
}

/** What of a listed object a filter of this name looks at. */
function filterable(item: Record<string, unknown>, name: string): unknown {
  if (name === "q") return item["id"];
  if (name === "actor_id") return (item["actor"] as { id: string }).id;
  return name === "subject_id" ? (item["subject"] as { id: string }).id : item[name];
}

/** An answer without what differs between any two requests; only a decision may repeat what was asked. */
function bare({ status, headers, text, body }: Told, asked = ""): unknown {
  const type = headers.get("content-type");
  if (body?.object === "decision") {
    const { valid, code, reasons, license, next } = body;
    return { status, type, decision: JSON.stringify({ valid, code, reasons, license, next }).replaceAll(asked || "-", "") };
  }
  // what of a batch is good is counted the first time, and a duplicate the second
  if (body?.object === "usage_batch") return { status, type, rejected: body.rejected };
  if (body?.object === "entitlement_check") {
    const { evaluated_at: _, ...check } = body;
    return { status, type, check: JSON.stringify(check).replaceAll(asked || "-", "") };
  }
  return { status, type, text: text.replaceAll(body?.request_id ?? "-", "") };
}

/** What of a tenant stands in an answer: its ids, and the mark that it put into every name. */
function leaked(hers: Rows, { mark }: Player, { text, headers }: Told): string[] {
  const said = text + JSON.stringify([...headers]);
  const known = idsIn(hers);
  return [...said.matchAll(ID)]
    .map(([id]) => id)
    .filter((id) => known.has(id))
    .concat(said.includes(mark) ? [mark] : []);
}

const ID = /[a-z]{2,5}_[0-9a-z]{28}/g;

const idsIn = (rows: Rows) => new Set([...JSON.stringify(rows).matchAll(ID)].map(([id]) => id));
