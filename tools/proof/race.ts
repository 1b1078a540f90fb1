import { readdir } from "node:fs/promises";
import path from "node:path";
import { DatabaseSync } from "node:sqlite";
import { setTimeout as pause } from "node:timers/promises";
import { silent, type Say } from "../say.ts";
import { type Home, homeAt } from "../start/home.ts";
import { portsFrom } from "../start/ports.ts";
import { startAll, type Started } from "../start/start-all.ts";
import type { Finding } from "./record.ts";

/** What the edge answered, to the byte. */
export type Answer = { status: number; text: string };

/** A request of a race; under its key it is one intent, however often it is sent. */
export type Asked = { path: string; body: object; key: string };

/** A request that was sent until it was answered. */
export type Done<Request extends Asked = Asked> = Request & { answer: Answer; tries: number };

/** Runs something against an installation of its own without a worker host, and ends it. */
export async function withEdge(
  { name, basePort, say }: { name: string; basePort: number; say: Say },
  run: (installed: Started, home: Home) => Promise<void>,
): Promise<void> {
  say.progress("starting an installation of its own …");
  const home = homeAt(`.latchkey/proof-${name}`);
  const installed = await startAll({ home, ports: () => portsFrom(basePort), reset: true, say: silent, demo: true });
  try {
    // what the race does not need would only take its processor time
    await installed.part("host").stop();
    await run(installed, home);
  } finally {
    await installed.stop();
  }
}

/** How a race went: what each turn came to, how often the edge was killed meanwhile, and how long it took. */
export type Raced<Turn> = { done: Turn[]; killed: number; tookS: number };

/** Takes turns, so many at once, while the edge is killed (SIGKILL) every few seconds until all are taken. */
export async function raced<Turn>(
  installed: Started,
  { turns, atOnce, killEveryMs, say }: { turns: number; atOnce: number; killEveryMs: number; say: Say },
  turn: (n: number) => Promise<Turn>,
): Promise<Raced<Turn>> {
  const startedAt = Date.now();
  const race = { over: false };
  const kills = killing(installed, race, killEveryMs);
  const done: Turn[] = [];
  const numbers = Array.from({ length: turns }, (_, n) => n);
  try {
    await inLanes(atOnce, numbers, async (n) => {
      done.push(await turn(n));
      say.progress(`${done.length} of ${turns} …`);
    });
  } finally {
    race.over = true;
  }
  return { done, killed: await kills, tookS: Math.round((Date.now() - startedAt) / 1000) };
}

/** Kills the edge every few seconds until the race is over; says how often. */
async function killing(installed: Started, race: { over: boolean }, everyMs: number): Promise<number> {
  for (let killed = 0; ; killed++) {
    for (let waited = 0; waited < everyMs && !race.over; waited += 100) await pause(100);
    if (race.over) return killed;
    await installed.part("edge").kill();
    await installed.part("edge").ready();
  }
}

/** Works through a list, so many of it at once. */
async function inLanes<Each>(lanes: number, all: readonly Each[], work: (each: Each) => Promise<void>): Promise<void> {
  const waiting = all.values();
  const lane = async () => {
    for (const each of waiting) await work(each);
  };
  await Promise.all(Array.from({ length: lanes }, lane));
}

/** Sends requests with an API key, each until its answer is one: while the edge is down, or where the answer was lost, again with the same key. */
export const insisting =
  (origin: string, apiKey: string, isAnswer: (answer: Answer) => boolean) =>
  async <Request extends Asked>(asked: Request): Promise<Done<Request>> => {
    for (let tries = 1; ; tries++) {
      const answer = await sent(origin + asked.path, apiKey, asked).catch(() => undefined);
      if (answer && isAnswer(answer)) return { ...asked, answer, tries };
      await pause(150);
    }
  };

async function sent(url: string, apiKey: string, { body, key }: Asked): Promise<Answer> {
  const response = await fetch(url, {
    method: "POST",
    headers: { authorization: `Bearer ${apiKey}`, "content-type": "application/json", "idempotency-key": key },
    body: JSON.stringify(body),
    signal: AbortSignal.timeout(30_000),
  });
  return { status: response.status, text: await response.text() };
}

/** How many of the answers come otherwise when they are asked for again. */
export async function differing(kept: readonly Done[], insist: (asked: Asked) => Promise<Done>): Promise<number> {
  let differ = 0;
  await inLanes(8, kept, async ({ answer: { status, text }, ...asked }) => {
    const { answer } = await insist(asked);
    if (answer.status !== status || answer.text !== text) differ++;
  });
  return differ;
}

/** What must hold of every race: the edge was killed in the middle of it, and what was answered once is answered so for good. */
export function racedThrough({ done, killed }: Raced<Done>, kept: number, differ: number): Finding[] {
  const again = done.filter(({ tries }) => tries > 1).length;
  return [
    {
      claim: "the edge was killed on the way",
      seen: `${killed} times; ${again} requests were sent again`,
      holds: killed > 3 && again > 0,
    },
    {
      claim: "a retry with its key gives the same bytes",
      seen: `${kept - differ} of ${kept} kept answers`,
      holds: differ === 0,
    },
  ];
}

/** What is read from a database that the edge, which is stopped, keeps in a file. */
export function inDatabase<T>(file: string, use: (database: DatabaseSync) => T): T {
  const database = new DatabaseSync(file);
  try {
    return use(database);
  } finally {
    database.close();
  }
}

/** The files in which the edge keeps databases that have a table of this name. */
export async function databasesWith(home: Home, table: string): Promise<string[]> {
  const names = await readdir(home.edge, { recursive: true });
  const files = names.filter((name) => name.endsWith(".sqlite")).map((name) => path.join(home.edge, name));
  const has = "select 1 from sqlite_master where type = 'table' and name = ?";
  return files.filter((file) => inDatabase(file, (database) => database.prepare(has).get(table)));
}
