import { env } from "cloudflare:workers";
import * as fc from "fast-check";
import { decodeJwt, decodeProtectedHeader } from "jose";
import { expect, test } from "vitest";
import { askedOf } from "#db/licensing/asked";
import { callerByKeyDigests } from "#db/tenants/callers";
import { digests } from "#kernel/crypto";
import { keyDigests } from "#kernel/digests";
import { filled, Marks } from "#kernel/hot/mould";
import { peppers, vaultOf } from "#kernel/vault";
import { decide } from "#rules/licensing/decide";
import { presentDecision, type Question } from "../../../workers/licensing/decisions.ts";
import { castDecision, filledDecision } from "../../../workers/licensing/hot/casting.ts";
import { shop } from "../licensing/shop.ts";

/** A license as it is read, and all that an answer about it takes. */
async function licensed() {
  const s = await shop();
  const license = await s.license({ entitlements: [{ feature: "export", limit_value: 9 }] });
  const caller = await callerByKeyDigests(env.DB_00, await digests(peppers(env), "api_key", s.keys.secret));
  if (!caller) throw new Error("The tenant's key is not there");
  const { tenantId, tenant, signingKeys } = caller;
  const keyHashes = await keyDigests(env, tenantId, String(license["license_key"]));
  const asked = await askedOf({ d1: env.DB_00, tenantId }).byKey({ keyHashes, devices: [] }, { at: new Date() });
  if (!asked) throw new Error("The license is not there");
  return { tenantId, asked, signingKeys, vault: () => vaultOf(env, tenantId, tenant.dataKey) };
}

/** What an answer says, apart from its own id, and apart from the signature what its token says. */
function readAnswer(text: string) {
  const { id, token, ...decision } = JSON.parse(text) as { id: string; token: string } & Record<string, unknown>;
  const { jti, ...claims } = decodeJwt(token);
  expect(jti).toBe(id);
  return { decision, claims, header: decodeProtectedHeader(token), order: Object.keys(JSON.parse(text) as object) };
}

test("a decision that is filled in says to the letter what the presenter says, whatever was sent", async () => {
  const { tenantId, asked, signingKeys, vault } = await licensed();
  const text = fc.oneof(fc.string({ unit: "binary" }), fc.constantFrom('"', "\\", '","token":"', "$&", "{}", "null"));
  const sent = fc.record({ fingerprint: fc.option(text, { nil: undefined }), version: fc.option(text, { nil: undefined }) });
  await fc.assert(
    fc.asyncProperty(
      sent,
      fc.array(text, { minLength: 1, maxLength: 3 }),
      fc.nat(9_000),
      fc.nat(),
      async (of, nonces, age, ms) => {
        const castAt = new Date(1_800_000_000_000);
        const question = (at: Date, nonce?: string): Question => ({ asked, at, sent: { ...of, nonce } });
        const by = { tenantId, shard: "00", realNow: castAt, vault, signers: signingKeys, snapshotAgeMs: 0, stale: false };
        const decided = decide(asked.snapshot, { by: "key", fingerprint: of.fingerprint }, castAt, []);
        const answered = { ...castDecision(by, decided, question(castAt, nonces[0])), inputs: "", until: 0 };
        for (const nonce of [...nonces, undefined]) {
          const now = new Date(castAt.getTime() + (ms % 5_000));
          const again = { tenantId, shard: "00", realNow: now, now, vault, known: { signingKeys } };
          const presented = await presentDecision({ ...by, realNow: now, snapshotAgeMs: age }, decided, question(now, nonce));
          expect(readAnswer(await filledDecision(again, answered, age, nonce))).toEqual(readAnswer(JSON.stringify(presented)));
        }
      },
    ),
    { numRuns: 60 },
  );
});

test("without a nonce the same text is kept, and one with a nonce is nobody else's", async () => {
  const { tenantId, asked, signingKeys, vault } = await licensed();
  const now = new Date();
  const by = { tenantId, shard: "00", realNow: now, vault, signers: signingKeys, snapshotAgeMs: 0, stale: false };
  const decided = decide(asked.snapshot, { by: "key" }, now, []);
  const answered = { ...castDecision(by, decided, { asked, at: now, sent: {} }), inputs: "", until: 0 };
  const again = { tenantId, shard: "00", realNow: now, now, vault, known: { signingKeys } };
  await filledDecision(again, answered, 0, "n-1");
  expect(answered.text).toBeNull();
  const text = await filledDecision(again, answered, 0, undefined);
  expect(answered.text).toBe(text);
});

test("a mould is cut where its marks stand, and never where a text only looks like one", () => {
  const marks = new Marks(2);
  const [first, second] = marks.all;
  const mould = marks.cut(JSON.stringify({ a: first, b: `${first} "${second}"`, c: second }));
  expect(filled(mould, [1, '"x"'])).toBe(JSON.stringify({ a: 1, b: `${first} "${second}"`, c: "x" }));
  expect(() => marks.cut(JSON.stringify({ c: second, a: first }))).toThrow(Error);
  expect(new Marks(2).all).not.toContain(first);
});
