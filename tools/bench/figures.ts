/** What one stretch of load on one worker came to. */
export type Stretch = { answers: number; failed: number; seconds: number; cpuMs: number; p50Ms: number };

/** A subject against the bare worker, over all rounds. */
export type Compared = {
  /** Requests a second as a part of the bare worker's: the median of the rounds. */
  rate_ratio: number;
  /** The lowest and the highest round. */
  rate_ratio_spread: [lowest: number, highest: number];
  /** Processor time of a request as a multiple of the bare worker's: the median of the rounds. */
  cpu_ratio: number;
  cpu_ratio_spread: [lowest: number, highest: number];
  /** Processor time of a request in microseconds: the median of the rounds. */
  cpu_us: number;
  per_second: number;
  p50_ms: number;
  answers: number;
  failed: number;
  rounds: number;
};

/** One round of one subject: it, and the bare worker directly before and after it. */
export type Round = { bare: readonly [before: Stretch, after: Stretch]; subject: Stretch };

/** The middle value; of an even number the mean of the two in the middle. NaN of none. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length / 2;
  const [low, high] = [sorted[Math.ceil(middle) - 1], sorted[Math.floor(middle)]];
  return low === undefined || high === undefined ? Number.NaN : (low + high) / 2;
}

/** The value below which `share` (0 to 1) of the values lie. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}

/** Requests a second of one or more stretches taken together. */
export function rateOf(...stretches: readonly Stretch[]): number {
  return sum(stretches, "answers") / sum(stretches, "seconds");
}

/** Processor time of a request in microseconds, over one or more stretches taken together. */
export function cpuUsOf(...stretches: readonly Stretch[]): number {
  return (sum(stretches, "cpuMs") * 1000) / sum(stretches, "answers");
}

/** Medians of the rounds' own ratios: noise that comes and goes strikes a subject and the bare worker beside it alike. */
export function compared(rounds: readonly Round[]): Compared {
  const rates = rounds.map(({ bare, subject }) => rateOf(subject) / rateOf(...bare));
  const cpus = rounds.map(({ bare, subject }) => cpuUsOf(subject) / cpuUsOf(...bare));
  const subjects = rounds.map(({ subject }) => subject);
  return {
    rate_ratio: rounded(median(rates), 3),
    rate_ratio_spread: spread(rates, 3),
    cpu_ratio: rounded(median(cpus), 2),
    cpu_ratio_spread: spread(cpus, 2),
    cpu_us: rounded(median(subjects.map((each) => cpuUsOf(each))), 1),
    per_second: rounded(median(subjects.map((each) => rateOf(each))), 0),
    p50_ms: rounded(median(subjects.map(({ p50Ms }) => p50Ms)), 3),
    answers: sum(subjects, "answers"),
    failed: sum(subjects, "failed"),
    rounds: rounds.length,
  };
}

/** How far a row of the growth table may lie from the smallest one and still count as flat. */
export const FLAT_WITHIN = 0.15;

/** Whether no row of a growth table costs more than the first, smallest one by more than the tolerance. */
export function isFlat(cpuUs: readonly number[]): boolean {
  const [smallest = Number.NaN] = cpuUs;
  return cpuUs.every((each) => each / smallest <= 1 + FLAT_WITHIN);
}

/** A number with so many digits behind the point. */
export const rounded = (value: number, digits: number): number => Number(value.toFixed(digits));

const spread = (values: readonly number[], digits: number): [number, number] => [
  rounded(Math.min(...values), digits),
  rounded(Math.max(...values), digits),
];

const sum = (stretches: readonly Stretch[], field: keyof Stretch): number =>
  stretches.reduce((total, stretch) => total + stretch[field], 0);
