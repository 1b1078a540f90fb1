import { readFileSync, readdirSync } from "node:fs";
import path from "node:path";
import { XMLParser } from "fast-xml-parser";
import { validateXML } from "xmllint-wasm";

const directory = path.join(import.meta.dirname, "xsd");
const schemas = readdirSync(directory)
  .filter((name) => name.endsWith(".xsd"))
  .map((fileName) => ({ fileName, contents: readFileSync(path.join(directory, fileName), "utf8") }));
const MAIN = "Factur-X_1.07.3_EN16931.xsd";

/** What the schema of Factur-X has against the XML. */
export async function schemaErrors(xml: string): Promise<string[]> {
  const { errors } = await validateXML({
    xml: { fileName: "factur-x.xml", contents: xml },
    schema: schemas.filter(({ fileName }) => fileName === MAIN),
    preload: schemas.filter(({ fileName }) => fileName !== MAIN),
  });
  return errors.map(({ rawMessage }) => rawMessage);
}

const parser = new XMLParser({
  removeNSPrefix: true,
  parseTagValue: false,
  ignoreAttributes: true,
  alwaysCreateTextNode: true,
  isArray: (_name, _path, _leaf, isAttribute) => !isAttribute,
});

/** An element: its elements by name, as many as there are; its text stands under `#text`. */
export type Node = { "#text"?: string } & Record<string, unknown>;

/** The elements at a path, wherever there are several of one name. */
export function all(from: Node | undefined, ...names: string[]): Node[] {
  return names.reduce<(Node | undefined)[]>(
    (nodes, name) => nodes.flatMap((node) => (node?.[name] as Node[] | undefined) ?? []),
    [from],
  ) as Node[];
}

/** The texts at a path. */
export function texts(from: Node | undefined, ...names: string[]): string[] {
  return all(from, ...names).map((node) => node["#text"] ?? "");
}

/** The XML as another program reads it. */
export function readXml(xml: string): Node | undefined {
  return all(parser.parse(xml) as Node, "CrossIndustryInvoice")[0];
}
