import { renderDocument } from "#host/pdf/render";
import { brand, hashed } from "./samples.ts";

// node test/host/pdf/print-hashes.ts: the hashes of the samples, as another process makes them
for (const { document, locale } of hashed) console.log((await renderDocument(document, brand, locale)).sha256);
