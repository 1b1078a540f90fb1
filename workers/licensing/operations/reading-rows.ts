import { parsedJson } from "#kernel/body";
import type { z } from "#kernel/wire";
import { rowsOfCsv, rowsOfNdjson, type RowFault, type SentRow } from "#rules/licensing/import-rows";
import { exactForm } from "#rules/licensing/keys";
import { estimatedBits } from "#rules/licensing/key-strength";
import { importUnreadable } from "./problems.ts";
import { ImportRow } from "./schemas.ts";

/** A row that is well-formed: what stands in it, and what guessing its key takes. */
export type ReadRow = z.infer<typeof ImportRow> & { row: number; bits: number };

/** The rows of an upload, and what is wrong with those that are not among them. */
export type ReadRows = { count: number; rows: ReadRow[]; faults: RowFault[] };

/** Reads an upload and judges each row by itself. `now` is when a license starts that says nothing else. Throws `import_unreadable`. */
export function readRows({ type, text }: { type: string; text: string }, now: Date): ReadRows {
  const sent = type === "text/csv" ? rowsOfCsv(text) : rowsOfNdjson(text, parsedJson);
  if ("code" in sent) throw importUnreadable({ detail: sent.detail });
  if (sent.length === 0) throw importUnreadable({ detail: "The upload has a header and no rows." });
  const judged = sent.map((each) => rowFrom(each, now));
  return {
    count: sent.length,
    rows: judged.flatMap(({ read }) => read ?? []),
    faults: judged.flatMap(({ faults }) => faults),
  };
}

function rowFrom(sent: SentRow, now: Date): { read: ReadRow | null; faults: RowFault[] } {
  if ("fault" in sent) return { read: null, faults: [sent.fault] };
  const { row } = sent;
  const { data, error } = ImportRow.safeParse(normalized(sent.value));
  if (error) return { read: null, faults: firstOfEach(error.issues.map((issue) => faultOf(row, issue))) };
  const startsAt = data.starts_at ?? now;
  if (data.expires_at && data.expires_at <= startsAt) {
    const detail = data.starts_at
      ? "The license must expire after it starts."
      : "The license has expired already: give starts_at as well.";
    return { read: null, faults: [{ row, column: "expires_at", code: "expires_before_start", detail }] };
  }
  const key = exactForm(data.license_key);
  return { read: { ...data, license_key: key, row, bits: estimatedBits(key) }, faults: [] };
}

/** One fault a column: what is no instant does not lie before 1970 as well. */
const firstOfEach = (faults: readonly RowFault[]): RowFault[] =>
  faults.filter(({ column }, index) => faults.findIndex((fault) => fault.column === column) === index).slice(0, 10);

/** Every text in normal form, as in every other body; what is no object stays for the schema to refuse. */
function normalized(value: unknown): unknown {
  if (typeof value === "string") return value.normalize("NFC");
  if (typeof value !== "object" || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([name, field]) => [name, normalized(field)]));
}

function faultOf(row: number, issue: z.core.$ZodIssue): RowFault {
  const [column = null, ...rest] = issue.path.map((part) => String(part).slice(0, 100));
  if (issue.code === "unrecognized_keys")
    return {
      row,
      column: issue.keys[0]?.slice(0, 100) ?? null,
      code: "unknown_field",
      detail: "There is no field of this name.",
    };
  return { row, column: column === null ? null : [column, ...rest].join("."), code: issue.code, detail: issue.message };
}
