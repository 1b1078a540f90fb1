import { spawn } from "node:child_process";
import { mkdtemp, readFile, readdir, rm, stat, writeFile } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { text as allOf } from "node:stream/consumers";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { claimsOf, type LicenseClaims } from "#rules/licensing/olp/claims";
import { readMessage } from "#rules/licensing/olp/message";
import { fits, fingerprintDigest, sha256, thumbprint } from "../../sdk/verifier/crypto.ts";
import { newKey, signMessage, type DeviceKey } from "../../sdk/verifier/signing.ts";
import { cli } from "../../tools/build-sdk.ts";
import { TENANT, PRODUCT, licenseClaims } from "../../tools/vectors/world.ts";

const program = path.join(import.meta.dirname, "../../sdk/cli/latchkey.ts");
const KEY = "7K2M-QX4D-9B8N-5T1W-6ZCF";
const FINGERPRINT = "b1946ac92492d2347c6235b4d2611184";
const SECOND = Math.floor(Date.now() / 1000);
const DAY = 24 * 3600;

type Ran = { code: number | null; out: string; err: string };

/** Runs the program as a process of its own, in a folder, with something on standard input. */
async function latchkey(cwd: string, args: string[], input = "", file = program): Promise<Ran> {
  const child = spawn(process.execPath, [file, "offline", ...args], { cwd, stdio: ["pipe", "pipe", "pipe"] });
  child.stdin.end(input);
  const [out, err, code] = await Promise.all([
    allOf(child.stdout),
    allOf(child.stderr),
    new Promise<number | null>((resolve) => child.once("close", resolve)),
  ]);
  return { code, out, err };
}

