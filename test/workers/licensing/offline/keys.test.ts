import { expect, test } from "vitest";
import { isSignedBy } from "#kernel/signing";
import { fromBase64url } from "#rules/licensing/olp/base64url";
import { upTo, world } from "../../world.ts";
import { claimsIn, jws, pair, signerIn } from "./air.ts";
import { shop } from "../shop.ts";

/** Whether a message carries the signature of a key. */
function signedBy(x: string, text: string): Promise<boolean> {
  const [header = "", payload = "", signature = ""] = text.split(".");
  return isSignedBy(x, fromBase64url(signature), `${header}.${payload}`);
}

test("the roots come to be when they are first asked for, once, whoever asks", async () => {
  const w = await world();
  const answers = await Promise.all(upTo(8).map((n) => w.get(n % 2 ? "/v1/offline/roots" : "/v1/offline/keyset")));
  expect(answers.map(({ status }) => status)).toEqual(upTo(8).map(() => 200));
  const roots = new Set(answers.map(({ body }) => JSON.stringify(body["roots"] ?? body)));
  expect(roots.size).toBe(1);
  const { body } = await w.get("/v1/offline/keyset");
  expect(body).toMatchObject({ object: "offline_keyset", seq: 1, custody: "platform" });
  expect(await signedBy(body["roots"].current.x, body["keyset"])).toBe(true);
  const claims = claimsIn(body["keyset"]);
  const [key] = (await w.get("/v1/offline/keys")).body["data"];
  expect(claims).toMatchObject({ iss: w.tenant.id, seq: 1, keys: [{ kid: key.kid, x: key.x, status: "active", products: [] }] });
  expect(claims["exp"] - claims["iat"]).toBe(730 * 24 * 3600);
});

test("a rotated key is retired with its time, a revoked one is named as such, and every change raises the seq", async () => {
  const s = await shop();
  const first = (await s.get("/v1/offline/keys")).body["data"][0];
  const second = await s.post("/v1/offline/keys/rotate", { reason: "yearly" });
  expect(second.status).toBe(201);
  await s.post(`/v1/offline/keys/${second.body["kid"]}/revoke`, { reason: "leaked" });
  const { body } = await s.get("/v1/offline/keyset");
  const claims = claimsIn(body["keyset"]);
  expect(claims["seq"]).toBe(3);
  const named = Object.fromEntries(claims["keys"].map((key: { kid: string }) => [key.kid, key]));
  expect(named[first.kid]).toMatchObject({ status: "retired", products: [] });
  expect(named[first.kid].until).toBeGreaterThan(named[first.kid].from);
  expect(named[second.body["kid"]].status).toBe("revoked");
  const active = claims["keys"].filter(({ status }: { status: string }) => status === "active");
  expect(active).toHaveLength(1);
  expect(active[0].until).toBe(null);
  expect((await s.events("signing_key.revoked")).map((event) => event["subject_id"])).toEqual([second.body["kid"]]);
  expect(await s.events("offline_keyset.published")).toHaveLength(3);
});

test("a revoked key leaves the JWKS, a retired one stays in it", async () => {
  const w = await world();
  const kids = async () =>
    (await w.get(`/.well-known/jwks/${w.tenant.id}.json`, undefined, { key: null })).body["keys"].map(
      ({ kid }: { kid: string }) => kid,
    );
  const [first] = await kids();
  const second = (await w.post("/v1/offline/keys/rotate", {})).body["kid"];
  expect(await kids()).toEqual(expect.arrayContaining([first, second]));
  await w.post(`/v1/offline/keys/${first}/revoke`, { reason: "leaked" });
  expect(await kids()).toEqual([second]);
});

test("ten rotations at once leave one active key, and keysets without a gap", async () => {
  const w = await world();
  const answers = await Promise.all(upTo(10).map(() => w.post("/v1/offline/keys/rotate", {})));
  expect(answers.map(({ status }) => status)).toEqual(upTo(10).map(() => 201));
  const { body } = await w.get("/v1/offline/keyset");
  expect(body["seq"]).toBe(11);
  const statuses = claimsIn(body["keyset"])["keys"].map(({ status }: { status: string }) => status);
  expect(statuses.filter((status: string) => status === "active")).toHaveLength(1);
  expect(statuses).toHaveLength(11);
});

test("a product's own key stands beside the one for everything, and each is rotated by itself", async () => {
  const s = await shop();
  const own = await s.post("/v1/offline/keys/rotate", { product_ids: ["studio"] });
  expect(own.body).toMatchObject({ status: "active", product_ids: [s.product["id"]] });
  const keys = (await s.get("/v1/offline/keys")).body["data"];
  expect(keys.map(({ status }: { status: string }) => status)).toEqual(["active", "active"]);
  await s.post("/v1/offline/keys/rotate", { product_ids: [s.product["id"]] });
  const after = (await s.get("/v1/offline/keys")).body["data"];
  expect(after.filter(({ status }: { status: string }) => status === "retired").map(({ kid }: { kid: string }) => kid)).toEqual([
    own.body["kid"],
  ]);
  expect((await s.post("/v1/offline/keys/rotate", { product_ids: ["nothing"] })).body["code"]).toBe("product_not_found");
});

