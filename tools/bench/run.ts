import os from "node:os";
import type { Say } from "../say.ts";
import { FULL_SIZES, measureGrowth, QUICK_SIZES } from "./growth.ts";
import { install } from "./installation.ts";
import type { SubjectName } from "./names.ts";
import { type BenchOptions, commandOf } from "./options.ts";
import { aimsOf, type Report } from "./report.ts";
import { type Bare, measure, type Measured, type Pace, whyNot } from "./rounds.ts";
import { subjectsOf } from "./subjects.ts";
import { buildEdge, type Built, type Running, startBare } from "./workerd.ts";

/** How a full run goes, and how a quick one: five rounds are the least that a median is worth. */
const FULL: { ratios: Pace; growth: Pace } = {
  ratios: { rounds: 7, seconds: 2, warmSeconds: 2, oneClientSeconds: 2, counted: 200 },
  growth: { rounds: 5, seconds: 1.5, warmSeconds: 1, oneClientSeconds: 1, counted: 100 },
};
const QUICK: typeof FULL = {
  ratios: { rounds: 5, seconds: 0.25, warmSeconds: 0.3, oneClientSeconds: 0.2, counted: 20 },
  growth: { rounds: 5, seconds: 0.15, warmSeconds: 0.2, oneClientSeconds: 0.15, counted: 20 },
};

/** Requests a second that cold validations are not expected to pass: for so many there must be licenses that nobody asked for. */
const COLD_A_SECOND = 1_500;

/** Measures the wished ones of ratios and growth against a bare worker, in one run. */
export async function runBench(options: BenchOptions, say: Say): Promise<Report> {
  const startedAt = Date.now();
  const load = os.loadavg()[0] ?? 0;
  const pace = options.quick ? QUICK : FULL;
  say.progress("building the edge …");
  const built = await buildEdge();
  const bare = await startBare("get");
  try {
    const ratios = options.benches.includes("ratios") ? await measureRatios(built, bare, options, pace.ratios, say) : null;
    const sizes = options.quick ? QUICK_SIZES : FULL_SIZES;
    const growth = options.benches.includes("growth") ? await measureGrowth(built, bare, sizes, pace.growth, say) : null;
    return {
      at: new Date(startedAt).toISOString(),
      command: commandOf(options),
      machine: machine(load),
      seconds: Math.round((Date.now() - startedAt) / 1000),
      bare: ratios?.bare ?? null,
      ratios: ratios?.measured ?? null,
      left_out: ratios?.leftOut ?? {},
      growth,
      aims: aimsOf(ratios?.measured ?? {}),
    };
  } finally {
    await Promise.all([bare.mf.dispose(), built.remove()]);
  }
}

type Ratios = { bare: Bare; measured: Partial<Record<SubjectName, Measured>>; leftOut: Partial<Record<SubjectName, string>> };

async function measureRatios(built: Built, bare: Running, options: BenchOptions, pace: Pace, say: Say): Promise<Ratios> {
  const barePost = await startBare("post");
  const installation = await install(built);
  try {
    say.progress("filling …");
    const coldOnes = Math.ceil((pace.rounds * pace.seconds + pace.warmSeconds + pace.oneClientSeconds) * COLD_A_SECOND);
    const leftOut: Ratios["leftOut"] = {};
    const subjects = [];
    for (const subject of await subjectsOf(installation, { get: bare, post: barePost }, options.subjects, coldOnes)) {
      const why = await whyNot(subject);
      if (why === undefined) subjects.push(subject);
      else leftOut[subject.name] = why;
    }
    return { ...(await measure(bare, subjects, pace, say)), leftOut };
  } finally {
    await Promise.all([installation.mf.dispose(), barePost.mf.dispose()]);
  }
}

/** What the run ran on, and how busy that was when it began. */
function machine(load: number): Report["machine"] {
  const cpus = os.cpus();
  const model = cpus[0]?.model ?? "unknown";
  return { cpus: cpus.length, model, memory_gib: Math.round(os.totalmem() / 2 ** 30), load: Math.round(load * 100) / 100 };
}
