import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { zlibSync } from "fflate";
import PdfKit from "pdfkit";
import { XML_NAME } from "./cii.ts";
import { type Metadata, PRODUCER, xmpOf } from "./metadata.ts";

/** A4, in points. */
export const PAGE = { width: 595.28, height: 841.89, left: 50, right: 545.28, top: 62, bottom: 770 };

/** The two weights that documents are set in. */
export type Weight = "regular" | "bold";

/** How a line of text is set. `align: "right"` means that `x` is where it ends. */
export type Type = { size: number; weight?: Weight; color?: string; align?: "left" | "right" };

/** A branch of the structure tree, which tells programs what stands on the page and in which order it is read. */
export type Branch = PDFKit.PDFStructureElement;

const require = createRequire(import.meta.url);
const FONTS: Record<Weight, Buffer> = {
  regular: readFileSync(require.resolve("@expo-google-fonts/noto-sans/400Regular/NotoSans_400Regular.ttf")),
  bold: readFileSync(require.resolve("@expo-google-fonts/noto-sans/600SemiBold/NotoSans_600SemiBold.ttf")),
};

/** What stands for a character that the font does not have. */
const UNKNOWN = "\ufffd";

/** What is beneath the types of the library: an object of the file that is being written. */
type Reference = {
  data: Record<string, unknown>;
  buffer: Uint8Array[];
  finalize(): void;
};

/** The font that the library sets. */
type Fonted = { _font: { font: { hasGlyphForCodePoint(codePoint: number): boolean } } };

/** The library's document, made to write the same bytes for the same calls, on every machine. */
class FixedDocument extends PdfKit {
  readonly #metadata: Metadata;

  constructor(metadata: Metadata) {
    super({
      size: [PAGE.width, PAGE.height],
      margin: 0,
      pdfVersion: "1.7",
      subset: "PDF/A-3b",
      tagged: true,
      displayTitle: true,
      lang: metadata.language,
      bufferPages: true,
      autoFirstPage: false,
      compress: false,
      info: {
        Title: metadata.title,
        Author: metadata.author,
        Keywords: metadata.id,
        Creator: PRODUCER,
        Producer: PRODUCER,
        CreationDate: metadata.createdAt,
        ModDate: metadata.createdAt,
      },
    });
    this.#metadata = metadata;
  }

  /** Streams are deflated here and not by zlib, whose output depends on its version and on the processor. */
  override ref(data: Record<string, unknown>): PDFKit.PDFKitReference {
    const kept = super.ref(data);
    const inner = kept as unknown as Reference;
    const finalize = inner.finalize.bind(inner);
    inner.finalize = () => {
      // programs that know nothing of PDF look for the metadata
      if (inner.buffer.length > 0 && inner.data["Type"] !== "Metadata" && inner.data["Filter"] === undefined) {
        inner.buffer = [zlibSync(Buffer.concat(inner.buffer), { level: 9 })];
        inner.data["Filter"] = "FlateDecode";
      }
      finalize();
    };
    return kept;
  }

