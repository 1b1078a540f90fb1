import { mkdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import { renderDocument } from "#host/pdf/render";
import { brand, changeOfPlan, creditNote, inclusive, manyLines, reverseCharge } from "./samples.ts";

// node test/host/pdf/write-samples.ts DIRECTORY: documents to look at
const directory = process.argv[2];
if (directory === undefined) throw new Error("Into which directory?");
mkdirSync(directory, { recursive: true });

const samples = { changeOfPlan, creditNote, inclusive, reverseCharge, manyLines: manyLines(100) };
for (const [name, document] of Object.entries(samples))
  for (const locale of ["en", "de"] as const) {
    const began = performance.now();
    const { pdf, xml, whyNoXml } = await renderDocument(document, brand, locale);
    const took = Math.round(performance.now() - began);
    writeFileSync(path.join(directory, `${name}.${locale}.pdf`), pdf);
    if (xml !== null) writeFileSync(path.join(directory, `${name}.${locale}.xml`), xml);
    console.log(`${name} ${locale}: ${took} ms, ${pdf.length} bytes${whyNoXml === null ? "" : `, no XML: ${whyNoXml}`}`);
  }
