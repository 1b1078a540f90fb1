import { readFileSync, statSync } from "node:fs";
import { parseArgs } from "node:util";
import type { Part } from "../verifier/crypto.ts";

/** The command was not understood, or lacks something: exit status 2. */
export class Usage extends Error {
  override name = "Usage";
}

/** The command was understood and cannot be carried out: exit status 1. Says what, why, and what to do. */
export class Refusal extends Error {
  override name = "Refusal";
}

/** Where a command reads what must not be an argument, and where it says what came of it. */
export type Terminal = {
  /** the answer: what other programs read */
  out(text: string): void;
  /** remarks for the person in front of it */
  tell(text: string): void;
  /** everything on standard input, or one line that is typed without being shown */
  secret(prompt: string): Promise<string>;
};

/** An option: `text` takes one value, `texts` any number of them, `flag` none. */
export type Options = Record<string, "text" | "texts" | "flag">;

/** What was said on the command line. */
export type Asked = {
  positionals: string[];
  text(name: string): string | undefined;
  /** Throws Usage where it was not said. */
  needed(name: string, why: string): string;
  texts(name: string): string[];
  flag(name: string): boolean;
};

/** Reads arguments. Throws Usage on an option that is not known, or a value that is missing. */
export function readAsked(args: string[], options: Options): Asked {
  const known = Object.fromEntries(
    Object.entries(options).map(([name, kind]) => [
      name,
      { type: kind === "flag" ? ("boolean" as const) : ("string" as const), multiple: kind === "texts" },
    ]),
  );
  const { values, positionals } = parsed(args, known);
  const text = (name: string) => {
    const value = values[name];
    return typeof value === "string" ? value : undefined;
  };
  return {
    positionals,
    text,
    needed: (name, why) => {
      const value = text(name);
      if (value === undefined || value === "") throw new Usage(`--${name} is missing: ${why}.`);
      return value;
    },
    texts: (name) => {
      const value = values[name];
      return Array.isArray(value) ? value.filter((each) => typeof each === "string") : [];
    },
    flag: (name) => values[name] === true,
  };
}

function parsed(args: string[], options: Record<string, { type: "boolean" | "string"; multiple: boolean }>) {
  try {
    return parseArgs({ args: withValues(args, options), options, allowPositionals: true, strict: true });
  } catch (error) {
    throw new Usage(error instanceof Error ? (error.message.split(". ")[0] ?? "") : String(error), { cause: error });
  }
}

/** A value that begins with a dash, as one key in base64url of sixty-four does, is said with its option, where it is no option itself. */
function withValues(args: readonly string[], options: Readonly<Record<string, { type: "boolean" | "string" }>>): string[] {
  const known = (arg: string) => (arg.startsWith("--") ? options[arg.slice(2).split("=")[0] ?? ""] : undefined);
  const said: string[] = [];
  for (let n = 0; n < args.length; n++) {
    const [arg = "", next] = [args[n], args[n + 1]];
    const takes = known(arg)?.type === "string" && !arg.includes("=") && next?.startsWith("-") === true && !known(next);
    said.push(takes ? `${arg}=${next}` : arg);
    if (takes) n++;
  }
  return said;
}

/** `kind=hash` texts as parts of a device. Throws Usage. */
export function partsOf(texts: readonly string[]): Part[] {
  return texts.map((text) => {
    const [, kind, hash] = /^([^=]+)=(.+)$/s.exec(text) ?? [];
    if (kind === undefined || hash === undefined) throw new Usage(`--component takes kind=hash, and «${text}» is none.`);
    return { kind, hash };
  });
}

/** `feature=units` texts. Throws Usage. */
export function countersOf(texts: readonly string[]): Record<string, number> {
  return Object.fromEntries(
    texts.map((text) => {
      const [, feature, digits] = /^([^=]+)=(\d{1,15})$/.exec(text) ?? [];
      if (feature === undefined) throw new Usage(`--counter takes feature=units, units a whole number, and «${text}» is none.`);
      return [feature, Number(digits)];
    }),
  );
}

/** The largest file that is read: more than the largest message of OLP-1. */
const MOST_BYTES = 4_000_000;

/** A text from a file. Throws Refusal that names the file and why it cannot be read. */
export function readText(file: string, what: string): string {
  try {
    if (statSync(file).size > MOST_BYTES) throw new Refusal(`${file} is far too large to be ${what}: is it the right file?`);
    return readFileSync(file, "utf8");
  } catch (error) {
    if (error instanceof Refusal) throw error;
    throw new Refusal(`Cannot read ${what}: ${reasonOf(error)}. Check the path.`, { cause: error });
  }
}

/** A message from a file, without the line feed that editors put at its end. */
export const readMessageText = (file: string, what: string): string => readText(file, what).replace(/\r?\n$/, "");

/** What went wrong, without a stack. */
export const reasonOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