  /** The library writes texts into XML as they are, `&` and all. It calls this by its name. */
  _addInfo(): void {
    this.appendXML(xmpOf(this.#metadata));
  }
}

/** Pages that text is set on, from top to bottom, with everything marked as what it is. */
export class Paper {
  readonly root: Branch;
  readonly #document: FixedDocument;
  readonly #widths = new Map<string, number>();
  readonly #known: Record<Weight, (codePoint: number) => boolean>;

  constructor(metadata: Metadata) {
    const document = new FixedDocument(metadata);
    this.#document = document;
    const known = (weight: Weight) => {
      document.registerFont(weight, FONTS[weight]).font(weight);
      // oxlint-disable-next-line no-underscore-dangle -- the library's own name of the font that is set
      const { font } = (document as unknown as Fonted)._font;
      return (codePoint: number) => font.hasGlyphForCodePoint(codePoint);
    };
    this.#known = { regular: known("regular"), bold: known("bold") };
    this.root = document.struct("Document");
    document.addStructure(this.root);
  }

  /** Begins a page. */
  addPage(): void {
    this.#document.addPage();
  }

  /** A new branch of the structure tree. `scope` is for the cells that head others. */
  branch(parent: Branch, tag: string, scope?: "Column" | "Row"): Branch {
    const options: PDFKit.Mixins.StructureElementOptions & { scope?: string } = scope ? { scope } : {};
    const child = this.#document.struct(tag, options);
    parent.add(child);
    return child;
  }

  /** What `paint` paints belongs to the branch. */
  mark(branch: Branch, paint: () => void): void {
    branch.add(paint);
  }

  /** What `paint` paints is decoration, or is there a second time: it is not read out. */
  artifact(type: "Pagination" | "Layout", paint: () => void): void {
    this.#document.markContent("Artifact", { type });
    paint();
    this.#document.endMarkedContent();
  }

  /** Sets one line on its baseline. */
  say(text: string, x: number, baseline: number, type: Type): void {
    const { size, weight = "regular", color = "#111827", align = "left" } = type;
    const shown = this.#shown(text, weight);
    if (shown.trim() === "") return;
    const document = this.#document;
    const left = align === "right" ? x - this.width(text, type) : x;
    // who copies the line, or hears it, gets what was written
    const replaced = shown !== tidy(text);
    if (replaced) document.markContent("Span", { actual: tidy(text) });
    document
      .font(weight)
      .fontSize(size)
      .fillColor(color)
      .text(shown, left, baseline, { lineBreak: false, baseline: "alphabetic" });
    if (replaced) document.endMarkedContent();
  }

  /** A filled rectangle. */
  bar(x: number, y: number, width: number, height: number, color: string): void {
    this.#document.rect(x, y, width, height).fill(color);
  }

  /** How wide a line is. */
  width(text: string, { size, weight = "regular" }: Type): number {
    const key = `${weight} ${size} ${text}`;
    const kept = this.#widths.get(key);
    if (kept !== undefined) return kept;
    const width = this.#document.font(weight).fontSize(size).widthOfString(this.#shown(text, weight));
    this.#widths.set(key, width);
    return width;
  }

  /** The text in lines that are no wider than `room`: broken between words, and within one that is too long for a line of its own. */
  wrap(text: string, room: number, type: Type): string[] {
    return text.split(/\r\n|[\n\r\u0085\u2028\u2029]/).flatMap((paragraph) => this.#wrapped(tidy(paragraph), room, type));
  }

  /** Paints on every page that was begun, once it is known how many there are. */
  onEachPage(paint: (page: number, of: number) => void): void {
    const { start, count } = this.#document.bufferedPageRange();
    for (let page = 0; page < count; page++) {
      this.#document.switchToPage(start + page);
      paint(page + 1, count);
    }
  }

  /** The XML that says the same as the document does. */
  attach(xml: string, text: string, at: Date): void {
    // the types of the library do not know `relationship` yet
    const options: PDFKit.Mixins.PDFAttachmentOptions & { relationship: string } = {
      name: XML_NAME,
      type: "text/xml",
      description: text,
      relationship: "Alternative",
      creationDate: at,
      modifiedDate: at,
    };
    this.#document.file(Buffer.from(xml, "utf8"), options);
  }

  /** The bytes. Nothing can be painted after this. */
  async finish(): Promise<Uint8Array> {
    this.#document.end();
    const chunks: Buffer[] = [];
    for await (const chunk of this.#document as AsyncIterable<Buffer>) chunks.push(chunk);
    return new Uint8Array(Buffer.concat(chunks));
  }

  #wrapped(paragraph: string, room: number, type: Type): string[] {
    const lines: string[] = [];
    let line = "";
    let used = 0;
    for (const word of paragraph.split(" ").flatMap((whole) => this.#pieces(whole, room, type))) {
      const width = this.width(word, type);
      const together = line === "" ? width : used + this.width(" ", type) + width;
      if (line !== "" && together > room) {
        lines.push(line);
        line = word;
        used = width;
      } else {
        line = line === "" ? word : `${line} ${word}`;
        used = together;
      }
    }
    return [...lines, line];
  }

  /** A word as it is, or cut where it would leave the line. */
  #pieces(word: string, room: number, type: Type): string[] {
    if (this.width(word, type) <= room) return [word];
    const pieces: string[] = [];
    let piece = "";
    let used = 0;
    // by code points: a surrogate pair stays whole
    for (const character of word) {
      const width = this.width(character, type);
      if (piece !== "" && used + width > room) {
        pieces.push(piece);
        piece = "";
        used = 0;
      }
      piece += character;
      used += width;
    }
    return [...pieces, piece];
  }

  #shown(text: string, weight: Weight): string {
    return Array.from(tidy(text), (character) => (this.#known[weight](character.codePointAt(0) ?? 0) ? character : UNKNOWN)).join(
      "",
    );
  }
}

/** One line of text, composed, with plain spaces, and without what has no shape. */
function tidy(text: string): string {
  return Array.from(text.toWellFormed().normalize("NFC"), (character) => shapeOf(character)).join("");
}

/** Ranges of what has no shape: marks of direction, joiners, variants. Listed, since classes of characters grow with the machine's Unicode. */
const SHAPELESS: readonly (readonly [from: number, to: number])[] = [
  [0xad, 0xad],
  [0x200b, 0x200f],
  [0x202a, 0x202e],
  [0x2060, 0x206f],
  [0xfe00, 0xfe0f],
  [0xfeff, 0xfeff],
];

function shapeOf(character: string): string {
  const code = character.codePointAt(0) ?? 0;
  if (code === 0xa0 || code === 0x202f) return "\u00a0";
  if (code < 0x20 || (code >= 0x7f && code <= 0x9f) || /\s/.test(character)) return " ";
  return SHAPELESS.some(([from, to]) => code >= from && code <= to) ? "" : character;
}
