import { createContext, Script } from "node:vm";
import { build } from "esbuild";
import path from "node:path";
import { expect, test } from "vitest";
import { bundle, gzipped } from "../../tools/build-sdk.ts";

test("the verifier is one module of less than 10 KiB gzipped, and imports nothing", async () => {
  const text = await bundle("verifier");
  expect(gzipped(text)).toBeLessThan(10 * 1024);
  expect(text).not.toMatch(/\bimport\s*[({"'*]|\brequire\s*\(|\bfrom\s*["']/);
});

test("it needs nothing but what browsers have", async () => {
  const { outputFiles } = await build({
    entryPoints: [path.join(import.meta.dirname, "../../sdk/verifier/index.ts")],
    bundle: true,
    write: false,
    format: "iife",
    globalName: "latchkey",
    platform: "neutral",
    target: "es2022",
  });
  // an empty realm with the globals of the web platform that it may use, and no others
  const realm = createContext({ crypto, TextEncoder, TextDecoder, URL });
  new Script(`${outputFiles[0]?.text ?? ""}; globalThis.latchkey = latchkey;`).runInContext(realm);
  const verdict: unknown = await new Script(
    `latchkey.createVerifier({ tenant: "t", product: "p", roots: [] }).verify("a~b", { now: 1 })`,
  ).runInContext(realm);
  expect(verdict).toMatchObject({ code: "MALFORMED" });
});
