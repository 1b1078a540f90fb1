import { spawn } from "node:child_process";
import { once } from "node:events";
import { readdir, readFile, stat, writeFile } from "node:fs/promises";
import path from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { emptyHome, homeAt, makeHome } from "../../tools/start/home.ts";
import { claimHome } from "../../tools/start/pids.ts";
import { livingProcesses, membersOf, signalGroup } from "../../tools/start/processes.ts";
import { openSeed } from "../../tools/start/seed-state.ts";
import { newestOf, prepareVars } from "../../tools/start/vars.ts";
import { emptyFolder, listening } from "./folder.ts";

async function freshHome() {
  const home = homeAt(await emptyFolder());
  await makeHome(home);
  return home;
}

/** A process in a group of its own that waits for ever; `mark` stands in its command line. */
async function idle(mark: string, also = ""): Promise<number> {
  const child = spawn(process.execPath, ["-e", `${also}; console.log(); setInterval(() => {}, 1000)`, mark], { detached: true });
  const group = child.pid ?? 0;
  onTestFinished(() => signalGroup(group, "SIGKILL"));
  await once(child.stdout, "data");
  return group;
}

const bornOf = (pid: number): string => livingProcesses().find((process) => process.pid === pid)?.born ?? "";

/** What a start that was killed leaves: its own pid is nobody's, its groups still live. */
const killedStart = (file: string, groups: Record<string, { pid: number; born: string }>) =>
  writeFile(file, JSON.stringify({ starter: { pid: 2 ** 22 + 1, born: "0" }, groups }));

test("what a killed start left running in its home is ended by the next one, even if it does not want to", async () => {
  const home = await freshHome();
  const left = await idle(home.temporalDb, "process.on('SIGTERM', () => {})");
  await killedStart(home.pids, { temporal: { pid: left, born: bornOf(left) } });
  const say = listening();
  await claimHome(home, say);
  expect(membersOf(left)).toEqual([]);
  expect(say.lines).toEqual(["Ended what an earlier start left behind: temporal"]);
});

test("what a killed start left of a group is ended although its leader is dead", async () => {
  const home = await freshHome();
  const leader = await idle(
    "leader",
    `require("node:child_process").spawn(process.execPath, ["-e", "setInterval(() => {}, 1000)", ${JSON.stringify(home.edge)}])`,
  );
  const born = bornOf(leader);
  process.kill(leader, "SIGKILL");
  await expect.poll(() => membersOf(leader).map(({ pid }) => pid)).not.toContain(leader);
  expect(membersOf(leader)).toHaveLength(1);
  await killedStart(home.pids, { edge: { pid: leader, born } });
  await claimHome(home, listening());
  expect(membersOf(leader)).toEqual([]);
});

test("a stranger that was given a recorded number since is left alone", async () => {
  const home = await freshHome();
  const stranger = await idle("/somewhere/else");
  await killedStart(home.pids, { edge: { pid: stranger, born: "0" } });
  const say = listening();
  await claimHome(home, say);
  expect(membersOf(stranger)).toHaveLength(1);
  expect(say.lines).toEqual([]);
});

test("a home in which a start lives is not claimed a second time", async () => {
  const home = await freshHome();
  const pid = await idle("a start");
  await writeFile(home.pids, JSON.stringify({ starter: { pid, born: bornOf(pid) }, groups: {} }));
  await expect(claimHome(home, listening())).rejects.toThrow(new RegExp(`already runs from .*process ${pid}[^]*LATCHKEY_HOME`));
});

test("a process that only carries the number of a dead start does not block the home", async () => {
  const home = await freshHome();
  await writeFile(home.pids, JSON.stringify({ starter: { pid: await idle("another"), born: "0" }, groups: {} }));
  await expect(claimHome(home, listening())).resolves.toBeDefined();
});

test("a reset removes what a run made and nothing else", async () => {
  const home = await freshHome();
  await prepareVars(home, "http://127.0.0.1:1", null);
  await writeFile(`${home.temporalDb}-wal`, "");
  await writeFile(path.join(home.folder, "notes.txt"), "mine");
  await emptyHome(home);
  expect(await readdir(home.folder)).toEqual(["notes.txt"]);
});

test("secrets are made once, kept, and readable by their owner alone", async () => {
  const home = await freshHome();
  const first = await prepareVars(home, "http://127.0.0.1:1", null);
  const second = await prepareVars(home, "http://127.0.0.1:2", "http://127.0.0.1:3");
  expect(second).toEqual(first);
  expect(new Set(Object.values(first)).size).toBe(3);
  for (const secret of Object.values(first)) expect(secret).toMatch(/^1=[\w-]{43}$/);
  expect(await readFile(home.vars, "utf8")).toContain('LATCHKEY_PUBLIC_URL="http://127.0.0.1:2"');
  expect(await readFile(home.vars, "utf8")).toContain('LATCHKEY_TEMPORAL_UI_URL="http://127.0.0.1:3"');
  expect((await stat(home.vars)).mode & 0o777).toBe(0o600);
  expect((await stat(home.folder)).mode & 0o777).toBe(0o700);
});

test("the host signs with the newest of several secrets", () => {
  expect(newestOf("1=old,10=new,2=middle")).toBe("10=new");
});

test("what a seeding step made is there after a restart", async () => {
  const home = await freshHome();
  const { state, save } = await openSeed(home);
  await save({ product_id: "prod_1" });
  await save({ customer_id: "cus_1" });
  const again = await openSeed(home);
  expect(again.state).toEqual({ run: state.run, product_id: "prod_1", customer_id: "cus_1" });
  expect((await stat(home.seed)).mode & 0o777).toBe(0o600);
});
