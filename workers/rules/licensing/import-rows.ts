import { readCsv, type CsvFault } from "../csv.ts";

/** How many licenses one upload may bring. */
export const MOST_IMPORT_ROWS = 10_000;

/** The columns of an upload; `metadata.<name>` comes beside them. */
export const IMPORT_COLUMNS = [
  "license_key",
  "customer_id",
  "customer_external_id",
  "customer_email",
  "customer_name",
  "template_id",
  "external_id",
  "issued_to",
  "starts_at",
  "expires_at",
  "status",
  "max_activations",
] as const;

const METADATA = "metadata.";
/** Every column there is, and as many notes as an object may have. */
const MOST_COLUMNS = IMPORT_COLUMNS.length + 50;

/** One row as it was sent, before anything is known of its fields: `value`, or null and why it cannot be read. */
export type SentRow = { row: number; value: unknown } | { row: number; value: null; fault: RowFault };

/** What is wrong with one row: rows are counted from 1, a header not among them. */
export type RowFault = { row: number; column: string | null; code: string; detail: string };

/** Why an upload cannot be read at all. */
export type FileFault = { code: string; detail: string };

/** The rows of a CSV upload with a header, as objects of the same form as those of NDJSON. An empty cell is an absent field. */
export function rowsOfCsv(text: string): SentRow[] | FileFault {
  const read = readCsv(text, { records: MOST_IMPORT_ROWS + 1, fields: MOST_COLUMNS });
  if ("fault" in read) return csvFault(read.fault);
  const [header, ...records] = read.records;
  if (!header) return { code: "empty_file", detail: "The upload has no header and no rows." };
  const columns = header.map((name) => name.trim());
  const fault = whyNotColumns(columns);
  if (fault) return fault;
  return records.map((record, index) => rowOfRecord(columns, record, index + 1));
}

/** The rows of an NDJSON upload: one JSON value a line, read by `parse`, which throws for what it cannot read. Empty lines are left out. */
export function rowsOfNdjson(text: string, parse: (line: string) => unknown): SentRow[] | FileFault {
  const rows: SentRow[] = [];
  for (const line of linesOf(text)) {
    if (rows.length === MOST_IMPORT_ROWS) return tooManyRows();
    rows.push(rowOfLine(line, rows.length + 1, parse));
  }
  return rows.length === 0 ? { code: "empty_file", detail: "The upload has no rows." } : rows;
}

function* linesOf(text: string): Generator<string> {
  for (let at = 0; at < text.length;) {
    const end = text.indexOf("\n", at);
    const line = text.slice(at, end < 0 ? text.length : end).trim();
    at = end < 0 ? text.length : end + 1;
    if (line !== "") yield line;
  }
}

function rowOfLine(line: string, row: number, parse: (line: string) => unknown): SentRow {
  try {
    return { row, value: parse(line) };
  } catch {
    return { row, value: null, fault: { row, column: null, code: "malformed_json", detail: "The line cannot be read as JSON." } };
  }
}

function whyNotColumns(columns: readonly string[]): FileFault | null {
  const known: readonly string[] = IMPORT_COLUMNS;
  const isKnown = (name: string) =>
    known.includes(name) || (name.startsWith(METADATA) && !["", "__proto__"].includes(name.slice(METADATA.length)));
  const unknown = columns.find((name) => !isKnown(name));
  if (unknown !== undefined)
    return { code: "unknown_column", detail: `There is no column ${JSON.stringify(unknown.toWellFormed().slice(0, 60))}.` };
  const twice = columns.find((name, index) => columns.indexOf(name) !== index);
  if (twice !== undefined)
    return {
      code: "column_twice",
      detail: `The column ${JSON.stringify(twice.toWellFormed().slice(0, 60))} stands there twice.`,
    };
  if (!columns.includes("license_key")) return { code: "column_missing", detail: "The header names no column license_key." };
  return null;
}

function rowOfRecord(columns: readonly string[], record: readonly string[], row: number): SentRow {
  if (record.length !== columns.length) {
    const detail = `The row has ${record.length} fields, and the header ${columns.length}.`;
    return { row, value: null, fault: { row, column: null, code: "field_count", detail } };
  }
  const cells = columns.map((name, index) => [name, record[index] ?? ""] as const).filter(([, cell]) => cell.trim() !== "");
  const fields = cells.filter(([name]) => !name.startsWith(METADATA)).map(([name, cell]) => [name, valueOf(name, cell)]);
  const notes = cells.filter(([name]) => name.startsWith(METADATA)).map(([name, cell]) => [name.slice(METADATA.length), cell]);
  const value: Record<string, unknown> = Object.fromEntries(fields);
  if (notes.length > 0) value["metadata"] = Object.fromEntries(notes);
  return { row, value };
}

/** A cell as the JSON value that it stands for. What stands for none stays a text, and is refused with the others. */
function valueOf(column: string, cell: string): unknown {
  const text = cell.trim();
  if (column === "license_key") return cell;
  if (column === "max_activations" && /^\d{1,9}$/.test(text)) return Number(text);
  if (column === "max_activations" && text === "unlimited") return null;
  if (column === "expires_at" && text === "never") return null;
  return text;
}

function csvFault({ code, line }: CsvFault): FileFault {
  switch (code) {
    case "too_many_records":
      return tooManyRows();
    case "too_many_fields":
      return { code, detail: `Line ${line} has more than ${MOST_COLUMNS} fields.` };
    case "unclosed_quote":
      return { code, detail: `A quote that begins on line ${line} does not end.` };
    case "stray_quote":
      return {
        code,
        detail: `Line ${line} has a quote in the middle of a field: put the field in quotes, and double those within.`,
      };
  }
}

const tooManyRows = (): FileFault => ({ code: "too_many_rows", detail: `The upload has more than ${MOST_IMPORT_ROWS} rows.` });
