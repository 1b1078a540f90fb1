import { createVerifier } from "../../sdk/verifier/index.ts";
import type { Say } from "../say.ts";
import { type Genuine, genuineFiles } from "../vectors/genuine.ts";
import { mutant } from "../vectors/mutations.ts";
import { openPython, type Python } from "./both-verifiers.ts";
import { recordProof } from "./record.ts";

const MUTANTS = 1_000_000;
/** Every so manieth goes to Python as well. */
const PYTHON_EVERY = 10;
const AT_ONCE = 200;
const ABOUT =
  "A million forged, broken, re-encoded and spliced license files are put to the TypeScript verifier, and every tenth of them to the Python " +
  "verifier as well. A text that consists of genuine messages alone, each in its place, is no forgery and is passed over. The files and mutations " +
  "are those of `tools/vectors/genuine.ts` and `tools/vectors/mutations.ts`; each mutant comes from its number, so every run makes the same ones.";

/** What came of the mutants. */
type Outcome = {
  asked: number;
  passedOver: number;
  accepted: number[];
  compared: number;
  differing: number[];
  codes: Map<string, number>;
};

/** Puts a million mutated files to the verifiers: none may be taken, and both must say the same of each. */
export async function proveMutatedFiles(say: Say): Promise<void> {
  const genuine = await genuineFiles();
  const startedAt = Date.now();
  await refuseBrokenPool(genuine);
  const python = await openPython();
  const outcome = await askAll(genuine, python, say);
  await python.close();
  const tookS = Math.round((Date.now() - startedAt) / 1000);
  const { asked, passedOver, accepted, compared, differing, codes } = outcome;

  const shown = (seeds: number[]) => (seeds.length === 0 ? "0" : `${seeds.length}, first of them number ${seeds[0]}`);
  const number = (n: number) => n.toLocaleString("en");
  await recordProof(
    { name: "mutated-files", about: ABOUT, say },
    [
      { claim: "no mutated file is taken", seen: `${shown(accepted)} of ${number(asked)} taken`, holds: accepted.length === 0 },
      {
        claim: "both verifiers say the same code",
        seen: `${shown(differing)} of ${number(compared)} differ`,
        holds: differing.length === 0,
      },
      { claim: "as many were asked as the proof promises", seen: number(asked), holds: asked === MUTANTS },
    ],
    [
      `${genuine.files.length} genuine files to begin with, each of them taken; ${number(passedOver)} mutants were genuine again and passed over.`,
      `Took ${tookS} s. Codes: ${[...codes]
        .toSorted((a, b) => b[1] - a[1])
        .map(([code, n]) => `\`${code}\` ${number(n)}`)
        .join(", ")}.`,
    ],
  );
  say.line(
    `${number(asked)} mutants, ${accepted.length} taken; ${number(compared)} put to Python as well, ${differing.length} differ; ${tookS} s`,
  );
}

/** A pool of which a file is refused would prove nothing. */
async function refuseBrokenPool({ files, trust, how }: Genuine): Promise<void> {
  for (const file of files) {
    const { code } = await createVerifier(trust).verify(file, how);
    if (code !== "OK") throw new Error(`A genuine file is refused (${code}): the mutants of it say nothing`);
  }
}

async function askAll(genuine: Genuine, python: Python, say: Say): Promise<Outcome> {
  const verifier = createVerifier(genuine.trust);
  const outcome: Outcome = { asked: 0, passedOver: 0, accepted: [], compared: 0, differing: [], codes: new Map() };
  let seed = 0;
  while (outcome.asked < MUTANTS) {
    const batch: { seed: number; text: string }[] = [];
    while (batch.length < Math.min(AT_ONCE, MUTANTS - outcome.asked)) {
      const text = mutant(seed, genuine.files);
      if (genuine.isMadeOf(text)) outcome.passedOver += 1;
      else batch.push({ seed, text });
      seed += 1;
    }
    const codes = await Promise.all(batch.map(({ text }) => verifier.verify(text, genuine.how).then(({ code }) => code)));
    const sampled = batch.flatMap((each, at) => (at % PYTHON_EVERY === 0 ? [{ ...each, code: codes[at] ?? "" }] : []));
    const answers = await python.answers(sampled.map(({ text }) => ({ file: text, ...genuine })));

    for (const [at, code] of codes.entries()) {
      outcome.codes.set(code, (outcome.codes.get(code) ?? 0) + 1);
      if (code === "OK") outcome.accepted.push(batch[at]?.seed ?? -1);
    }
    for (const [at, { seed: number, code }] of sampled.entries()) if (answers[at]?.code !== code) outcome.differing.push(number);
    outcome.asked += batch.length;
    outcome.compared += sampled.length;
    say.progress(`${outcome.asked} of ${MUTANTS} asked, ${outcome.accepted.length} taken, ${outcome.differing.length} differ`);
  }
  return outcome;
}
