/**
 * How documents are numbered. A series is a prefix and a width: `INV-{YYYY}-` and 6 make `INV-2026-000042`.
 *
 * The sequence begins at 1 and has no gap: a number is taken in the very batch that makes the document final, which only happens together
 * with it. Where the prefix names a year or a month, each of them has a sequence of its own.
 */
export type NumberSeries = { prefix: string; width: number };

/** Why a series cannot number documents. */
export type SeriesRefused = {
  code: "prefix_characters" | "prefix_length" | "prefix_ends_in_digit" | "month_without_year" | "width";
  detail: string;
};

/** Null where documents can be numbered so, else why not. */
export function whyNotSeries({ prefix, width }: NumberSeries): SeriesRefused | null {
  if (!Number.isInteger(width) || width < 1 || width > 12) return no("width", "The width is a whole number from 1 to 12.");
  if (prefix.length > 30) return no("prefix_length", "A prefix has at most 30 characters.");
  if (!/^(?:[A-Za-z0-9/._-]|\{YYYY\}|\{YY\}|\{MM\})*$/.test(prefix))
    return no("prefix_characters", "A prefix has letters, digits, / . _ - and the places {YYYY}, {YY} and {MM}.");
  // read back, a digit before the sequence would be taken for a part of it
  if (/[0-9}]$/.test(prefix)) return no("prefix_ends_in_digit", "A prefix ends in something other than a digit, such as a dash.");
  if (prefix.includes("{MM}") && !/\{YY(?:YY)?\}/.test(prefix))
    return no("month_without_year", "A month without its year would give out the same numbers every year.");
  return null;
}

/**
 * In which sequence a document of this day (`YYYY-MM-DD`, of the legal entity's zone) counts: the prefix as it reads on that day. Another
 * reading begins at 1 again; a prefix without a date never does.
 */
export function sequenceOf(series: Pick<NumberSeries, "prefix">, issuedOn: string): string {
  const match = /^(\d{4})-(\d\d)-\d\d$/.exec(issuedOn);
  if (!match) throw new RangeError(`Not a date: ${issuedOn}`);
  const [, year = "", month = ""] = match;
  return series.prefix.replaceAll("{YYYY}", year).replaceAll("{YY}", year.slice(2)).replaceAll("{MM}", month);
}

/** The number as people read it. A sequence that outgrows the width is longer. Throws RangeError on a sequence below 1 or a date that is none. */
export function numberText(series: NumberSeries, issuedOn: string, sequence: number): string {
  if (!Number.isSafeInteger(sequence) || sequence < 1) throw new RangeError(`Not a number of a sequence: ${sequence}`);
  return sequenceOf(series, issuedOn) + String(sequence).padStart(series.width, "0");
}

/** Which sequence and which of it a number is; null where it is none of a series (of that width). */
export function readNumber(width: number, text: string): { sequenceName: string; sequence: number } | null {
  const match = /^(.*?)(\d+)$/.exec(text);
  const [, sequenceName = "", digits = ""] = match ?? [];
  const sequence = Number(digits);
  if (!match || !Number.isSafeInteger(sequence) || sequence < 1) return null;
  return digits === String(sequence).padStart(width, "0") ? { sequenceName, sequence } : null;
}

/** Whether two series could ever give the same number: some reading of one is a reading of the other. Each document kind needs its own. */
export function seriesClash(a: Pick<NumberSeries, "prefix">, b: Pick<NumberSeries, "prefix">): boolean {
  const readingsOfB = readings(b);
  return [...readings(a)].some((reading) => readingsOfB.has(reading));
}

/** The last number given out in each sequence, by its name. */
export type Counters = ReadonlyMap<string, number>;

/**
 * Takes the next number. `expected` is the last one that the taker read: where another took one since, nothing is taken (null) and the taker
 * reads anew. That is what the conditional write of one batch does, and why two documents never share a number.
 */
export function takeNumber(counters: Counters, sequenceName: string, expected: number): Counters | null {
  const last = counters.get(sequenceName) ?? 0;
  return last === expected ? new Map([...counters, [sequenceName, last + 1]]) : null;
}

/**
 * The counters after a restore: raised to the highest number that the document store holds, for what was given to a customer is never given
 * again. Never lowered. Numbers that are none of the width are left out.
 */
export function raiseCounters(counters: Counters, width: number, storedNumbers: readonly string[]): Counters {
  const raised = new Map(counters);
  for (const text of storedNumbers) {
    const number = readNumber(width, text);
    if (!number) continue;
    const { sequenceName, sequence } = number;
    if (sequence > (raised.get(sequenceName) ?? 0)) raised.set(sequenceName, sequence);
  }
  return raised;
}

/** Numbers that are missing between 1 and the last of their sequence, first and last of each hole: `INV-` -> [[3, 3], [7, 9]]. */
export function gapsIn(width: number, numbers: readonly string[]): Map<string, [number, number][]> {
  const bySequence = new Map<string, number[]>();
  for (const text of numbers) {
    const number = readNumber(width, text);
    if (number) bySequence.set(number.sequenceName, [...(bySequence.get(number.sequenceName) ?? []), number.sequence]);
  }
  const gaps = new Map<string, [number, number][]>();
  for (const [name, sequences] of bySequence) {
    let last = 0;
    const holes: [number, number][] = [];
    for (const sequence of sequences.toSorted((a, b) => a - b)) {
      if (sequence > last + 1) holes.push([last + 1, sequence - 1]);
      last = sequence;
    }
    if (holes.length > 0) gaps.set(name, holes);
  }
  return gaps;
}

/** How a prefix reads in each month of a century: what differs in all of them differs always. */
function readings(series: Pick<NumberSeries, "prefix">): Set<string> {
  const all = new Set<string>();
  for (let year = 2000; year < 2100; year++)
    for (let month = 1; month <= 12; month++) all.add(sequenceOf(series, `${year}-${String(month).padStart(2, "0")}-01`));
  return all;
}

function no(code: SeriesRefused["code"], detail: string): SeriesRefused {
  return { code, detail };
}
