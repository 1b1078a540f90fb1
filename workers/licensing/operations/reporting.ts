import type { z } from "#kernel/wire";
import type { RowFault } from "#rules/licensing/import-rows";
import { LEAST_KEY_BITS } from "#rules/licensing/key-strength";
import type { Checked } from "./checking-rows.ts";
import type { ReadRows } from "./reading-rows.ts";
import type { ImportReport } from "./schemas.ts";

/** How many rows a report names of each kind. */
export const NAMED_ROWS = 100;

/** Borders between classes of strength: below the first a key is weak, from the last on it is as good as one of ours. */
const BORDERS = [0, LEAST_KEY_BITS, 80, 95];

/** What an upload holds, and what would come of it. `onConflict` decides whether rows that are there already stand in its way. */
export function reportOf(read: ReadRows, checked: Checked, onConflict: "fail" | "skip"): z.infer<typeof ImportReport> {
  const conflicts = [...checked.collisions, ...checked.duplicates];
  const stopping = [...read.faults, ...checked.unknown, ...checked.refused];
  const errors = byRow([...stopping, ...conflicts]);
  const newcomers = checked.rows.flatMap(({ forWhom }) => (forWhom && "create" in forWhom ? [forWhom.create] : []));
  return {
    object: "import_report",
    acceptable: stopping.length === 0 && (onConflict === "skip" || conflicts.length === 0),
    rows: read.count,
    valid: read.count - rowsIn(errors),
    errors: errors.slice(0, NAMED_ROWS),
    errors_total: errors.length,
    collisions: rowsIn(checked.collisions),
    duplicates: rowsIn(checked.duplicates),
    customers_to_create: new Set(newcomers.map(({ externalId, email }) => JSON.stringify([externalId, externalId ?? email])))
      .size,
    strength: strengthOf(read),
  };
}

/** How many rows faults speak of. */
export const rowsIn = (faults: readonly RowFault[]): number => new Set(faults.map(({ row }) => row)).size;

/** Faults in the order of their rows. */
export const byRow = (faults: readonly RowFault[]): RowFault[] => faults.toSorted((a, b) => a.row - b.row);

function strengthOf({ rows }: ReadRows): z.infer<typeof ImportReport>["strength"] {
  const buckets = BORDERS.map((from, index) => {
    const below = BORDERS[index + 1] ?? null;
    const within = rows.filter(({ bits }) => bits >= from && (below === null || bits < below));
    return { from_bits: from, below_bits: below, rows: within.length };
  });
  const weak = rows.filter(({ bits }) => bits < LEAST_KEY_BITS);
  const least = rows.reduce<number | null>((least, { bits }) => Math.min(least ?? bits, bits), null);
  return { least_bits: least, buckets, weak_rows: weak.slice(0, NAMED_ROWS).map(({ row }) => row) };
}
