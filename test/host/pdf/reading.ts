import { createRequire } from "node:module";
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
  /** the file as it is: its dictionaries are plain text */
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
    marked: (await document.getMarkInfo())?.["Marked"] === true,
    roles,
    raw: Buffer.from(pdf).toString("latin1"),
  };
  await document.loadingTask.destroy();
  return read;
}

function walk(tree: Tree, roles: string[]): void {
  if (tree.role !== undefined) roles.push(tree.role);
  for (const child of tree.children ?? []) walk(child, roles);
}
