/** Why a text is no table: where a quote is wrong, or which bound it goes beyond. Lines are counted from 1. */
export type CsvFault = { code: "unclosed_quote" | "stray_quote" | "too_many_fields" | "too_many_records"; line: number };

/** How large a table may be: more is a fault, so that a text of nothing but commas costs no memory. */
export type CsvBounds = { records: number; fields: number };

/**
 * The records of a CSV text (RFC 4180): fields in quotes may hold line breaks, delimiters and doubled quotes; lines end with CRLF, LF or CR; empty
 * lines are left out. The delimiter is what the first line uses: a comma, a semicolon or a tab.
 */
export function readCsv(text: string, bounds: CsvBounds): { records: string[][] } | { fault: CsvFault } {
  const delimiter = /[,;\t\r\n]/.exec(text)?.[0] ?? ",";
  const reader = readerOf(text, /[\r\n]/.test(delimiter) ? "," : delimiter);
  const records: string[][] = [];
  while (!reader.atEnd()) {
    const record = readRecord(reader, bounds.fields);
    if ("code" in record) return { fault: record };
    if (record.length === 0) continue;
    if (records.length === bounds.records) return { fault: { code: "too_many_records", line: reader.line() } };
    records.push(record);
  }
  return { records };
}

type Reader = ReturnType<typeof readerOf>;
type Field = { text: string; more: boolean };

/** The next record; empty where the line is. */
function readRecord(reader: Reader, most: number): string[] | CsvFault {
  if (reader.skipBreak()) return [];
  const fields: string[] = [];
  for (let more = true; more;) {
    if (fields.length === most) return { code: "too_many_fields", line: reader.line() };
    const field = reader.field();
    if ("code" in field) return field;
    fields.push(field.text);
    more = field.more;
  }
  return fields;
}

function readerOf(text: string, delimiter: string) {
  const ends = new RegExp(`[${delimiter}\\r\\n]`, "g");
  let at = 0;
  let line = 1;

  const skipBreak = (): boolean => {
    if (text[at] !== "\r" && text[at] !== "\n") return false;
    at += text[at] === "\r" && text[at + 1] === "\n" ? 2 : 1;
    line++;
    return true;
  };
  /** Behind a field stands a delimiter, then another field follows, or its record ends. */
  const ended = (field: string): Field => {
    if (text[at] === delimiter) {
      at++;
      return { text: field, more: true };
    }
    skipBreak();
    return { text: field, more: false };
  };
  const plain = (): Field | CsvFault => {
    ends.lastIndex = at;
    const end = ends.exec(text)?.index ?? text.length;
    const field = text.slice(at, end);
    if (field.includes('"')) return { code: "stray_quote", line };
    at = end;
    return ended(field);
  };
  const quoted = (): Field | CsvFault => {
    const began = line;
    let field = "";
    for (let from = at + 1; ;) {
      const quote = text.indexOf('"', from);
      if (quote < 0) return { code: "unclosed_quote", line: began };
      field += text.slice(from, quote);
      at = quote + 1;
      if (text[at] !== '"') break;
      field += '"';
      from = at + 1;
    }
    line += field.match(/\r\n|\r|\n/g)?.length ?? 0;
    if (at < text.length && text[at] !== delimiter && text[at] !== "\r" && text[at] !== "\n")
      return { code: "stray_quote", line };
    return ended(field);
  };
  return {
    atEnd: () => at >= text.length,
    line: () => line,
    skipBreak,
    field: () => (text[at] === '"' ? quoted() : plain()),
  };
}
