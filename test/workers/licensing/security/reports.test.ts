import { env } from "cloudflare:workers";
import { expect, test } from "vitest";
import { upTo } from "../../world.ts";
import { device, shop } from "../shop.ts";

const PATH = "/v1/security_reports";

async function seated() {
  const w = await shop();
  const license = await w.license({ max_activations: 3 });
  const seat = (await w.activate(license["license_key"], "a")).body;
  return { w, license, seat };
}

test("a program reports by its token; seen again, the open report counts it and tells nothing anew", async () => {
  const { w, license, seat } = await seated();
  const seen = { kind: "debugger", activation_token: seat["activation_token"], evidence: { process: "x64dbg" } };
  const first = await w.program(PATH, seen);
  expect(first).toMatchObject({
    status: 201,
    body: {
      object: "security_report",
      kind: "debugger",
      source: "program",
      status: "open",
      license_id: license["id"],
      activation_id: seat["id"],
      evidence: { process: "x64dbg" },
      times: 1,
    },
  });
  const again = await w.program(PATH, { ...seen, evidence: { process: "another" } });
  expect(again).toMatchObject({ status: 200, body: { id: first.body["id"], times: 2, evidence: { process: "x64dbg" } } });
  const other = await w.program(PATH, { ...seen, kind: "tampering" });
  expect(other.status).toBe(201);
  // the vendor's own report of the same device stands beside it
  const { id } = (await w.post(PATH, { kind: "debugger", license_id: license["id"], fingerprint: device("a") })).body;
  expect(await w.read(`${PATH}/${id}`)).toMatchObject({ source: "tenant", activation_id: seat["id"], times: 1 });
  expect(await w.events("security_report.created")).toHaveLength(3);
});

test("twenty programs that see the same at once make one report, counted twenty times", async () => {
  const { w, seat } = await seated();
  const seen = { kind: "tampering", activation_token: seat["activation_token"] };
  const answers = await Promise.all(upTo(20).map(() => w.program(PATH, seen)));
  expect(answers.map(({ status }) => status).sort((a, b) => a - b)).toEqual([...upTo(19).map(() => 200), 201]);
  expect((await w.get(PATH)).body["data"]).toMatchObject([{ times: 20 }]);
  expect(await w.events("security_report.created")).toHaveLength(1);
});

test("a closed report stays closed, and what is seen afterwards opens another", async () => {
  const { w, seat } = await seated();
  const seen = { kind: "clone", activation_token: seat["activation_token"] };
  const { id } = (await w.program(PATH, seen)).body;
  const closing = { outcome: "dismissed", reason: "Our own test" };
  expect(await w.post(`${PATH}/${id}/close`, closing)).toMatchObject({
    status: 200,
    body: { status: "closed", outcome: "dismissed", closed_reason: "Our own test" },
  });
  expect(await w.post(`${PATH}/${id}/close`, { outcome: "dismissed" })).toMatchObject({ status: 200, body: closedAs(closing) });
  expect(await w.post(`${PATH}/${id}/close`, { outcome: "confirmed" })).toMatchObject({
    status: 409,
    body: { code: "security_report_closed" },
  });
  const [event, ...none] = await w.events("security_report.closed");
  expect(none).toEqual([]);
  expect(JSON.parse(String(event?.["data"])).previous).toMatchObject({ status: "open", outcome: null });

  const next = await w.program(PATH, seen);
  expect(next).toMatchObject({ status: 201, body: { times: 1 } });
  const listed = async (query: string) => (await w.get(`${PATH}?${query}`)).body["data"].map((row: { id: string }) => row.id);
  expect(await listed("status=closed")).toEqual([id]);
  expect(await listed("status=open")).toEqual([next.body["id"]]);
  expect(await listed("kind=clone&source=program")).toEqual([next.body["id"], id]);
  expect(await listed("source=tenant")).toEqual([]);
});

const closedAs = ({ reason }: { reason: string }) => ({ outcome: "dismissed", closed_reason: reason });

test("a program proves what it speaks of, and names nothing that is its vendor's", async () => {
  const { w, license, seat } = await seated();
  const refused = async (body: Record<string, unknown>) => (await w.program(PATH, { kind: "other", ...body })).body;
  expect(await refused({})).toMatchObject({ errors: [{ pointer: "/license_key", code: "required" }] });
  expect(await refused({ license_id: license["id"] })).toMatchObject({ errors: [{ code: "secret_key_only" }] });
  const token = { activation_token: seat["activation_token"] };
  expect(await refused({ ...token, external_id: "x" })).toMatchObject({ errors: [{ pointer: "/external_id" }] });
  expect(await refused({ license_key: "unknown" })).toMatchObject({ code: "license_not_found" });
  expect(await refused({ activation_token: "lat_forged" })).toMatchObject({ code: "activation_not_found" });
  const another = await w.license();
  expect(await refused({ ...token, license_key: another["license_key"] })).toMatchObject({ code: "activation_not_found" });
  expect((await w.get(PATH)).body["data"]).toEqual([]);
});

test("a program can open no more than a report a kind, whatever devices it makes up", async () => {
  const { w, license } = await seated();
  for (const n of upTo(5)) {
    await w.program(PATH, { kind: "key_sharing", license_key: license["license_key"], fingerprint: device(`made-up-${n}`) });
  }
  expect((await w.get(PATH)).body["data"]).toMatchObject([{ times: 5, activation_id: null }]);
  // a vendor's reports of no device are each a case of its own
  for (const _ of upTo(2)) await w.post(PATH, { kind: "key_sharing", license_id: license["id"] });
  expect((await w.get(`${PATH}?source=tenant`)).body["data"]).toHaveLength(2);
});

test("a report changes no decision, and keeps no fingerprint", async () => {
  const { w, license, seat } = await seated();
  for (const kind of ["clone", "tampering", "integrity"]) {
    await w.program(PATH, { kind, activation_token: seat["activation_token"], fingerprint: device("a") });
  }
  await w.post(PATH, { kind: "clone", license_id: license["id"], fingerprint: device("b") });
  expect((await w.validate(license["license_key"], { fingerprint: device("a") })).body).toMatchObject({
    code: "VALID",
    reasons: [],
  });
  const { results } = await env.DB_00.prepare("select * from security_reports where tenant_id = ?").bind(w.tenant.id).all();
  expect(results.filter(({ device_hash: hash }) => typeof hash === "string")).toHaveLength(4);
  expect(JSON.stringify(results)).not.toContain(device("a"));
  expect(JSON.stringify(results)).not.toContain(device("b"));
});

test("evidence is an object of at most 8 KiB, counted in bytes, and of twenty levels", async () => {
  const { w } = await seated();
  const report = (evidence: unknown) => w.post(PATH, { kind: "other", evidence });
  const around = JSON.stringify({ seen: "" }).length;
  expect((await report({ seen: "é".repeat((8192 - around) / 2) })).status).toBe(201);
  expect(await report({ seen: "é".repeat((8192 - around) / 2 + 1) })).toMatchObject({ status: 400 });
  expect((await report(["no object"])).status).toBe(400);
  for (const [levels, status] of [
    [20, 201],
    [21, 400],
    [1500, 400],
    [4000, 400],
  ] as const) {
    const deep: unknown = JSON.parse(`${"[".repeat(levels - 1)}${"]".repeat(levels - 1)}`);
    expect((await report({ deep })).status, `${levels} levels`).toBe(status);
  }
});
