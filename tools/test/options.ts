import { parseArgs } from "node:util";
import { Advice } from "../say.ts";

/** The checks that read the code without running it. */
export const readings = ["types", "lint", "format", "imports"] as const;

/** The test folders, each a vitest project; `workers` runs in workerd as project `edge`. */
export const projects = ["rules", "laws", "sdk", "simulators", "tools", "host", "workflows", "edge", "e2e"] as const;

/** What runs in other languages. */
export const languages = ["python"] as const;

export type Reading = (typeof readings)[number];
export type Project = (typeof projects)[number];
export type Language = (typeof languages)[number];

/** What `npm test` is to run. */
export type Wanted = { readings: Reading[]; projects: Project[]; languages: Language[]; help: boolean };

const parts = [...readings, ...projects, ...languages];

export const usage = `Runs every check and test of the project; the last line counts them.

  npm test                         all of it
  npm test -- --only rules,edge    parts of it: ${parts.join(", ")}`;

/**
 * Reads the arguments of `npm test`.
 * @throws {Advice} that names an unknown argument or part
 */
export function readWanted(args: string[]): Wanted {
  const { only, help } = parsed(args);
  const names = only?.split(",").map((name) => name.trim());
  const unknown = names?.find((name) => !parts.some((known) => known === name));
  if (unknown !== undefined) throw new Advice(`There is no part called "${unknown}".\n\n${usage}`);
  const isWanted = (name: string) => names === undefined || names.includes(name);
  return {
    readings: readings.filter(isWanted),
    projects: projects.filter(isWanted),
    languages: languages.filter(isWanted),
    help: help === true,
  };
}

function parsed(args: string[]) {
  try {
    return parseArgs({ args, options: { only: { type: "string" }, help: { type: "boolean", short: "h" } } }).values;
  } catch (error) {
    const why = error instanceof Error ? (error.message.split(". ")[0] ?? "") : String(error);
    throw new Advice(`${why}.\n\n${usage}`, { cause: error });
  }
}
