import { expect, test } from "vitest";
import { createVerifier } from "../../../../sdk/verifier/index.ts";
import { airGap, claimsIn, jws, pair, requestOf, signerIn } from "./air.ts";

const now = () => Math.floor(Date.now() / 1000) + 1;

test("files of every era of the keys are taken, refused and explained by a program that embeds the roots alone", async () => {
  const g = await airGap();
  const license = await g.offlineLicense({ max_activations: 10 });
  const { body: roots } = await g.get("/v1/offline/roots");
  const verifier = createVerifier({ tenant: g.tenant.id, product: g.productId, roots: [roots["current"].x, roots["next"].x] });
  const keyset = async () => (await g.get("/v1/offline/keyset")).body["keyset"] as string;
  const rotate = async () => (await g.post("/v1/offline/keys/rotate", {})).body["kid"] as string;

  const first = await g.activated(license, "one");
  const keysets = [await keyset()];
  const secondKid = await rotate();
  const second = await g.activated(license, "two");
  keysets.push(await keyset());
  await rotate();
  const third = await g.activated(license, "three");
  keysets.push(await keyset());
  await g.post(`/v1/offline/keys/${secondKid}/revoke`, { reason: "leaked" });
  keysets.push(await keyset());
  const newest = keysets[3] ?? "";

  const verdict = async (file: string, fingerprint: string, more: object = {}) =>
    (await verifier.verify(file, { now: now(), fingerprint, ...more })).code;
  // by what each file carries itself, all were good when they were made
  expect(await verdict(first.file, "one")).toBe("OK");
  expect(await verdict(second.file, "two")).toBe("OK");
  expect(await verdict(third.file, "three")).toBe("OK");
  // with the newest keyset what the revoked key signed is refused, what the retired one signed is not
  expect(await verdict(first.file, "one", { keyset: newest })).toBe("OK");
  expect(await verdict(second.file, "two", { keyset: newest })).toBe("KEY_REVOKED");
  expect(await verdict(third.file, "three", { keyset: newest })).toBe("OK");
  // an older keyset beside the file does not bring an older truth back
  expect(await verdict(third.file, "three", { keyset: keysets[0] })).toBe("OK");
  // a device that once saw the newest keyset refuses to fall back
  const seen = await verifier.verify(third.file, { now: now(), fingerprint: "three", keyset: newest });
  const state = seen.code === "OK" ? seen.state : undefined;
  expect(state?.keyset_seq).toBe(4);
  expect(await verdict(second.file, "two", { state })).toBe("KEYSET_OUTDATED");

  // the revoked key signs no file any more, and a new file for the device that had one is good again
  const again = await g.send(await requestOf(g.asked(license, "two", second.device), { action: "refresh", last_seq: 1 }));
  expect(await verdict(again.body["license_file"], "two", { keyset: newest })).toBe("OK");
});

test("after the next root stepped in, programs of yesterday take today's files; other roots they do not", async () => {
  const g = await airGap();
  const license = await g.offlineLicense({ max_activations: 10 });
  const { body: roots } = await g.get("/v1/offline/roots");
  const verifier = createVerifier({ tenant: g.tenant.id, product: g.productId, roots: [roots["current"].x, roots["next"].x] });
  await g.post("/v1/offline/roots/promote");
  const promoted = await g.activated(license, "one");
  expect((await verifier.verify(promoted.file, { now: now(), fingerprint: "one" })).code).toBe("OK");
  await g.put("/v1/offline/roots", { custody: "tenant", current: { x: (await pair()).x }, next: { x: (await pair()).x } });
  await g.put("/v1/offline/roots", { custody: "platform" });
  const moved = await g.activated(license, "two");
  expect((await verifier.verify(moved.file, { now: now(), fingerprint: "two" })).code).toBe("UNKNOWN_ROOT");
});

test("where the tenant holds the roots, files wait for the keyset that it signs, and the old key signs until then", async () => {
  const g = await airGap();
  const license = await g.offlineLicense({ max_activations: 10 });
  const [current, next] = [await pair(), await pair()];
  await g.put("/v1/offline/roots", { custody: "tenant", current: { x: current.x }, next: { x: next.x } });
  const ask = async (name: string) => g.send(await requestOf(g.asked(license, name, await pair())));
  const publish = async () => {
    const { claims } = (await g.get("/v1/offline/keyset/draft")).body;
    return g.put("/v1/offline/keyset", { keyset: await jws("keyset", current, claims) });
  };
  expect((await ask("one")).body["code"]).toBe("offline_keyset_pending");
  expect((await publish()).status).toBe(200);
  const verifier = createVerifier({ tenant: g.tenant.id, product: g.productId, roots: [current.x, next.x] });
  const code = async (name: string) =>
    (await verifier.verify((await ask(name)).body["license_file"], { now: now(), fingerprint: name })).code;
  expect(await code("one")).toBe("OK");

  const rotated = (await g.post("/v1/offline/keys/rotate", {})).body["kid"];
  const meanwhile = await ask("two");
  expect(JSON.stringify(claimsIn(meanwhile.body["license_file"]))).not.toContain(rotated);
  expect((await verifier.verify(meanwhile.body["license_file"], { now: now(), fingerprint: "two" })).code).toBe("OK");
  await publish();
  expect(await code("three")).toBe("OK");
  const { keyset } = (await g.get("/v1/offline/keyset")).body;
  const kept = await verifier.verify(meanwhile.body["license_file"], { now: now(), fingerprint: "two", keyset });
  expect(kept.code, "made by the old key before the new keyset").toBe("OK");

  await g.post(`/v1/offline/keys/${rotated}/revoke`, { reason: "leaked" });
  expect((await ask("four")).body["code"]).toBe("offline_keyset_pending");
  const decision = await g.validate(license["license_key"]);
  expect(decision.status, "decisions do not wait").toBe(200);
  expect(signerIn(decision.body["token"])).not.toBe(rotated);
  await publish();
  expect(await code("four")).toBe("OK");
});
