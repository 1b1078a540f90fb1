import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { text } from "node:stream/consumers";
import { expect, onTestFinished, test } from "vitest";
import { receiverWorld } from "./world.ts";

const simulators = path.join(import.meta.dirname, "../../simulators");

function run(name: string, env: Record<string, string>) {
  const child = spawn(process.execPath, ["--no-warnings", path.join(simulators, name, "main.ts")], {
    env: { ...process.env, ...env },
  });
  onTestFinished(() => void child.kill("SIGKILL"));
  return child;
}

async function urlOf(child: ChildProcess): Promise<string> {
  for await (const chunk of child.stdout ?? []) {
    const [url] = /http:\S+/.exec(String(chunk)) ?? [];
    if (url !== undefined) return url;
  }
  throw new Error("the program ended without a URL");
}

test.each([
  ["stripe", "LATCHKEY_STRIPE_PORT", "/_control", "stripe.ndjson"],
  ["paypal", "LATCHKEY_PAYPAL_PORT", "/_control", "paypal.ndjson"],
  ["receiver", "LATCHKEY_RECEIVER_PORT", "/_log", "receiver.ndjson"],
  ["mail", "LATCHKEY_MAIL_PORT", "/_log", "mail.ndjson"],
])(
  "the %s program says where it listens, keeps its state in LATCHKEY_HOME, and ends when told to",
  async (name, variable, probe, file) => {
    const home = path.join(mkdtempSync(path.join(tmpdir(), "latchkey-")), "home");
    const child = run(name, { [variable]: "0", LATCHKEY_SMTP_PORT: "0", LATCHKEY_HOME: home });
    const url = await urlOf(child);
    expect((await fetch(url + probe)).status).toBe(200);
    expect(existsSync(path.join(home, file))).toBe(true);
    child.kill("SIGTERM");
    expect(await once(child, "exit")).toEqual([0, null]);
  },
);

test("a port that is taken, or is none, ends the program with one plain line", async () => {
  const taken = await receiverWorld();
  const home = mkdtempSync(path.join(tmpdir(), "latchkey-"));
  for (const [port, line] of [
    [new URL(taken.url).port, /^webhook receiver: cannot start: port \d+ is taken; set LATCHKEY_RECEIVER_PORT to another\n$/],
    ["many", /^webhook receiver: LATCHKEY_RECEIVER_PORT must be a port number\.\n$/],
  ] as const) {
    const child = run("receiver", { LATCHKEY_RECEIVER_PORT: port, LATCHKEY_HOME: home });
    const [complaint, [code]] = await Promise.all([text(child.stderr), once(child, "exit")]);
    expect(complaint).toMatch(line);
    expect(code).toBe(1);
  }
});
