import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { Webhook } from "standardwebhooks";
import { expect, test } from "vitest";
import { receiverWorld, until } from "./world.ts";

const secret = `whsec_${Buffer.alloc(24, 7).toString("base64")}`;

test("a webhook at any path is kept as it came, and can be read and deleted by path", async () => {
  const r = await receiverWorld();
  const raw = '{ "type": "order.paid",\n "n": 1.0 }';
  expect((await fetch(`${r.url}/one?x=1`, { method: "POST", body: raw, headers: { "Webhook-Id": "evt_1" } })).status).toBe(200);
  await fetch(`${r.url}/two/deep`, { method: "POST", body: "" });
  const [entry] = await r.log("/one");
  expect(entry).toMatchObject({ path: "/one", body: raw, headers: { "webhook-id": "evt_1" }, answered: 200 });
  expect(Date.parse(entry?.at ?? "")).toBeGreaterThan(0);
  expect(entry).not.toHaveProperty("verified");
  expect((await r.log()).map(({ path }) => path)).toEqual(["/one", "/two/deep"]);
  await fetch(`${r.url}/_log?path=/one`, { method: "DELETE" });
  expect((await r.log()).map(({ path }) => path)).toEqual(["/two/deep"]);
  await fetch(`${r.url}/_log`, { method: "DELETE" });
  expect(await r.log()).toEqual([]);
});

test("with a secret, each entry says whether it was signed with it, on this body and now", async () => {
  const r = await receiverWorld();
  expect(await r.control({ path: "/in", mode: "verify", secret })).toBe(200);
  const send = (body: string, signed: string, at = new Date(), key = secret) =>
    fetch(`${r.url}/in`, {
      method: "POST",
      body,
      headers: {
        "webhook-id": "evt_1",
        "webhook-timestamp": String(Math.floor(at.getTime() / 1000)),
        "webhook-signature": new Webhook(key).sign("evt_1", at, signed),
      },
    });
  await send("{}", "{}");
  await send("{} ", "{}");
  await send("{}", "{}", new Date(Date.now() - 301_000));
  await send("{}", "{}", new Date(), `whsec_${Buffer.alloc(24, 8).toString("base64")}`);
  await fetch(`${r.url}/in`, { method: "POST", body: "{}" });
  expect((await r.log("/in")).map(({ verified }) => verified)).toEqual([true, false, false, false, false]);
});

test("each fault answers as it says, on its path, as often as it says", async () => {
  const r = await receiverWorld();
  const post = (at = "/in") => fetch(`${r.url}${at}`, { method: "POST", body: "{}", redirect: "manual" });
  await r.control({ path: "/in", mode: "fail", status: 503, times: 2 });
  expect([(await post()).status, (await post("/else")).status, (await post()).status, (await post()).status]).toEqual([
    503, 200, 503, 200,
  ]);

  await r.control({ path: "/in", mode: "gone" });
  expect((await post()).status).toBe(410);
  await r.control({ path: "/in", mode: "redirect", status: 308, location: "/trap" });
  expect((await post()).headers.get("location")).toBe("/trap");
  await r.control({ path: "/in", mode: "big", bytes: 200_000 });
  expect((await (await post()).text()).length).toBe(200_000);
  await r.control({ path: "/in", mode: "slow", ms: 30 });
  expect((await post()).status).toBe(200);
  await r.control({ path: "/in", mode: "hang", ms: 30 });
  await expect(post()).rejects.toThrow("fetch failed");
  expect((await r.log("/in")).map(({ answered }) => answered)).toEqual([503, 503, 200, 410, 308, 200, 200, null]);

  await r.control({ mode: "fail" });
  expect((await post("/else")).status).toBe(500);
  await r.control({ mode: "normal" });
  expect([(await post()).status, (await post("/else")).status]).toEqual([200, 200]);
});

test("a hanging answer does not keep the receiver from stopping", async () => {
  const r = await receiverWorld();
  await r.control({ mode: "hang" });
  const hanging = fetch(`${r.url}/in`, { method: "POST", body: "{}" }).catch(() => "cut");
  await until(async () => (await r.log()).length === 1);
  await r.close();
  expect(await hanging).toBe("cut");
});

test("the log and the secrets survive a restart", async () => {
  const statePath = path.join(mkdtempSync(path.join(tmpdir(), "latchkey-")), "receiver.ndjson");
  const before = await receiverWorld(statePath);
  await before.control({ path: "/in", mode: "verify", secret });
  await fetch(`${before.url}/in`, { method: "POST", body: "first" });
  await before.close();
  const after = await receiverWorld(statePath);
  await fetch(`${after.url}/in`, { method: "POST", body: "second" });
  expect((await after.log("/in")).map(({ body, verified }) => [body, verified])).toEqual([
    ["first", false],
    ["second", false],
  ]);
});

test("wrong input is told so, and memory is bounded", async () => {
  const r = await receiverWorld();
  for (const body of [
    {},
    { mode: "odd" },
    { mode: "fail", status: 99 },
    { mode: "gone", statys: 1 },
    { mode: "verify" },
    { mode: "verify", secret: "!" },
  ]) {
    expect(await r.control(body), JSON.stringify(body)).toBe(400);
  }
  expect((await fetch(`${r.url}/_control`, { method: "POST", body: "nonsense" })).status).toBe(400);
  expect((await fetch(`${r.url}/in`)).status).toBe(405);
  expect((await fetch(`${r.url}/in`, { method: "POST", body: "x".repeat(3_000_000) })).status).toBe(413);
  const body = "x".repeat(2_000_000);
  for (let n = 0; n < 36; n += 1) await fetch(`${r.url}/in?${n}`, { method: "POST", body });
  const kept = (await r.log()).length;
  expect(kept).toBeGreaterThan(30);
  expect(kept).toBeLessThan(35);
});
