import { createHash } from "node:crypto";
import { type FinalDocument, enDocument, whyNoXml } from "#rules/billing/en16931";
import { type Brand, inkOf } from "./brand.ts";
import { ciiOf } from "./cii.ts";
import { sheetOf } from "./content.ts";
import type { DocumentLocale } from "./figures.ts";
import { layOut } from "./layout.ts";
import { Paper } from "./paper.ts";

export type { Brand } from "./brand.ts";
export type { DocumentLocale } from "./figures.ts";

/** A document as a file. `xml` is what is attached to it; where nothing is, `whyNoXml` says why. */
export type RenderedDocument = { pdf: Uint8Array; sha256: string; xml: string | null; whyNoXml: string | null };

/**
 * An invoice or credit note as PDF/A-3b, tagged, with its XML of EN 16931 attached (Factur-X, ZUGFeRD). The same arguments give the same bytes,
 * on every machine and at any time: nothing is read but the arguments, the font and the color profile that are installed with us, and no clock.
 * Characters that the font does not have are shown as U+FFFD.
 */
export async function renderDocument(document: FinalDocument, brand: Brand, locale: DocumentLocale): Promise<RenderedDocument> {
  const refused = whyNoXml(document);
  const xml = refused === null ? ciiOf(enDocument(document)) : null;
  const sheet = sheetOf(document, brand, locale);
  const createdAt = new Date(`${document.issuedOn}T00:00:00.000Z`);
  const paper = new Paper({
    title: `${sheet.title} ${document.number}`,
    author: document.seller.name,
    id: document.id,
    createdAt,
    language: locale,
    withXml: xml !== null,
  });
  layOut(paper, sheet, inkOf(brand.color));
  if (xml !== null) paper.attach(xml, `${sheet.title} ${document.number}, EN 16931`, createdAt);
  const pdf = await paper.finish();
  return { pdf, sha256: createHash("sha256").update(pdf).digest("hex"), xml, whyNoXml: refused?.detail ?? null };
}
