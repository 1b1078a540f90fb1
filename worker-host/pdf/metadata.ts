import { XML_NAME, escapeXml } from "./cii.ts";

/** What a document says of itself to machines. */
export type Metadata = { title: string; author: string; id: string; createdAt: Date; language: string; withXml: boolean };

/** The program that made the document, as PDF's `Producer`. */
export const PRODUCER = "Latchkey";

/** The descriptions within the XMP packet: they must say what the information dictionary says, and which XML is attached. */
export function xmpOf({ title, author, id, createdAt, language, withXml }: Metadata): string {
  const instant = `${createdAt.toISOString().slice(0, 19)}Z`;
  return [
    description("xmp", "http://ns.adobe.com/xap/1.0/", [
      tag("xmp:CreateDate", instant),
      tag("xmp:ModifyDate", instant),
      tag("xmp:CreatorTool", PRODUCER),
    ]),
    description("dc", "http://purl.org/dc/elements/1.1/", [
      `<dc:title><rdf:Alt><rdf:li xml:lang="x-default">${escapeXml(title)}</rdf:li></rdf:Alt></dc:title>`,
      `<dc:creator><rdf:Seq>${tag("rdf:li", author)}</rdf:Seq></dc:creator>`,
      `<dc:language><rdf:Bag>${tag("rdf:li", language)}</rdf:Bag></dc:language>`,
    ]),
    description("pdf", "http://ns.adobe.com/pdf/1.3/", [tag("pdf:Producer", PRODUCER), tag("pdf:Keywords", id)]),
    ...(withXml ? [facturX(), facturXSchema()] : []),
  ].join("\n");
}

/** Which XML is attached, in the words of Factur-X and ZUGFeRD. */
function facturX(): string {
  return description("fx", FX, [
    tag("fx:DocumentType", "INVOICE"),
    tag("fx:DocumentFileName", XML_NAME),
    tag("fx:Version", "1.0"),
    tag("fx:ConformanceLevel", "EN 16931"),
  ]);
}

const FX = "urn:factur-x:pdfa:CrossIndustryDocument:invoice:1p0#";

/** PDF/A wants every schema explained that it does not know. */
function facturXSchema(): string {
  const properties = [
    ["DocumentFileName", "The name of the embedded XML document"],
    ["DocumentType", "The type of the hybrid document in capital letters, e.g. INVOICE or ORDER"],
    ["Version", "The actual version of the standard applying to the embedded XML document"],
    ["ConformanceLevel", "The conformance level of the embedded XML document"],
  ].map(
    ([name, text]) =>
      `<rdf:li rdf:parseType="Resource"><pdfaProperty:name>${name}</pdfaProperty:name><pdfaProperty:valueType>Text</pdfaProperty:valueType>` +
      `<pdfaProperty:category>external</pdfaProperty:category><pdfaProperty:description>${text}</pdfaProperty:description></rdf:li>`,
  );
  return (
    `<rdf:Description rdf:about="" xmlns:pdfaExtension="http://www.aiim.org/pdfa/ns/extension/" ` +
    `xmlns:pdfaSchema="http://www.aiim.org/pdfa/ns/schema#" xmlns:pdfaProperty="http://www.aiim.org/pdfa/ns/property#">` +
    `<pdfaExtension:schemas><rdf:Bag><rdf:li rdf:parseType="Resource"><pdfaSchema:schema>Factur-X PDFA Extension Schema</pdfaSchema:schema>` +
    `<pdfaSchema:namespaceURI>${FX}</pdfaSchema:namespaceURI><pdfaSchema:prefix>fx</pdfaSchema:prefix>` +
    `<pdfaSchema:property><rdf:Seq>${properties.join("")}</rdf:Seq></pdfaSchema:property></rdf:li></rdf:Bag></pdfaExtension:schemas></rdf:Description>`
  );
}

function description(prefix: string, namespace: string, tags: readonly string[]): string {
  return `<rdf:Description rdf:about="" xmlns:${prefix}="${namespace}">${tags.join("")}</rdf:Description>`;
}

function tag(name: string, text: string): string {
  return `<${name}>${escapeXml(text)}</${name}>`;
}
