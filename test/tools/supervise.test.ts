import { readFileSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import path from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { claimHome } from "../../tools/start/pids.ts";
import { homeAt, makeHome } from "../../tools/start/home.ts";
import { portsFrom } from "../../tools/start/ports.ts";
import { membersOf } from "../../tools/start/processes.ts";
import { type Part, supervise } from "../../tools/start/supervise.ts";
import { emptyFolder, listening } from "./folder.ts";

/** A server that answers with its pid, has a child as wrangler has, and does what its query says. */
const program = `
import { spawn } from "node:child_process";
import http from "node:http";
const child = spawn(process.execPath, ["-e", "process.on('SIGTERM', () => {}); setInterval(() => {}, 1000)"], { stdio: "ignore" });
if (process.env.STUBBORN) process.on("SIGTERM", () => {});
const server = http.createServer((request, response) => {
  if (request.url === "/deaf") { response.end("ok"); server.close(); server.closeAllConnections(); setInterval(() => {}, 1000); return; }
  response.end(process.pid + " " + child.pid);
});
server.listen(Number(process.env.PORT), "127.0.0.1");
`;

async function supervised(env: Record<string, string> = {}, source = program, base = 39_000) {
  const folder = await emptyFolder();
  const home = homeAt(folder);
  await makeHome(home);
  const file = path.join(folder, "program.mjs");
  await writeFile(file, source);
  const { edge: port } = await portsFrom(base);
  const ask = async (url = "/") => (await fetch(`http://127.0.0.1:${port}${url}`, { signal: AbortSignal.timeout(1_000) })).text();
  const part: Part = {
    name: "edge",
    command: process.execPath,
    args: [file],
    env: { ...process.env, PORT: String(port), ...env },
    log: path.join(home.logs, "edge.log"),
    probe: async () => /^\d+ \d+$/.test(await ask()),
    readyWithinMs: 5_000,
    stopWithinMs: 300,
  };
  const say = listening();
  const running = supervise(part, await claimHome(home, say), say);
  onTestFinished(() => running.stop());
  const pids = async () => (await ask()).split(" ").map(Number);
  return { running, say, ask, pids, home };
}

const group = async (pids: () => Promise<number[]>) => (await pids())[0] ?? 0;

test("a killed part is started again, and says so", async () => {
  const { running, say, pids } = await supervised();
  await running.started;
  const before = await group(pids);
  await running.kill();
  await running.ready();
  expect(await group(pids)).not.toBe(before);
  await expect.poll(() => say.lines).toEqual(["edge was killed by SIGKILL: starting it again", "edge is back"]);
});

test("a part that lives but no longer answers is started again, with nothing left of the old one", async () => {
  const { running, say, ask, pids } = await supervised();
  await running.started;
  const before = await group(pids);
  await ask("/deaf");
  await expect.poll(() => say.lines, { timeout: 15_000 }).toContain("edge is back");
  expect(say.lines[0]).toBe("edge no longer answers: starting it again");
  expect(membersOf(before)).toEqual([]);
});

test("a dead leader's surviving child is ended before the next start", async () => {
  const { running, say, pids } = await supervised();
  await running.started;
  const [leader = 0, child = 0] = await pids();
  process.kill(leader, "SIGKILL");
  await expect.poll(() => say.lines, { timeout: 10_000 }).toContain("edge is back");
  expect(membersOf(leader).map(({ pid }) => pid)).not.toContain(child);
});

test("stopping ends even what ignores the request, and it stays ended until it is started", async () => {
  const { running, pids, ask } = await supervised({ STUBBORN: "1" });
  await running.started;
  const before = await group(pids);
  await running.stop();
  expect(membersOf(before)).toEqual([]);
  await expect(ask()).rejects.toThrow();
  await running.start();
  expect(await group(pids)).not.toBe(before);
});

test("its group stands in the pid file while it runs, and not afterwards", async () => {
  const { running, pids, home } = await supervised();
  const recorded = (): unknown => JSON.parse(readFileSync(home.pids, "utf8"));
  await running.started;
  expect(recorded()).toMatchObject({ groups: { edge: { pid: await group(pids) } } });
  await running.stop();
  expect(recorded()).toMatchObject({ groups: {} });
  expect(recorded()).not.toMatchObject({ groups: { edge: expect.anything() } });
});

test("a part that ends while it starts is told with the end of its log", async () => {
  const { running } = await supervised({}, "console.error('no such option'); process.exit(3)");
  await expect(running.started).rejects.toThrow(/edge ended before it was ready[^]*no such option/);
});

test("stopping while a part is still starting leaves nothing", async () => {
  const { running, home } = await supervised({}, "setInterval(() => {}, 1000)");
  const { groups }: { groups: Record<string, { pid: number }> } = JSON.parse(readFileSync(home.pids, "utf8"));
  await running.stop();
  await running.started;
  expect(membersOf(groups["edge"]!.pid)).toEqual([]);
});
