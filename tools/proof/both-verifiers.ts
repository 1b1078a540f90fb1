import { spawn } from "node:child_process";
import { once } from "node:events";
import path from "node:path";
import { createInterface } from "node:readline";
import { createVerifier, type Circumstances, type Trust } from "../../sdk/verifier/index.ts";
import { root } from "../start/home.ts";
import { environment } from "../test/python.ts";

/** One question to a verifier. */
export type Question = { file: string; trust: Trust; how: Circumstances };
/** All that an answer says; only the details in words are left out, which are a verifier's own. */
export type Answer = { code: string; decision?: unknown; warnings?: string[]; state?: unknown };

/** The answer of the TypeScript verifier. */
export async function answerInTypeScript({ file, trust, how }: Question): Promise<Answer> {
  const verdict = await createVerifier(trust).verify(file, how);
  if (verdict.code !== "OK") return { code: verdict.code };
  const { valid, code, reasons } = verdict.decision;
  return {
    code: "OK",
    decision: { valid, code, reasons: reasons.map((reason) => [reason.code, reason.severity, reason.pointer]) },
    warnings: verdict.warnings.map((warning) => warning.code),
    state: verdict.state,
  };
}

export type Python = { answers(questions: readonly Question[]): Promise<Answer[]>; close(): Promise<void> };

/** The Python verifier as a process that answers lines. */
export async function openPython(): Promise<Python> {
  const child = spawn(await environment(), ["-u", path.join(root, "tools", "proof", "answer_cases.py")], {
    stdio: ["pipe", "pipe", "inherit"],
    env: { ...process.env, PYTHONPATH: path.join(root, "sdk", "python"), PYTHONDONTWRITEBYTECODE: "1" },
  });
  const ended = once(child, "close");
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  return {
    answers: async (questions) => {
      child.stdin.write(questions.map((question) => `${JSON.stringify(asCase(question))}\n`).join(""));
      const answers: Answer[] = [];
      while (answers.length < questions.length) {
        const line = await lines.next();
        if (line.done) throw new Error("The Python verifier ended in the middle: what it said stands above");
        answers.push(JSON.parse(line.value) as Answer);
      }
      return answers;
    },
    close: async () => {
      child.stdin.end();
      await ended;
    },
  };
}

function asCase({ file, trust, how }: Question) {
  const { deviceKey, product, ...rest } = how;
  return { file, options: { ...rest, ...trust, device_key: deviceKey, product_named: product } };
}