test("under roots of the tenant's own a new key waits for the keyset that names it", async () => {
  const w = await world();
  const [current, next] = [await pair(), await pair()];
  const roots = { custody: "tenant", current: { x: current.x }, next: { x: next.x } };
  expect((await w.put("/v1/offline/roots", roots)).body).toMatchObject({ custody: "tenant", current: { kid: current.kid } });
  const first = (await w.get("/v1/offline/keyset/draft")).body;
  expect(first).toMatchObject({ pending: true, header: { kid: current.kid } });

  const signed = await jws("keyset", current, first["claims"]);
  expect((await w.put("/v1/offline/keyset", { keyset: signed })).body).toMatchObject({ seq: 2, root_kid: current.kid });
  expect((await w.put("/v1/offline/keyset", { keyset: signed })).status, "the same again").toBe(200);
  const old = (await w.get("/v1/offline/keys")).body["data"][0].kid;

  const made = await w.post("/v1/offline/keys/rotate", {});
  expect(made.body["status"]).toBe("pending");
  expect((await w.post("/v1/offline/keys/rotate", {})).body["code"]).toBe("offline_keyset_pending");
  const draft = (await w.get("/v1/offline/keyset/draft")).body["claims"];
  expect(draft.keys.find(({ kid }: { kid: string }) => kid === old).status).toBe("retired");

  const refused = async (text: string) => (await w.put("/v1/offline/keyset", { keyset: text })).body["code"];
  expect(await refused(await jws("keyset", await pair(), draft))).toBe("offline_keyset_invalid");
  expect(await refused(await jws("keyset", current, { ...draft, seq: 9 }))).toBe("offline_keyset_invalid");
  expect(await refused(await jws("keyset", current, { ...draft, keys: draft.keys.slice(1) }))).toBe("offline_keyset_invalid");
  expect(await refused(`${await jws("keyset", current, draft)} `)).toBe("offline_keyset_invalid");
  expect(await refused(await jws("license", current, draft))).toBe("offline_keyset_invalid");

  expect((await w.put("/v1/offline/keyset", { keyset: await jws("keyset", next, draft) })).status).toBe(200);
  const keys = (await w.get("/v1/offline/keys")).body["data"];
  expect(keys.map(({ kid, status }: { kid: string; status: string }) => [kid, status])).toEqual([
    [made.body["kid"], "active"],
    [old, "retired"],
  ]);
});

test("roots that the tenant holds are followed by those it gives, and the platform's by its own", async () => {
  const w = await world();
  const before = (await w.get("/v1/offline/roots")).body;
  const promoted = (await w.post("/v1/offline/roots/promote")).body;
  expect(promoted["current"].kid).toBe(before["next"].kid);
  const { body } = await w.get("/v1/offline/keyset");
  expect(signerIn(body["keyset"])).toBe(promoted["current"].kid);
  expect((await w.post("/v1/offline/roots/promote", { next: { x: (await pair()).x } })).status).toBe(400);

  const [current, next, third] = [await pair(), await pair(), await pair()];
  await w.put("/v1/offline/roots", { custody: "tenant", current: { x: current.x }, next: { x: next.x } });
  expect((await w.post("/v1/offline/roots/promote")).status).toBe(400);
  expect((await w.post("/v1/offline/roots/promote", { next: { x: next.x } })).status).toBe(400);
  expect((await w.post("/v1/offline/roots/promote", { next: { x: third.x } })).body).toMatchObject({
    custody: "tenant",
    current: { x: next.x },
    next: { x: third.x },
  });
  const back = (await w.put("/v1/offline/roots", { custody: "platform" })).body;
  expect(back["custody"]).toBe("platform");
  expect(await signedBy(back["current"].x, (await w.get("/v1/offline/keyset")).body["keyset"])).toBe(true);
});

test("a keyset of the platform's is signed anew when half of its time is over", async () => {
  const s = await shop();
  const first = (await s.get("/v1/offline/keyset")).body;
  await s.later(364 * 24 * 3600 * 1000);
  expect((await s.get("/v1/offline/keyset")).body["keyset"]).toBe(first["keyset"]);
  await s.later(2 * 24 * 3600 * 1000);
  const second = (await s.get("/v1/offline/keyset")).body;
  expect(second["seq"]).toBe(2);
  expect(Date.parse(second["expires_at"])).toBeGreaterThan(Date.parse(first["expires_at"]));
});

test("decisions are signed by the product's own key, and by none that was revoked", async () => {
  const s = await shop();
  const license = await s.license();
  const own = (await s.post("/v1/offline/keys/rotate", { product_ids: [s.product["id"]] })).body["kid"];
  expect(signerIn((await s.validate(license["license_key"])).body["token"])).toBe(own);
  const unknown = signerIn((await s.validate("nobody has this key")).body["token"]);
  expect(unknown).not.toBe(own);
});
