import { Advice } from "../say.ts";
import { BENCHES, SUBJECTS, type Bench, type SubjectName } from "./names.ts";

/** What a person asked `npm run bench` for. */
export type BenchOptions = {
  benches: readonly Bench[];
  /** Of the ratios: these subjects only; the bare worker is always among them. */
  subjects: readonly SubjectName[];
  quick: boolean;
  json: boolean;
  help: boolean;
};

/** What `npm run bench -- --help` prints. */
export const BENCH_HELP = `npm run bench -- [names] [--quick] [--json]

  names     ${BENCHES.join(", ")}; or single subjects of the ratios:
            ${SUBJECTS.join(", ")}
            Without names: everything; with --quick ratios and growth.
  --quick   short rounds and a small growth table, in less than 90 seconds
  --json    one JSON object on standard output; progress goes to standard error
`;

/**
 * Reads the words behind `npm run bench --`.
 * @throws {Advice} that shows what is known, when one is not
 */
export function readBenchOptions(words: readonly string[]): BenchOptions {
  const flags = words.filter((word) => word.startsWith("-"));
  const names = words.filter((word) => !word.startsWith("-"));
  const unknown = [
    ...flags.filter((flag) => !["--quick", "--json", "--help"].includes(flag)),
    ...names.filter((name) => !isBench(name) && !isSubject(name)),
  ][0];
  if (unknown !== undefined) throw new Advice(`There is no ${unknown}.\n\n${BENCH_HELP}`);
  const quick = flags.includes("--quick");
  const wanted = names.filter(isSubject);
  const named = BENCHES.filter((bench) => names.includes(bench) || (bench === "ratios" && wanted.length > 0));
  return {
    benches: named.length > 0 ? named : BENCHES.filter((bench) => !quick || bench !== "orders"),
    subjects: wanted.length > 0 && !names.includes("ratios") ? wanted : SUBJECTS,
    quick,
    json: flags.includes("--json"),
    help: flags.includes("--help"),
  };
}

/** The command of a run, as somebody types it to have the same one again. */
export function commandOf({ benches, subjects, quick }: BenchOptions): string {
  const ratios: readonly string[] = subjects.length < SUBJECTS.length ? subjects : ["ratios"];
  const names = benches.flatMap((bench) => (bench === "ratios" ? ratios : [bench]));
  return ["npm run bench --", ...names, ...(quick ? ["--quick"] : [])].join(" ");
}

const isBench = (name: string): name is Bench => BENCHES.some((each) => each === name);
const isSubject = (name: string): name is SubjectName => SUBJECTS.some((each) => each === name);
