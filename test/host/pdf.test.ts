import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import path from "node:path";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { renderDocument } from "#host/pdf/render";
import { readPdf } from "./pdf/reading.ts";
import { brand, changeOfPlan, hashed } from "./pdf/samples.ts";

/** As they were when they were first made: a document that was sent can be made again for ever. A change of these is a change of every document to come. */
const RECORDED = [
  "0de0ed43f3293cdcf683b7b634379d687e00d8fd7b91e30a8e8bdaed945b144d",
  "83e9781f89bc7e0e5c0266b49ae3b1a579d5051bb3057682e8a38990cabf65b1",
];

test("the same document has the same bytes, as they were recorded, in another process, zone and language too", async () => {
  const here = await Promise.all(hashed.map(({ document, locale }) => renderDocument(document, brand, locale)));
  const { stdout } = await promisify(execFile)(process.execPath, [path.join(import.meta.dirname, "pdf/print-hashes.ts")], {
    env: { ...process.env, TZ: "Pacific/Auckland", LC_ALL: "de_DE.UTF-8", LANG: "ar_EG.UTF-8" },
  });

  expect(here.map(({ sha256 }) => sha256)).toEqual(RECORDED);
  expect(stdout.trim().split("\n")).toEqual(RECORDED);
  expect(here.map(({ pdf }) => createHash("sha256").update(pdf).digest("hex"))).toEqual(RECORDED);
});

test("another program reads what the document says, in its order, with its XML attached", async () => {
  const { pdf, xml } = await renderDocument(changeOfPlan, brand, "en");
  const read = await readPdf(pdf);

  const inOrder = [
    "Invoice",
    "Northlight",
    "€1,196.70 due by 30 November 2026",
    "From",
    "Billed to",
    "Invoice number",
    "Description",
    "Subtotal",
    "Amount due",
  ];
  const places = inOrder.map((text) => read.text.indexOf(text));
  expect(places.toSorted((a, b) => a - b)).toEqual(places);
  expect(places).not.toContain(-1);
  expect(read.attachments).toEqual({ "factur-x.xml": xml });
});
