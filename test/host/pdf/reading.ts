import { createRequire } from "node:module";
import { inflateSync } from "node:zlib";
import { getDocument } from "pdfjs-dist/legacy/build/pdf.mjs";

/** A line of text as it stands on a page: where it begins and ends, in points. */
export type Said = { text: string; x: number; end: number; y: number };

export type ReadPdf = {
  pages: Said[][];
  /** all text, a line a piece */
  text: string;
  attachments: Record<string, string>;
  metadata: string;
  info: Record<string, unknown>;
  marked: boolean;
  /** every role of the structure tree, in reading order */
  roles: string[];
  /** the file with its streams inflated: all of it is plain text then, but fonts and profiles */
  raw: string;
};

type Tree = { role?: string; children?: Tree[] };

const fonts = createRequire(import.meta.url)
  .resolve("pdfjs-dist/package.json")
  .replace(/package\.json$/, "standard_fonts/");

/** What another program reads out of a PDF. */
export async function readPdf(pdf: Uint8Array): Promise<ReadPdf> {
  const document = await getDocument({ data: pdf.slice(), standardFontDataUrl: fonts, verbosity: 0, useSystemFonts: false })
    .promise;
  const pages: Said[][] = [];
  const roles: string[] = [];
  for (let number = 1; number <= document.numPages; number++) {
    const page = await document.getPage(number);
    const { items } = await page.getTextContent();
    pages.push(
      items.flatMap((item) => {
        if (!("str" in item) || item.str.trim() === "") return [];
        const [, , , , x = 0, y = 0] = item.transform as number[];
        return [{ text: item.str, x, y, end: x + item.width }];
      }),
    );
    walk((await page.getStructTree()) as Tree, roles);
  }
  const attachments: ReadPdf["attachments"] = {};
  for (const [id, { filename }] of (await document.getAttachments()) ?? []) {
    const content = await document.getAttachmentContent(id);
    attachments[filename] = Buffer.from(content).toString("utf8");
  }
  const { info, metadata } = await document.getMetadata();
  const read: ReadPdf = {
    pages,
    text: pages.flatMap((page) => page.map(({ text }) => text)).join("\n"),
    attachments,
    metadata: (metadata as { getRaw(): string } | null)?.getRaw() ?? "",
    info: info as Record<string, unknown>,
    // its types say an object, and it is a map
    marked: ((await document.getMarkInfo()) as unknown as Map<string, boolean> | null)?.get("Marked") === true,
    roles,
    raw: inflated(Buffer.from(pdf)),
  };
  await document.loadingTask.destroy();
  return read;
}

function inflated(pdf: Buffer): string {
  const text = pdf.toString("latin1");
  return text.replaceAll(
    /(\/FlateDecode\n>>\nstream\n)([\s\S]*?)\nendstream/g,
    (_, before: string, stream: string) => before + inflateSync(Buffer.from(stream, "latin1")).toString("latin1"),
  );
}

function walk(tree: Tree, roles: string[]): void {
  if (tree.role !== undefined) roles.push(tree.role);
  for (const child of tree.children ?? []) walk(child, roles);
}
