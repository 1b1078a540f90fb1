import { expect, test } from "vitest";
import { createVerifier } from "../../../../sdk/verifier/index.ts";
import { fromBase64url } from "#rules/licensing/olp/base64url";
import { statusAt } from "#rules/licensing/olp/status";
import { upTo } from "../../world.ts";
import { meanwhile } from "../meanwhile.ts";
import { DAY_MS } from "../shop.ts";
import { airGap, claimsIn, receiptOf } from "./air.ts";

const HOUR_MS = 3_600_000;

/** What a list says of a file. */
function said(list: string, file: string): string {
  const { st } = claimsIn(file.split("~")[1] ?? "");
  return statusAt(fromBase64url(claimsIn(list)["lst"]), st);
}

test("a status list tells which files are suspended, revoked, canceled or superseded, and nothing of the others", async () => {
  const g = await airGap();
  const licenses = await Promise.all(upTo(5).map(() => g.offlineLicense()));
  const devices = await Promise.all(licenses.map((license, n) => g.activated(license, `press-${n}`)));
  const list = async () => (await g.get(`/v1/offline/status/${g.productId}`)).body;
  const words = async () => {
    const { status_list: text } = await list();
    return devices.map(({ file }) => said(text, file));
  };
  expect(await words()).toEqual(["valid", "valid", "valid", "valid", "valid"]);
  const before = await list();
  expect(claimsIn(before["status_list"])).toMatchObject({ iss: g.tenant.id, aud: g.productId, seq: 1 });
  expect(fromBase64url(claimsIn(before["status_list"])["lst"])).toHaveLength(1024);

  const [a, b, c, d] = [licenses[0]?.["id"], licenses[1]?.["id"], devices[2], devices[3]];
  await g.post(`/v1/licenses/${a}/suspend`, { reason: "pause" });
  await g.post(`/v1/licenses/${b}/revoke`, { reason: "published" });
  await g.post("/v1/activations/offline_deactivate", { receipt: c && (await receiptOf(c.device, c.file)) });
  await g.post(`/v1/activations/${d?.activation.id}/deactivate`, { accept_overlap: true });
  expect(await words()).toEqual(["suspended", "revoked", "superseded", "superseded", "valid"]);
  const after = await list();
  expect(after["seq"]).toBeGreaterThan(before["seq"]);
  expect((await list())["status_list"], "unchanged, not signed anew").toBe(after["status_list"]);
  await g.post(`/v1/licenses/${a}/reinstate`);
  expect((await words())[0]).toBe("valid");
});

test("lists that are asked for while licenses are stopped have rising numbers, and each says no less than the ones before", async () => {
  const g = await airGap();
  const licenses = await Promise.all(upTo(6).map(() => g.offlineLicense()));
  const devices = await Promise.all(licenses.map((license, n) => g.activated(license, `press-${n}`)));
  const lists: { seq: number; status_list: string }[] = [];
  const ask = async () => void lists.push((await g.get(`/v1/offline/status/${g.productId}`)).body as never);
  await Promise.all(
    licenses.flatMap(({ id }) => [ask(), ask(), g.post(`/v1/licenses/${id}/revoke`, { reason: "x" }), ask(), ask()]),
  );
  await ask();
  const bySeq = new Map(lists.map((list) => [list.seq, list.status_list]));
  for (const { seq, status_list: text } of lists) expect(bySeq.get(seq), "one text for each number").toBe(text);
  const counts = [...bySeq]
    .sort(([a], [b]) => a - b)
    .map(([, text]) => devices.filter(({ file }) => said(text, file) === "revoked").length);
  expect(counts).toEqual(counts.toSorted((a, b) => a - b));
  expect(counts.at(-1)).toBe(6);
});

test("a list that was made from an older reading is not written over a newer one", async () => {
  const g = await airGap();
  const [a, b] = [await g.offlineLicense(), await g.offlineLicense()];
  const devices = [await g.activated(a, "press-1"), await g.activated(b, "press-2")];
  const ask = async () => (await g.get(`/v1/offline/status/${g.productId}`)).body;
  await ask();
  await g.post(`/v1/licenses/${a["id"]}/revoke`, { reason: "x" });
  let between: Record<string, unknown> = {};
  const happened = meanwhile(/update "status_lists"/, async () => {
    await g.post(`/v1/licenses/${b["id"]}/revoke`, { reason: "x" });
    between = await ask();
  });
  const after = await ask();
  expect([happened(), between["seq"]]).toEqual([true, 2]);
  expect(devices.map(({ file }) => said(after["status_list"], file))).toEqual(["revoked", "revoked"]);
  expect((await ask())["status_list"]).toBe(between["status_list"]);
});

test("a list is signed anew when half of its week is over, or when a fresher one is asked for", async () => {
  const g = await airGap();
  const seq = async (query = "") => (await g.get(`/v1/offline/status/${g.productId}${query}`)).body["seq"];
  expect(await seq()).toBe(1);
  await g.later(2 * HOUR_MS);
  expect(await seq()).toBe(1);
  expect(await seq("?max_age_s=3600")).toBe(2);
  await g.later(3 * DAY_MS);
  expect(await seq()).toBe(2);
  await g.later(DAY_MS);
  expect(await seq()).toBe(3);
});

test("a license that asks for a list gets one in its file, and the device refuses to go on without a newer one", async () => {
  const g = await airGap();
  const license = await g.offlineLicense({ offline: { status_max_age_s: 3600 } });
  const { file } = await g.activated(license, "press-4");
  const { body: roots } = await g.get("/v1/offline/roots");
  const trust = { tenant: g.tenant.id, product: g.productId, roots: [roots["current"].x, roots["next"].x] };
  const verifier = createVerifier(trust);
  const { iat } = claimsIn(file.split("~")[1] ?? "");
  const verify = (now: number, more: object = {}) => verifier.verify(file, { now, fingerprint: "press-4", ...more });
  expect((await verify(iat + 60)).code).toBe("OK");
  expect((await verify(iat + 3600)).code).toBe("STATUS_TOO_OLD");

  await g.post(`/v1/licenses/${license["id"]}/suspend`, { reason: "pause" });
  const { status_list: status } = (await g.get(`/v1/offline/status/${g.productId}`)).body;
  expect((await verify(iat + 60, { status })).code).toBe("FILE_SUSPENDED");
});
