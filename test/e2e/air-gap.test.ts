import { execFile } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, test } from "vitest";
import { callerOf, installation } from "./installation.ts";

type Installed = Awaited<ReturnType<typeof installation>>;

const program = path.join(import.meta.dirname, "../../sdk/cli/latchkey.ts");
const FINGERPRINT = "b1946ac92492d2347c6235b4d2611184";

let installed: Installed;
let folder: string;
beforeAll(async () => {
  installed = await installation("air-gap");
  folder = mkdtempSync(path.join(os.tmpdir(), "latchkey-air-gap-"));
});
afterAll(async () => {
  await installed?.stop();
  rmSync(folder, { recursive: true, force: true });
});

/** Runs the program on the side that has no network. */
async function latchkey(args: string[], input = ""): Promise<{ code: number; out: string; err: string }> {
  const running = promisify(execFile)(process.execPath, [program, "offline", ...args], { cwd: folder });
  running.child.stdin?.end(input);
  return running.then(
    ({ stdout, stderr }) => ({ code: 0, out: stdout, err: stderr }),
    (error: { code: number; stdout: string; stderr: string }) => ({ code: error.code, out: error.stdout, err: error.stderr }),
  );
}

const text = (file: string) => readFileSync(path.join(folder, file), "utf8");
const put = (file: string, content: string) => writeFileSync(path.join(folder, file), content);

test("roots, request, file, refresh and receipt cross the air gap, and the seat is free again", async () => {
  const { dev } = installed;
  const call = callerOf(installed);
  const asProgram = { key: dev.tenant.publishable_key };

  // the vendor holds the roots itself
  const roots = await latchkey(["keys", "new", "--out", "roots"]);
  const handed = await call("PUT", "/v1/offline/roots", JSON.parse(roots.out));
  expect(handed, roots.err).toMatchObject({ status: 200 });
  put("draft.json", JSON.stringify((await call("GET", "/v1/offline/keyset/draft")).body));
  const signed = await latchkey([
    "keys",
    "sign",
    "--root",
    "roots/root-current.json",
    "--draft",
    "draft.json",
    "--out",
    "keyset.olp",
  ]);
  expect(signed, signed.err).toMatchObject({ code: 0 });
  const published = await call("PUT", "/v1/offline/keyset", { keyset: text("keyset.olp") });
  expect(published, JSON.stringify(published.body)).toMatchObject({ status: 200, body: { custody: "tenant" } });

  // and sells a license for one device
  const product = (await call("POST", "/v1/products", { name: "Press", code: "press" })).body["id"] as string;
  const terms = { type: "perpetual", model: "per_device", max_activations: 1, offline: { allowed: true } };
  const template = await call("POST", "/v1/templates", { name: "Offline", product_id: product, ...terms });
  const license = await call("POST", "/v1/licenses", { template_id: template.body["id"], customer_id: dev.demo.customer_id });
  expect(license, JSON.stringify([template.body, license.body])).toMatchObject({ status: 201 });
  const { id, license_key } = license.body as { id: string; license_key: string };

  // the device asks, and the answer is taken
  const who = ["--tenant", dev.tenant.id, "--product", product, "--fingerprint", FINGERPRINT];
  const { current, next } = JSON.parse(roots.out) as Record<"current" | "next", { x: string }>;
  const checks = [...who, "--roots", `${current.x},${next.x}`, "--folder", "latchkey-offline", "--json"];
  const ask = await latchkey(["request", ...who, "--out", "request.olp"], license_key);
  expect(ask, ask.err).toMatchObject({ code: 0 });
  const answered = await call("POST", "/v1/activations/offline_activate", { request: text("request.olp") }, asProgram);
  expect(answered, JSON.stringify(answered.body)).toMatchObject({ status: 201 });
  put("license.lic", answered.body["license_file"] as string);
  const taken = await latchkey(["verify", "license.lic", ...checks, "--keep"]);
  expect(JSON.parse(taken.out)).toMatchObject({ valid: true, code: "OK", claims: { sub: id, seq: 1 } });
  expect(taken.code).toBe(0);

  // the only seat is taken, also for those with a connection
  const device = { license_key, fingerprint: "another-device" };
  expect((await call("POST", "/v1/activations", device, asProgram)).status).toBe(409);

  // a newer file, after which the older one is refused
  await latchkey(["request", ...who, "--refresh", "--out", "refresh.olp"], license_key);
  const newer = await call("POST", "/v1/activations/offline_activate", { request: text("refresh.olp") }, asProgram);
  put("newer.lic", newer.body["license_file"] as string);
  const kept = await latchkey(["verify", "newer.lic", ...checks, "--keep"]);
  expect(JSON.parse(kept.out)).toMatchObject({ valid: true, claims: { seq: 2 } });
  const older = await latchkey(["verify", "license.lic", ...checks]);
  expect([older.code, JSON.parse(older.out)]).toEqual([1, expect.objectContaining({ code: "FILE_OUTDATED" })]);

  // and the seat goes back
  const back = await latchkey(["deactivate", "--fingerprint", FINGERPRINT, "--out", "receipt.olp"]);
  expect(back, back.err).toMatchObject({ code: 0 });
  const released = await call("POST", "/v1/activations/offline_deactivate", { receipt: text("receipt.olp") }, asProgram);
  expect(released, JSON.stringify(released.body)).toMatchObject({ status: 200, body: { status: "released" } });
  expect((await call("POST", "/v1/activations", device, asProgram)).status).toBe(201);
  const late = await latchkey(["verify", "newer.lic", ...checks]);
  expect([late.code, JSON.parse(late.out)]).toEqual([1, expect.objectContaining({ code: "FILE_OUTDATED" })]);

  for (const file of ["request.olp", "license.lic", "refresh.olp", "newer.lic", "receipt.olp"]) {
    const opened = text(file)
      .split(/[.~]/)
      .map((part) => Buffer.from(part, "base64url").toString());
    expect(opened.join("\n")).not.toContain(license_key);
  }
});
