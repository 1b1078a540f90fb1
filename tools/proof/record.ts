import { mkdir, writeFile } from "node:fs/promises";
import { cpus } from "node:os";
import path from "node:path";
import type { Say } from "../say.ts";
import { root } from "../start/home.ts";

/** A claim of the proof: what was seen, and whether it is as it must be. */
export type Finding = { claim: string; seen: string; holds: boolean };

/** Says what a proof found, and writes it to `docs/proofs/<name>.md` with the command, the day and the machine. Throws when something does not hold. */
export async function recordProof(
  { name, about, say }: { name: string; about: string; say: Say },
  findings: readonly Finding[],
  figures: readonly string[],
): Promise<void> {
  const machine = `${cpus().length} cores, Node ${process.versions.node}`;
  const lines = [
    `# Proof: ${name}`,
    "",
    about,
    "",
    `\`npm run proof -- ${name}\`, ${new Date().toISOString().slice(0, 10)}, ${machine}.`,
    "",
    "| what must hold | seen | |",
    "|---|---|---|",
    ...findings.map(({ claim, seen, holds }) => `| ${claim} | ${seen} | ${holds ? "holds" : "**BROKEN**"} |`),
    "",
    ...figures.map((figure) => `- ${figure}`),
    "",
  ];
  const folder = path.join(root, "docs", "proofs");
  await mkdir(folder, { recursive: true });
  await writeFile(path.join(folder, `${name}.md`), lines.join("\n"));
  for (const { claim, seen } of findings) say.line(`${claim}: ${seen}`);
  const broken = findings.filter(({ holds }) => !holds);
  if (broken.length > 0) throw new Error(`Does not hold: ${broken.map(({ claim }) => claim).join("; ")}`);
}
