import { mkdir, writeFile } from "node:fs/promises";
import path from "node:path";
import { checkingCases } from "./vectors/checking.ts";
import { decidingCases } from "./vectors/deciding.ts";
import { readingCases } from "./vectors/reading.ts";
import { requestCases } from "./vectors/requests.ts";
import { tableCases } from "./vectors/tables.ts";

/** Where the published vectors are. */
export const VECTORS = path.join(import.meta.dirname, "..", "sdk", "vectors", "olp-1.json");

/** The text of the vector file: the same on every run, because keys, times and signatures are. */
export async function vectors(): Promise<string> {
  const cases = [
    ...(await readingCases()),
    ...(await tableCases()),
    ...(await checkingCases()),
    ...(await decidingCases()),
    ...(await requestCases()),
  ];
  const names = cases.map(({ name }) => name);
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice !== undefined) throw new Error(`Two vectors have the name «${twice}»`);
  const about =
    "Vectors of OLP-1, see docs/olp-1.md. Every verifier gives the expected answer to each case. Made by tools/make-vectors.ts.";
  return `{\n  "about": ${JSON.stringify(about)},\n  "cases": [\n${cases.map((each) => `    ${JSON.stringify(each)}`).join(",\n")}\n  ]\n}\n`;
}

if (import.meta.main) {
  await mkdir(path.dirname(VECTORS), { recursive: true });
  await writeFile(VECTORS, await vectors());
  console.log(`Wrote ${VECTORS}`); // oxlint-disable-line no-console -- a tool tells what it did
}
