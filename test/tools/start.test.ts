import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, readlinkSync, rmSync, statSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { afterAll, expect, test } from "vitest";
import type { Dev } from "../../tools/start/dev-json.ts";
import { homeAt, root } from "../../tools/start/home.ts";
import { livingProcesses } from "../../tools/start/processes.ts";
import { childEnv } from "../../tools/start/wrangler.ts";
import { temporalServer } from "../../tools/temporal.ts";

/** Runs a command where there is no network but the loopback of its own: every port is free, and nothing is reachable. */
const withoutNetwork = (command: string): string[] => [
  "unshare",
  "--map-root-user",
  "--net",
  "sh",
  "-c",
  `ip link set lo up && exec ${command}`,
];

function canCutNetwork(): boolean {
  try {
    const [program = "", ...args] = withoutNetwork("true");
    execFileSync(program, args, { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
}

const home = homeAt(mkdtempSync(path.join(os.tmpdir(), "latchkey-start-")));
const startWithinMs = 120_000;
const cut = canCutNetwork();

const networks: string[] = [];

afterAll(() => {
  for (const pid of networks.flatMap(livingIn)) process.kill(pid, "SIGKILL");
  rmSync(home.folder, { recursive: true, force: true });
});

type Start = {
  child: ChildProcess;
  printed: () => string;
  until: (text: string) => Promise<void>;
  /** Every process that it started and that lives: they share its network, whatever they are called. */
  living: () => number[];
};

/** `npm start` with the network cut. Resolves when it says its first line, and collects what it prints. */
async function start(...options: string[]): Promise<Start> {
  const [program = "", ...args] = withoutNetwork(`node ${path.join(root, "tools", "start.ts")} ${options.join(" ")}`);
  const child = spawn(program, args, {
    cwd: root,
    env: childEnv({ LATCHKEY_HOME: home.folder }),
    stdio: ["ignore", "pipe", "pipe"],
  });
  let printed = "";
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk: Buffer) => void (printed += chunk.toString()));
  const until = async (text: string) => {
    await expect
      .poll(() => (child.exitCode === null ? printed : text + printed), { timeout: startWithinMs, interval: 50 })
      .toContain(text);
    if (child.exitCode !== null) throw new Error(`it ended:\n${printed}`);
  };
  await until("Starting Latchkey");
  const network = networkOf(child.pid ?? 0);
  networks.push(network ?? "");
  return { child, printed: () => printed, until, living: () => livingIn(network) };
}

function networkOf(pid: number): string | undefined {
  try {
    return readlinkSync(`/proc/${pid}/ns/net`);
  } catch {
    return undefined; // it has ended
  }
}

const livingIn = (network: string | undefined): number[] =>
  livingProcesses().flatMap(({ pid }) => (network !== undefined && networkOf(pid) === network ? [pid] : []));

const dev = (): Dev => JSON.parse(readFileSync(home.devJson, "utf8"));

test.skipIf(!cut)(
  "with the network cut, npm start plays the main job, and Ctrl-C leaves no process",
  { timeout: 2 * startWithinMs },
  async () => {
    await temporalServer(); // the one thing that is got from the network, before
    const { child, printed, until, living } = await start();
    await until("Latchkey is ready");
    const steps = [
      "order placed",
      "paid at the Stripe",
      "signed webhook",
      "license issued",
      "order fulfilled",
      "device activated",
      '"valid": true',
      "signature verified",
    ];
    for (const step of steps) expect(printed()).toContain(step);
    expect(Object.values(dev().demo)).not.toContain(null);
    expect(statSync(home.devJson).mode & 0o777).toBe(0o600);
    expect(living().length).toBeGreaterThan(6);
    child.kill("SIGINT");
    expect(await once(child, "exit")).toEqual([0, null]);
    expect(living()).toEqual([]);
  },
);

test.skipIf(!cut)("a second start keeps the data and plays nothing anew", { timeout: 2 * startWithinMs }, async () => {
  const before = dev();
  const { child, printed, until } = await start();
  await until("Latchkey is ready");
  expect(printed()).not.toContain("order placed");
  expect(dev()).toEqual(before);
  child.kill("SIGTERM");
  expect(await once(child, "exit")).toEqual([0, null]);
});

test.skipIf(!cut)(
  "a start that is killed leaves nothing that the next one does not end",
  { timeout: 2 * startWithinMs },
  async () => {
    const killed = await start();
    await killed.until("Latchkey is ready");
    killed.child.kill("SIGKILL");
    await once(killed.child, "exit");
    expect(killed.living().length).toBeGreaterThan(5);

    const next = await start("--reset", "--no-demo");
    await next.until("Latchkey is ready");
    expect(next.printed()).toContain("Ended what an earlier start left behind");
    expect(killed.living()).toEqual([]);
    expect(dev().demo.order_id).toBeNull();
    next.child.kill("SIGINT");
    await once(next.child, "exit");
    expect(next.living()).toEqual([]);
  },
);

test.skipIf(!cut)("Ctrl-C while it is starting leaves no process", { timeout: startWithinMs }, async () => {
  const { child, living } = await start();
  await expect.poll(() => living().length, { timeout: startWithinMs }).toBeGreaterThan(3);
  child.kill("SIGINT");
  expect(await once(child, "exit")).toEqual([0, null]);
  expect(living()).toEqual([]);
});
