import { OlpRefused } from "./codes.ts";

/** What messages hold: texts, integers, yes and no, null, lists and objects. */
export type Json = string | number | boolean | null | Json[] | JsonObject;
export type JsonObject = { [name: string]: Json };

const MOST_DEPTH = 16;

const invalid = (why: string) => new OlpRefused("INVALID_JSON", `A part is not the JSON that is read here: ${why}.`);

/**
 * Reads a JSON object strictly: UTF-8, no duplicate members, only integers of at most 2^53-1 without fraction and exponent, no lone
 * surrogates, at most 16 deep. Platform parsers take the last of two members, which lets one text mean two things.
 * Throws OlpRefused (`INVALID_JSON`, `DUPLICATE_MEMBER`); the first fault in the text counts.
 */
export function parseObject(bytes: Uint8Array): JsonObject {
  let text: string;
  try {
    text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw invalid("it is not UTF-8");
  }
  const reader = new Reader(text);
  return reader.document();
}

/** The canonical text of a value (RFC 8785), for values of which messages consist. */
export function canonical(value: Json): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join(",")}]`;
  if (value === null || typeof value !== "object") return JSON.stringify(value);
  const members = Object.keys(value)
    .sort((a, b) => (a < b ? -1 : 1))
    .map((name) => `${JSON.stringify(name)}:${canonical(value[name] ?? null)}`);
  return `{${members.join(",")}}`;
}

const ESCAPES: Readonly<Record<string, string>> = {
  '"': '"',
  "\\": "\\",
  "/": "/",
  b: "\b",
  f: "\f",
  n: "\n",
  r: "\r",
  t: "\t",
};

class Reader {
  private at = 0;
  private readonly text: string;

  constructor(text: string) {
    this.text = text;
  }

  document(): JsonObject {
    this.space();
    if (this.peek() !== "{") throw invalid("it is no object");
    const value = this.object(1);
    this.space();
    if (this.at !== this.text.length) throw invalid("something follows it");
    return value;
  }

  private peek(): string {
    return this.text.charAt(this.at);
  }

  private space(): void {
    this.match(/[ \t\n\r]*/y);
  }

  private match(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.at;
    const found = pattern.exec(this.text)?.[0];
    if (found !== undefined) this.at += found.length;
    return found;
  }

  private expect(character: string): void {
    if (this.peek() !== character) throw invalid(`${character} is missing`);
    this.at += 1;
  }

  private value(depth: number): Json {
    const character = this.peek();
    if (character === "{") return this.object(depth);
    if (character === "[") return this.list(depth);
    if (character === '"') return this.string();
    const word = this.match(/true|false|null/y);
    if (word !== undefined) return word === "null" ? null : word === "true";
    return this.integer();
  }

  private object(depth: number): JsonObject {
    this.enter(depth);
    const members = new Map<string, Json>();
    this.space();
    if (this.peek() === "}") this.at += 1;
    else {
      do {
        this.space();
        if (this.peek() !== '"') throw invalid("a member has no name");
        const name = this.string();
        if (members.has(name)) throw new OlpRefused("DUPLICATE_MEMBER", "A part names a member twice.");
        this.space();
        this.expect(":");
        this.space();
        members.set(name, this.value(depth + 1));
        this.space();
      } while (this.match(/,/y));
      this.expect("}");
    }
    // a member called __proto__ is a member like any other
    return Object.fromEntries(members);
  }

  private list(depth: number): Json[] {
    this.enter(depth);
    const items: Json[] = [];
    this.space();
    if (this.peek() === "]") {
      this.at += 1;
      return items;
    }
    do {
      this.space();
      items.push(this.value(depth + 1));
      this.space();
    } while (this.match(/,/y));
    this.expect("]");
    return items;
  }

  private enter(depth: number): void {
    if (depth > MOST_DEPTH) throw invalid("it is too deep");
    this.at += 1;
  }

  private integer(): number {
    const digits = this.match(/-?(?:0|[1-9][0-9]*)/y);
    if (digits === undefined) throw invalid("a value is missing");
    if (/[.eE]/.test(this.peek()) || digits === "-0") throw invalid("a number is no plain integer");
    const value = Number(digits);
    if (digits.length > 17 || !Number.isSafeInteger(value)) throw invalid("a number is too large");
    return value;
  }

  private string(): string {
    this.at += 1;
    let text = "";
    for (;;) {
      // oxlint-disable-next-line no-control-regex -- control characters are what a text must not hold
      text += this.match(/[^"\\\u0000-\u001f]*/y) ?? "";
      const character = this.peek();
      if (character === '"') {
        this.at += 1;
        return text;
      }
      if (character !== "\\") throw invalid("a text has no end, or a control character in it");
      text += this.escape();
    }
  }

  private escape(): string {
    const kind = this.text.charAt(this.at + 1);
    if (kind !== "u") {
      const character = Object.hasOwn(ESCAPES, kind) ? ESCAPES[kind] : undefined;
      if (character === undefined) throw invalid("a text has an unknown escape");
      this.at += 2;
      return character;
    }
    const unit = this.unit();
    if (unit < 0xd800 || unit > 0xdfff) return String.fromCharCode(unit);
    const half = () => invalid("a text has half a character");
    if (unit >= 0xdc00 || !this.text.startsWith("\\u", this.at)) throw half();
    const low = this.unit();
    if (low < 0xdc00 || low > 0xdfff) throw half();
    return String.fromCharCode(unit, low);
  }

  private unit(): number {
    const digits = /^[0-9A-Fa-f]{4}$/.exec(this.text.slice(this.at + 2, this.at + 6))?.[0];
    if (digits === undefined) throw invalid("a text has an unknown escape");
    this.at += 6;
    return Number.parseInt(digits, 16);
  }
}
