import { execFile } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, test } from "vitest";
import { writePackage } from "../../tools/build-sdk.ts";

const run = promisify(execFile);
const tsc = path.join(import.meta.dirname, "../../node_modules/.bin/tsc");

/** A program of somebody else's that has installed the package. */
const PROGRAM = `
import { createVerifier } from "@latchkey/verifier";
import { makeRequest, newDeviceKey } from "@latchkey/verifier/device";

const deviceKey = await newDeviceKey();
const text = await makeRequest({ tenant: "t", product: "p", licenseKey: "k", fingerprint: "f", deviceKey, now: 1 });
const verdict = await createVerifier({ tenant: "t", product: "p", roots: [] }).verify(text, { now: 1, features: ["a"] });
// EXPECTED
if (verdict.code === "OK") verdict.decision.reasons.map((reason) => reason.severity);
console.log(verdict.code);
`;

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(path.join(os.tmpdir(), "latchkey-package-"));
  await writePackage(path.join(folder, "node_modules/@latchkey/verifier"));
  await writeFile(path.join(folder, "package.json"), '{ "type": "module" }');
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const checked = async (name: string, text: string): Promise<string> => {
  const file = path.join(folder, name);
  await writeFile(file, text);
  const options = ["--noEmit", "--strict", "--module", "nodenext", "--target", "es2024", "--lib", "es2024,dom", "--types", ""];
  return run(tsc, [...options, file], { cwd: folder }).then(
    () => "",
    (error: { stdout: string }) => error.stdout,
  );
};

test("the package runs in another program", async () => {
  const file = path.join(folder, "program.js");
  await writeFile(file, PROGRAM);
  expect((await run(process.execPath, [file])).stdout).toBe("MALFORMED\n");
});

test("its types hold in another program, and refuse what the verifier does not know", async () => {
  expect(await checked("right.ts", PROGRAM)).toBe("");
  expect(await checked("wrong.ts", PROGRAM.replace("// EXPECTED", 'if (verdict.code === "FINE") throw 1;'))).toMatch(/TS2367/);
  expect(await checked("early.ts", PROGRAM.replace("// EXPECTED", "verdict.decision;"))).toMatch(/TS2339/);
});
