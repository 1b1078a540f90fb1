import type { Say } from "../say.ts";
import type { Growth } from "./growth.ts";
import type { SubjectName } from "./names.ts";
import type { Bare, CallsEach, Measured } from "./rounds.ts";

/** What a run is to reach, and what it reached. Nothing fails for it: a busy machine is no defect. */
export type Aim = { name: string; wanted: string; reached: number; met: boolean };

/** All of a run, as `--json` prints it. */
export type Report = {
  at: string;
  command: string;
  machine: { cpus: number; model: string; memory_gib: number; load: number };
  seconds: number;
  bare: Bare | null;
  ratios: Partial<Record<SubjectName, Measured>> | null;
  /** Subjects that could not be measured, and why. */
  left_out: Partial<Record<SubjectName, string>>;
  growth: Growth | null;
  aims: Aim[];
};

type Bound = { subject: SubjectName; figure: "rate_ratio" | "cpu_ratio"; least?: number; most?: number };

const BOUNDS: readonly Bound[] = [
  { subject: "validation_fresh", figure: "rate_ratio", least: 0.36 },
  { subject: "validation_fresh", figure: "rate_ratio", least: 0.45 },
  { subject: "validation_fresh", figure: "cpu_ratio", most: 3 },
  { subject: "validation_reused", figure: "rate_ratio", least: 0.55 },
  { subject: "validation_reused", figure: "rate_ratio", least: 0.65 },
  { subject: "validation_reused", figure: "cpu_ratio", most: 1.8 },
  { subject: "activation", figure: "cpu_ratio", most: 30 },
];

/** How far the ratios are from what they are to be. */
export function aimsOf(ratios: Partial<Record<SubjectName, Measured>>): Aim[] {
  const aims: Aim[] = [];
  for (const { subject, figure, least, most } of BOUNDS) {
    const reached = ratios[subject]?.[figure];
    if (reached === undefined) continue;
    const wanted = least === undefined ? `at most ${most}` : `at least ${least}`;
    aims.push({ name: `${subject} ${figure}`, wanted, reached, met: reached >= (least ?? 0) && reached <= (most ?? Infinity) });
  }
  for (const subject of ["validation_fresh", "validation_reused"] as const) {
    const measured = ratios[subject];
    if (!measured) continue;
    const [awaited, background] = [total(measured.awaited), total(measured.background)];
    aims.push({ name: `${subject} awaited calls`, wanted: "none", reached: awaited, met: awaited === 0 });
    aims.push({ name: `${subject} background calls`, wanted: "at most 0.03", reached: background, met: background <= 0.03 });
  }
  return aims;
}

const total = ({ d1, kv, object }: CallsEach): number => d1 + kv + object;

/** The report for a person. */
export function sayReport({ bare, ratios, left_out: leftOut, growth, aims, seconds }: Report, say: Say): void {
  if (bare) {
    say.line(
      `bare worker, asked as ${bare.asked_by}: ${bare.per_second} answers/s, ${bare.cpu_us} µs CPU each, ${bare.p50_ms_one_client} ms at one client`,
    );
  }
  if (ratios) {
    say.line("");
    for (const line of tableOf(Object.entries(ratios))) say.line(line);
  }
  for (const [name, why] of Object.entries(leftOut)) say.line(`${name} was left out: ${why}`);
  if (growth) {
    say.line("\ngrowth");
    for (const line of tableOf(growth.rows.map((row) => [`${row.what}, ${row.size} ${row.of}`, row]))) say.line(line);
    for (const [name, { cpu, calls }] of Object.entries(growth.flat)) {
      say.line(`${name}: CPU ${cpu ? "flat" : "grows"}, awaited calls ${calls ? "equal" : "differ"}`);
    }
  }
  if (aims.length > 0) say.line("");
  for (const { name, wanted, reached, met } of aims) say.line(`${met ? "met   " : "missed"} ${name}: ${reached} (${wanted})`);
  say.line(`\n${Math.round(seconds)} s in all`);
}

const HEAD = ["", "rate", "(of rounds)", "CPU", "µs each", "a second", "p50 ms", "one client", "awaited", "background", "failed"];

function tableOf(measured: readonly (readonly [string, Measured])[]): string[] {
  const rows = measured.map(([name, each]) => [
    name,
    each.rate_ratio.toFixed(3),
    each.rate_ratio_spread.map((ratio) => ratio.toFixed(2)).join("-"),
    each.cpu_ratio.toFixed(2),
    each.cpu_us.toFixed(0),
    String(each.per_second),
    each.p50_ms.toFixed(2),
    each.p50_ms_one_client.toFixed(2),
    callsText(each.awaited),
    callsText(each.background),
    String(each.failed),
  ]);
  const widths = HEAD.map((head, column) => Math.max(head.length, ...rows.map((row) => row[column]?.length ?? 0)));
  const lineOf = (row: readonly string[]) =>
    row.map((cell, column) => (column === 0 ? cell.padEnd(widths[0] ?? 0) : cell.padStart(widths[column] ?? 0))).join("  ");
  return [lineOf(HEAD), ...rows.map(lineOf)];
}

/** `2 D1 1 object`, or `none`. */
function callsText({ d1, kv, object }: CallsEach): string {
  const parts = [
    [d1, "D1"],
    [kv, "KV"],
    [object, "obj"],
  ] as const;
  return (
    parts
      .filter(([count]) => count > 0)
      .map(([count, name]) => `${Number(count.toFixed(count < 0.1 ? 4 : 2))} ${name}`)
      .join(" ") || "none"
  );
}
