import { isDeepStrictEqual } from "node:util";
import type { Say } from "../say.ts";
import { situation } from "../vectors/situations.ts";
import { answerInTypeScript, openPython } from "./both-verifiers.ts";
import { recordProof } from "./record.ts";

const SITUATIONS = 50_000;
const AT_ONCE = 200;
const ABOUT =
  "Genuine license files in fifty thousand situations, most of them at a border: times to the second, keys, devices, versions, users, features, " +
  "status lists, what was kept before. Both verifiers must give the same answer in full: code, decision with every reason, its weight and pointer, " +
  "warnings, and the state to keep. TypeScript decides by the edge's own rule, Python by one that was written from docs/olp-1.md. The situations are " +
  "those of `tools/vectors/situations.ts`; each comes from its number.";

/** Puts situations to both verifiers: they must answer alike. */
export async function proveVerifiersAgree(say: Say): Promise<void> {
  const python = await openPython();
  const startedAt = Date.now();
  const codes = new Map<string, number>();
  const decisions = new Map<string, number>();
  const differing: number[] = [];
  for (let from = 0; from < SITUATIONS; from += AT_ONCE) {
    const questions = await Promise.all(Array.from({ length: AT_ONCE }, (_, at) => situation(from + at)));
    const [ours, theirs] = await Promise.all([Promise.all(questions.map(answerInTypeScript)), python.answers(questions)]);
    for (const [at, answer] of ours.entries()) {
      if (!isDeepStrictEqual(plain(answer), theirs[at])) differing.push(from + at);
      codes.set(answer.code, (codes.get(answer.code) ?? 0) + 1);
      const { code } = (answer.decision ?? {}) as { code?: string };
      if (code !== undefined) decisions.set(code, (decisions.get(code) ?? 0) + 1);
    }
    say.progress(`${from + AT_ONCE} of ${SITUATIONS} asked, ${differing.length} differ`);
  }
  await python.close();

  const number = (n: number) => n.toLocaleString("en");
  const counted = (counts: Map<string, number>) =>
    [...counts]
      .toSorted((a, b) => b[1] - a[1])
      .map(([code, n]) => `\`${code}\` ${number(n)}`)
      .join(", ");
  say.line(
    `${SITUATIONS} situations, ${differing.length} differ${differing.length === 0 ? "" : `: ${differing.slice(0, 10).join(", ")}`}`,
  );
  await recordProof(
    { name: "verifiers-agree", about: ABOUT, say },
    [
      {
        claim: "both verifiers give the same answer in full",
        seen: `${number(differing.length)} of ${number(SITUATIONS)} differ`,
        holds: differing.length === 0,
      },
    ],
    [
      `Took ${Math.round((Date.now() - startedAt) / 1000)} s. Codes: ${counted(codes)}.`,
      `Decisions on what was taken: ${counted(decisions)}.`,
    ],
  );
}

/** As JSON has it: members that are undefined are not there. */
const plain = (value: unknown): unknown => JSON.parse(JSON.stringify(value));
