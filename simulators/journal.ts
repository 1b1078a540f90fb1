import { closeSync, existsSync, mkdirSync, openSync, readFileSync, renameSync, writeFileSync, writeSync } from "node:fs";
import path from "node:path";

/** Rewritten when it has grown by this much: rows change often, and only their last form counts. */
const COMPACT_AFTER_BYTES = 64 * 1024 * 1024;

/** Tables of rows held in memory and, where a file is given, written line by line so that they survive a restart. */
export type Journal<Tables extends Record<string, unknown>> = {
  get<K extends keyof Tables & string>(table: K, id: string): Tables[K] | undefined;
  /** Inserts or replaces; a row keeps the place at which it was first put. The oldest rows go when the table is full. */
  put<K extends keyof Tables & string>(table: K, id: string, row: Tables[K]): void;
  remove(table: keyof Tables & string, id: string): void;
  /** Oldest first. */
  entries<K extends keyof Tables & string>(table: K): IterableIterator<[string, Tables[K]]>;
  size(table: keyof Tables & string): number;
  close(): void;
};

/**
 * Opens the tables named in `caps` (rows at most per table). A last line torn by a kill is dropped; any other line that
 * does not parse throws, because going on would silently forget rows. The file is replaced by rename, never half written.
 */
export function openJournal<Tables extends Record<string, unknown>>(
  caps: Record<keyof Tables & string, number>,
  file?: string,
): Journal<Tables> {
  const tables = new Map<string, Map<string, unknown>>(Object.keys(caps).map((name) => [name, new Map()]));
  const rowsOf = <K extends keyof Tables & string>(table: K) =>
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- only `put` and this process's own file fill a table
    (tables.get(table) ?? new Map()) as Map<string, Tables[K]>;
  let fd: number | undefined;
  let written = 0;

  const write = (table: string, id: string, row: unknown) => {
    if (fd === undefined || file === undefined) return;
    written += writeSync(fd, `${JSON.stringify([table, id, row])}\n`);
    if (written > COMPACT_AFTER_BYTES) compact(file);
  };

  const compact = (target: string) => {
    if (fd !== undefined) closeSync(fd);
    const lines = [...tables].flatMap(([table, rows]) => [...rows].map(([id, row]) => JSON.stringify([table, id, row])));
    // secrets of webhook endpoints are among the rows
    writeFileSync(`${target}.new`, lines.map((line) => `${line}\n`).join(""), { mode: 0o600 });
    renameSync(`${target}.new`, target);
    fd = openSync(target, "a", 0o600);
    written = 0;
  };

  if (file !== undefined) {
    mkdirSync(path.dirname(file), { recursive: true });
    if (existsSync(file)) replay(readFileSync(file, "utf8"), file, tables);
    compact(file);
  }

  return {
    get: (table, id) => rowsOf(table).get(id),
    put(table, id, row) {
      const rows = rowsOf(table);
      rows.set(id, row);
      write(table, id, row);
      for (const oldest of rows.keys()) {
        if (rows.size <= caps[table]) break;
        this.remove(table, oldest);
      }
    },
    remove(table, id) {
      if (rowsOf(table).delete(id)) write(table, id, null);
    },
    entries: (table) => rowsOf(table).entries(),
    size: (table) => rowsOf(table).size,
    close() {
      if (fd !== undefined) closeSync(fd);
      fd = undefined;
    },
  };
}

function replay(text: string, file: string, tables: ReadonlyMap<string, Map<string, unknown>>): void {
  const lines = text.split("\n");
  lines.forEach((line, index) => {
    if (line === "") return;
    const parsed = parseLine(line);
    if (!parsed) {
      if (index === lines.length - 1) return; // a write that a kill cut short has no line end
      throw new Error(`${file}: line ${index + 1} cannot be read. Delete the file to begin anew.`);
    }
    const [table, id, row] = parsed;
    if (row === null) tables.get(table)?.delete(id);
    else tables.get(table)?.set(id, row);
  });
}

function parseLine(line: string): [string, string, unknown] | undefined {
  try {
    const value: unknown = JSON.parse(line);
    if (!Array.isArray(value) || value.length !== 3) return undefined;
    const [table, id, row] = value as unknown[];
    return typeof table === "string" && typeof id === "string" ? [table, id, row] : undefined;
  } catch {
    return undefined;
  }
}