async function emptyFolder(): Promise<string> {
  const folder = await mkdtemp(path.join(os.tmpdir(), "latchkey-cli-"));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

/** A vendor with roots made by the program, and a keyset that the program signed. */
type Vendor = { folder: string; roots: string; keyset: string; signing: DeviceKey };
let vendor: Vendor;

beforeAll(async () => {
  const folder = await mkdtemp(path.join(os.tmpdir(), "latchkey-vendor-"));
  const made = await latchkey(folder, ["keys", "new", "--out", "roots"]);
  const halves = JSON.parse(made.out) as { custody: string; current: { x: string }; next: { x: string } };
  const signing = await newKey();
  const named = { kid: await thumbprint(signing.x), x: signing.x, status: "active", products: [], from: 0, until: null };
  const claims = { iss: TENANT, seq: 1, iat: SECOND, exp: SECOND + 700 * DAY, keys: [named] };
  await writeFile(
    path.join(folder, "draft.json"),
    JSON.stringify({ object: "offline_keyset_draft", pending: true, header: {}, claims }),
  );
  const signed = await latchkey(folder, ["keys", "sign", "--root", "roots/root-next.json", "--draft", "draft.json"]);
  expect([made.code, signed.code, halves.custody]).toEqual([0, 0, "tenant"]);
  vendor = { folder, roots: `${halves.current.x},${halves.next.x}`, keyset: signed.out.trim(), signing };
});
afterAll(() => rm(vendor.folder, { recursive: true, force: true }));

const who = ["--tenant", TENANT, "--product", PRODUCT, "--fingerprint", FINGERPRINT];
const asks = (...more: string[]) => ["request", ...who, "--out", "request.olp", ...more];
const checks = (file: string, ...more: string[]) => ["verify", file, ...who, "--roots", vendor.roots, ...more];

/** The vendor's answer to the request in a folder, written there. */
async function answer(folder: string, changes: Partial<LicenseClaims> = {}, name = "license.lic"): Promise<void> {
  const text = await readFile(path.join(folder, "request.olp"), "utf8");
  const { rid, fp, key } = claimsOf(readMessage(text, "request"));
  const right = await licenseClaims();
  const claims: LicenseClaims = {
    ...right,
    iat: SECOND,
    nbf: SECOND,
    exp: SECOND + 30 * DAY,
    rid,
    req: await sha256(text),
    lic: { ...right.lic, starts_at: SECOND - DAY, expires_at: SECOND + 20 * DAY, grace_until: SECOND + 25 * DAY },
    dev: { ...right.dev, fp, components: [], key: await thumbprint(key) },
    ...changes,
  };
  await writeFile(path.join(folder, name), `${vendor.keyset}~${await signMessage(vendor.signing, "olp1-license+jws", claims)}\n`);
}

/** A device that has asked, been answered, and kept the file. */
async function device(changes: Partial<LicenseClaims> = {}): Promise<string> {
  const folder = await emptyFolder();
  expect((await latchkey(folder, asks(), KEY)).code).toBe(0);
  await answer(folder, changes);
  expect((await latchkey(folder, checks("license.lic", "--folder", "latchkey-offline", "--keep"))).code).toBe(0);
  return folder;
}

async function filesUnder(folder: string): Promise<string[]> {
  const names = await readdir(folder, { recursive: true });
  const files: string[] = [];
  for (const name of names) if ((await stat(path.join(folder, name))).isFile()) files.push(path.join(folder, name));
  return files;
}

describe("keys", () => {
  test("private halves can be read by their owner alone, and are printed nowhere", async () => {
    const folder = await emptyFolder();
    const { out, err } = await latchkey(folder, ["keys", "new", "--out", "roots"]);
    const files = await filesUnder(path.join(folder, "roots"));
    expect(files.map((file) => path.basename(file)).toSorted()).toEqual(["root-current.json", "root-next.json"]);
    for (const file of files) {
      const { d, x, kid } = JSON.parse(await readFile(file, "utf8")) as Record<string, string>;
      expect((await stat(file)).mode & 0o777).toBe(0o600);
      expect(kid).toBe(await thumbprint(x ?? ""));
      expect(out).toContain(x);
      expect(out + err).not.toContain(d);
    }
  });

  test("a root is never overwritten", async () => {
    const folder = await emptyFolder();
    await latchkey(folder, ["keys", "new", "--out", "roots"]);
    const before = await readFile(path.join(folder, "roots/root-next.json"), "utf8");
    for (const args of [[], ["--only", "next"]]) {
      const again = await latchkey(folder, ["keys", "new", "--out", "roots", ...args]);
      expect([again.code, again.out]).toEqual([1, ""]);
      expect(again.err).toMatch(/there already/);
    }
    expect(await readFile(path.join(folder, "roots/root-next.json"), "utf8")).toBe(before);
  });

  test("the next root alone is made for a promotion", async () => {
    const { code, out } = await latchkey(await emptyFolder(), ["keys", "new", "--out", "roots", "--only", "next"]);
    expect([code, Object.keys(JSON.parse(out) as object)]).toEqual([0, ["next"]]);
  });

  test("a draft is signed as it stands, claim by claim", async () => {
    const { claims } = JSON.parse(await readFile(path.join(vendor.folder, "draft.json"), "utf8")) as { claims: object };
    const message = readMessage(vendor.keyset, "keyset");
    expect(message.claims).toEqual(claims);
    expect(await fits(vendor.roots.split(",")[1] ?? "", message.signature, message.signed)).toBe(true);
  });

  test.each([
    ["what is no draft", JSON.stringify({ iss: TENANT, seq: 1 }), [], /INVALID_CLAIMS/],
    ["a draft with a member twice", `{"iss":"a","iss":"b"}`, [], /DUPLICATE_MEMBER/],
    ["a license", "license", [], /no draft of a keyset/],
    ["another tenant's draft", undefined, ["--tenant", "ten_00other"], /not of ten_00other/],
  ])("%s is not signed", async (_, text, more, says) => {
    const folder = await emptyFolder();
    const draft = path.join(folder, "draft.json");
    await writeFile(draft, text ?? (await readFile(path.join(vendor.folder, "draft.json"))));
    const root = path.join(vendor.folder, "roots/root-current.json");
    const { code, out, err } = await latchkey(folder, ["keys", "sign", "--root", root, "--draft", draft, ...more]);
    expect([code, out]).toEqual([1, ""]);
    expect(err).toMatch(says);
  });
});

describe("a device", () => {
  test("asks, is answered, runs, and gives its seat back", async () => {
    const folder = await device();
    const again = await latchkey(folder, checks("license.lic", "--folder", "latchkey-offline", "--feature", "export"));
    expect(again.out).toMatch(/^Valid/);
    expect(again.code).toBe(0);

    const given = await latchkey(folder, [
      "deactivate",
      "--fingerprint",
      FINGERPRINT,
      "--out",
      "receipt.olp",
      "--counter",
      "export=3",
    ]);
    expect(given.code).toBe(0);
    const receipt = readMessage(await readFile(path.join(folder, "receipt.olp"), "utf8"), "receipt");
    const { x } = JSON.parse(await readFile(path.join(folder, "latchkey-offline/device-key.json"), "utf8")) as { x: string };
    expect(await fits(x, receipt.signature, receipt.signed)).toBe(true);
    const claims = await licenseClaims();
    expect(claimsOf(receipt)).toMatchObject({
      iss: TENANT,
      aud: PRODUCT,
      sub: claims.sub,
      act: claims.act,
      file: claims.jti,
      seq: claims.seq,
      fp: await fingerprintDigest(TENANT, FINGERPRINT),
      counters: { export: 3 },
    });
    expect((await readdir(path.join(folder, "latchkey-offline"))).toSorted()).toEqual(["device-key.json", "state.json"]);
    expect(await readdir(folder)).not.toContain("receipt.olp.before-deletion");
  });

  test("refuses a copy of the file that it gave back", async () => {
    const folder = await device();
    await latchkey(folder, ["deactivate", "--fingerprint", FINGERPRINT, "--out", "receipt.olp"]);
    const { code, out } = await latchkey(folder, checks("license.lic", "--folder", "latchkey-offline"));
    expect([code, out]).toEqual([1, expect.stringContaining("FILE_OUTDATED")]);
  });

  test("refuses the answer to another device's request", async () => {
    const [one, other] = [await emptyFolder(), await emptyFolder()];
    for (const folder of [one, other]) await latchkey(folder, asks(), KEY);
    await answer(one);
    const file = path.join(one, "license.lic");
    const { code, out } = await latchkey(other, checks(file, "--folder", "latchkey-offline", "--keep"));
    expect([code, out]).toEqual([1, expect.stringContaining("WRONG_REQUEST")]);
    expect(await readdir(path.join(other, "latchkey-offline"))).not.toContain("license.olp");
  });

  test("refreshes with the number of the file that it has", async () => {
    const folder = await device({ seq: 12 });
    expect((await latchkey(folder, asks("--refresh", "--counter", "export=4"), KEY)).code).toBe(0);
    const text = await readFile(path.join(folder, "request.olp"), "utf8");
    expect(claimsOf(readMessage(text, "request"))).toMatchObject({ action: "refresh", last_seq: 12, counters: { export: 4 } });
    // the file at hand is no answer to the new request, and still counts
    expect((await latchkey(folder, checks("license.lic", "--folder", "latchkey-offline"))).code).toBe(0);
  });

  test("that never activated has nothing to refresh and nothing to give back", async () => {
    const folder = await emptyFolder();
    const refresh = await latchkey(folder, asks("--refresh"), KEY);
    const back = await latchkey(folder, ["deactivate", "--fingerprint", FINGERPRINT, "--out", "receipt.olp"]);
    expect([refresh.code, back.code]).toEqual([1, 1]);
    expect(await readdir(folder)).toEqual([]);
  });

  test("does not give back the seat of another device", async () => {
    const folder = await device();
    const key = path.join(folder, "latchkey-offline/device-key.json");
    await writeFile(key, JSON.stringify({ kty: "OKP", crv: "Ed25519", ...(await newKey()) }));
    const { code, err } = await latchkey(folder, ["deactivate", "--fingerprint", FINGERPRINT, "--out", "receipt.olp"]);
    expect([code, err]).toEqual([1, expect.stringContaining("another device key")]);
    expect(await readdir(path.join(folder, "latchkey-offline"))).toContain("license.olp");
    expect(await readdir(folder)).not.toContain("receipt.olp");
  });
});

describe("verify", () => {
  test("ends with 1 for a genuine file of a license that has ended, and tells why", async () => {
    const folder = await device();
    const then = new Date((SECOND + 26 * DAY) * 1000).toISOString();
    const { code, out } = await latchkey(folder, checks("license.lic", "--at", then));
    expect([code, out]).toEqual([1, expect.stringMatching(/^Refused[^]*EXPIRED[^]*Renew/)]);
    expect((await latchkey(folder, checks("license.lic", "--at", then, "--folder", "latchkey-offline", "--keep"))).code).toBe(1);
  });

  test("gives the verdict as JSON", async () => {
    const folder = await device();
    const good = await latchkey(folder, checks("license.lic", "--json"));
    expect(JSON.parse(good.out)).toMatchObject({ valid: true, code: "OK", decision: { code: "VALID" }, claims: { seq: 5 } });
    const bad = await latchkey(folder, [...checks("license.lic", "--json"), "--fingerprint", "other"]);
    expect([bad.code, JSON.parse(bad.out)]).toEqual([1, expect.objectContaining({ valid: false, code: "WRONG_DEVICE" })]);
  });

  test("refuses a file that was touched, and says what to do", async () => {
    const folder = await device();
    const text = await readFile(path.join(folder, "license.lic"), "utf8");
    // one time in four the signature ends with an A already
    await writeFile(
      path.join(folder, "touched.lic"),
      text.replace(/.\n$/, (end) => (end === "A\n" ? "Q\n" : "A\n")),
    );
    const { code, out } = await latchkey(folder, checks("touched.lic"));
    expect([code, out]).toEqual([1, expect.stringMatching(/^Refused[^]*copy it again/)]);
  });

  test("does not keep what it did not take, and writes nothing without --keep", async () => {
    const folder = await emptyFolder();
    await latchkey(folder, asks(), KEY);
    await answer(folder);
    expect((await latchkey(folder, checks("license.lic", "--folder", "latchkey-offline"))).code).toBe(0);
    expect((await readdir(path.join(folder, "latchkey-offline"))).toSorted()).toEqual(["device-key.json", "request.olp"]);
  });
});

describe("the license key", () => {
  /** Everything in which a key could be hidden: as typed, in its forms, and in base64 of any offset. */
  const forms = [KEY, KEY.replaceAll("-", ""), KEY.toLowerCase()].flatMap((form) => [form, ...offsets(form)]);

  function offsets(form: string): string[] {
    return ["", "x", "xx"].map((before) =>
      Buffer.from(before + form)
        .toString("base64url")
        .slice(before.length + 1, -3),
    );
  }

  /** A text, and what the parts of messages in it say. */
  const opened = (text: string) =>
    [text, ...text.split(/[.~\s"]/).map((part) => Buffer.from(part, "base64url").toString("latin1"))].join("\n");

  test("is in no file, in no output and in no message of a whole life", async () => {
    const folder = await emptyFolder();
    const said: string[] = [];
    const run = async (args: string[], input = "") => {
      const { out, err } = await latchkey(folder, args, input);
      said.push(out, err);
    };
    await run(asks(), `${KEY}\n`);
    await run(["request", ...who], KEY.toLowerCase());
    await run(asks(), KEY);
    await answer(folder);
    await run(checks("license.lic", "--folder", "latchkey-offline", "--keep", "--json"));
    await run(asks("--refresh"), KEY);
    await run(["deactivate", "--fingerprint", FINGERPRINT, "--out", "receipt.olp"]);
    for (const file of await filesUnder(folder)) said.push(await readFile(file, "utf8"));
    expect(said.length).toBeGreaterThan(15);
    expect(said.filter((text) => forms.some((form) => opened(text).includes(form)))).toEqual([]);
  });

  test("would be found by that test", () => {
    const hidden = `{"a":"b"}.${Buffer.from(`{"key":"${KEY}"}`).toString("base64url")}.c`;
    expect(forms.some((form) => opened(hidden).includes(form))).toBe(true);
    expect(forms.some((form) => opened(Buffer.from(hidden).toString("base64url")).includes(form))).toBe(true);
  });

  test.each([[[KEY]], [["--license-key", KEY]], [[`--license-key=${KEY}`]], [["--key", KEY]], [[`--key=${KEY}`]]])(
    "is not taken as an argument, and not repeated: %j",
    async (args) => {
      const folder = await emptyFolder();
      const { code, out, err } = await latchkey(folder, asks(...args), KEY);
      expect(code).toBe(2);
      expect(out + err).not.toContain(KEY);
      expect(await readdir(folder)).toEqual([]);
    },
  );

  test("is read from a file as well, and a typing error is told before anything is written", async () => {
    const folder = await emptyFolder();
    await writeFile(path.join(folder, "key.txt"), `${KEY}\n`);
    expect((await latchkey(folder, asks("--key-file", "key.txt"))).code).toBe(0);
    const x = claimsOf(readMessage(await readFile(path.join(folder, "request.olp"), "utf8"), "request")).proof.x;

    const other = await emptyFolder();
    const typo = await latchkey(other, asks(), KEY.replace("7K2M", "7K3M"));
    expect([typo.code, typo.err]).toEqual([1, expect.stringContaining("typing error")]);
    expect(await readdir(other)).toEqual([]);
    await latchkey(other, asks(), " 7k2m qx4d 9b8n 5tiw 6zcf ");
    expect(claimsOf(readMessage(await readFile(path.join(other, "request.olp"), "utf8"), "request")).proof.x).toBe(x);
    await latchkey(other, asks("--imported"), KEY);
    expect(claimsOf(readMessage(await readFile(path.join(other, "request.olp"), "utf8"), "request")).proof.x).not.toBe(x);
  });

  test("must come", async () => {
    const { code, err } = await latchkey(await emptyFolder(), asks(), "\n");
    expect([code, err]).toEqual([1, expect.stringContaining("No license key came")]);
  });
});

describe("the command line", () => {
  test.each<[string[]]>([
    [["nothing"]],
    [["keys"]],
    [["keys", "new"]],
    [["keys", "new", "--out", "a", "--only", "current"]],
    [["request"]],
    [["request", "--tenant"]],
    [["request", ...who, "--component", "cpu"]],
    [["request", ...who, "--counter", "export=-1"]],
    [["verify"]],
    [["verify", "a", "b"]],
    [["verify", "a", ...who]],
    [["verify", "a", ...who, "--roots", "short"]],
    [["verify", "a", ...who, "--roots", "A".repeat(43), "--keep"]],
    [["deactivate", "--fingerprint", "a"]],
  ])("%j is not understood, and the right way is shown", async (args) => {
    const folder = await emptyFolder();
    const { code, out, err } = await latchkey(folder, args, KEY);
    expect([code, out]).toEqual([2, ""]);
    expect(err).toMatch(/latchkey offline/);
    expect(await readdir(folder)).toEqual([]);
  });

  test.each([[["--help"]], [["keys", "new", "--help"]], [["request", "-h"]], [["verify", "--help"]], [["deactivate", "--help"]]])(
    "%j is help",
    async (args) => {
      const { code, out, err } = await latchkey(await emptyFolder(), args);
      expect([code, err]).toEqual([0, ""]);
      expect(out).toMatch(/latchkey offline/);
    },
  );

  test.each(["nowhere.lic", "."])("a file that cannot be read is named: %s", async (file) => {
    const { code, err } = await latchkey(await emptyFolder(), checks(file));
    expect([code, err]).toEqual([1, expect.stringMatching(/Cannot read the license file/)]);
  });

  test("is one file that runs elsewhere, and reaches for no network", async () => {
    const folder = await emptyFolder();
    const text = await cli();
    await writeFile(path.join(folder, "latchkey.mjs"), text);
    expect(text).not.toMatch(/\bfetch\(|WebSocket|["'](?:node:)?(?:http2?|https|net|tls|dgram|dns|child_process)["']/);
    const { code } = await latchkey(folder, ["keys", "new", "--out", "roots"], "", path.join(folder, "latchkey.mjs"));
    expect(code).toBe(0);
  });
});
