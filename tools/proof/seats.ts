import { randomInt } from "node:crypto";
import { readdir } from "node:fs/promises";
import path from "node:path";
import { DatabaseSync } from "node:sqlite";
import { setTimeout as pause } from "node:timers/promises";
import { silent, type Say } from "../say.ts";
import { apiAt } from "../start/api.ts";
import { type Home, homeAt } from "../start/home.ts";
import { portsFrom } from "../start/ports.ts";
import { startAll, type Started } from "../start/start-all.ts";
import { recordProof } from "./record.ts";
import { HISTORY_OF_LICENSE, HISTORY_SQL, mostHeld, type SeatChange } from "./seat-history.ts";

const OPERATIONS = 2_000;
const SEATS = 100;
const DEVICES = 170;
const AT_ONCE = 24;
const LEASE_S = 20;
const KILL_EVERY_MS = 6_000;
const PAUSE_UP_TO_MS = 1_100;
const BASE_PORT = 18_900;
const ABOUT =
  "Two thousand activations, deactivations and heartbeats of 170 devices on one floating license of 100 seats, on the edge in workerd with D1 behind it, which is killed (SIGKILL) again and again meanwhile. Every operation that got no answer is sent again with its Idempotency-Key until it has one. What was held when is read from a history that triggers in the database append, in the transactions of the changes themselves.";

type Operation = { what: "activate" | "deactivate" | "beat"; path: string; body: Record<string, unknown>; key: string };
type Answer = { status: number; text: string };
type Done = Operation & { answer: Answer; tries: number };

/** Races for seats with kills in between, and replays what the database wrote down. */
export async function proveSeats(say: Say): Promise<void> {
  say.progress("starting an installation of its own …");
  const home = homeAt(".latchkey/proof-seats");
  const installed = await startAll({ home, ports: () => portsFrom(BASE_PORT), reset: true, say: silent, demo: true });
  try {
    // what the race does not need would only take its processor time
    await installed.part("host").stop();
    await installed.part("edge").stop();
    inDatabase(await databaseFile(home), (database) => HISTORY_SQL.forEach((statement) => database.exec(statement)));
    await installed.part("edge").start();
    await raceAndRecord(installed, home, say);
  } finally {
    await installed.stop();
  }
}

async function raceAndRecord(installed: Started, home: Home, say: Say): Promise<void> {
  const license = await floatingLicense(installed);
  const startedAt = Date.now();
  const race = { over: false };
  const kills = killing(installed, race);
  const done = await racing(installed, license.license_key, say);
  race.over = true;
  const killed = await kills;
  const tookS = (Date.now() - startedAt) / 1000;

  say.progress("asking everything again …");
  const kept = done.filter(({ what, answer }) => what !== "beat" && answer.status < 300);
  const differing = await differingReplays(installed, kept);
  await installed.part("edge").stop();
  const history = inDatabase(await databaseFile(home), (database) =>
    database.prepare(HISTORY_OF_LICENSE).all(license.id),
  ) as SeatChange[];
  const { most, resumed, ended } = mostHeld(history);

  const counted = (what: Operation["what"], ok: boolean) =>
    done.filter((each) => each.what === what && each.answer.status < 300 === ok).length;
  const errors = done.filter(({ answer }) => answer.status >= 500);
  const again = done.filter(({ tries }) => tries > 1);
  const findings = [
    { claim: "every operation got an answer", seen: `${done.length} of ${OPERATIONS}`, holds: done.length === OPERATIONS },
    {
      claim: `never more than ${SEATS} seats held, after any commit`,
      seen: `${most} at most, over ${history.length} changes`,
      holds: most <= SEATS,
    },
    {
      claim: "the limit was reached, so that something could break",
      seen: `${counted("activate", false)} activations refused`,
      holds: most === SEATS && counted("activate", false) > 0,
    },
    {
      claim: "leases ended and were taken up again",
      seen: `${ended} ended, ${resumed} began anew in their old rows`,
      holds: ended > 0 && resumed > 0,
    },
    {
      claim: "the edge was killed on the way",
      seen: `${killed} times; ${again.length} operations were sent again`,
      holds: killed > 3 && again.length > 0,
    },
    {
      claim: "a retry with its key gives the same bytes",
      seen: `${kept.length - differing} of ${kept.length} kept answers`,
      holds: differing === 0,
    },
    { claim: "nothing answered with an error of ours", seen: `${errors.length} answers of 5xx`, holds: errors.length === 0 },
  ];
  await recordProof("seats", ABOUT, findings, [
    `activations: ${counted("activate", true)} taken or held, ${counted("activate", false)} refused`,
    `deactivations: ${counted("deactivate", true)} answered, ${counted("deactivate", false)} refused`,
    `heartbeats: ${counted("beat", true)} kept, ${counted("beat", false)} refused`,
    `${AT_ONCE} at once, leases of ${LEASE_S} s, ${Math.round(tookS)} s in all`,
  ]);
  for (const { claim, seen } of findings) say.line(`${claim}: ${seen}`);
}

async function floatingLicense({ dev }: Started): Promise<{ id: string; license_key: string }> {
  const api = apiAt(dev.edge_url, dev.tenant.secret_key);
  const template = await api.post<{ id: string }>("/v1/templates", {
    name: "Floating",
    product_id: dev.demo.product_id,
    type: "concurrent",
    model: "per_device",
    max_activations: SEATS,
    lease_s: LEASE_S,
    heartbeat: { interval_s: LEASE_S / 2 },
  });
  return api.post("/v1/licenses", { template_id: template.id, customer_id: dev.demo.customer_id });
}

/** Kills the edge every few seconds until the race is over; says how often. */
async function killing(installed: Started, race: { over: boolean }): Promise<number> {
  for (let killed = 0; ; killed++) {
    for (let waited = 0; waited < KILL_EVERY_MS && !race.over; waited += 100) await pause(100);
    if (race.over) return killed;
    await installed.part("edge").kill();
    await installed.part("edge").ready();
  }
}

async function racing(installed: Started, licenseKey: string, say: Say): Promise<Done[]> {
  const done: Done[] = [];
  const seats = new Map<number, { id: string; token: string }>();
  let begun = 0;
  const worker = async () => {
    for (let n = begun++; n < OPERATIONS; n = begun++) {
      const device = randomInt(DEVICES);
      const operation = nextOperation(n, device, licenseKey, seats.get(device));
      const finished = await insisted(installed, operation);
      done.push(finished);
      if (operation.what === "activate" && finished.answer.status < 300) {
        const { id, activation_token: token } = JSON.parse(finished.answer.text) as { id: string; activation_token: string };
        seats.set(device, { id, token });
      }
      say.progress(`${done.length} of ${OPERATIONS} operations …`);
      await pause(randomInt(PAUSE_UP_TO_MS));
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
  return done;
}

function nextOperation(
  n: number,
  device: number,
  licenseKey: string,
  seat: { id: string; token: string } | undefined,
): Operation {
  const key = `race-${n}`;
  const chance = randomInt(10);
  if (!seat || chance < 5) {
    const body = { license_key: licenseKey, fingerprint: `device-${device}-${"f".repeat(32)}` };
    return { what: "activate", path: "/v1/activations", body, key };
  }
  if (chance < 6)
    return { what: "deactivate", path: `/v1/activations/${seat.id}/deactivate`, body: { activation_token: seat.token }, key };
  return { what: "beat", path: "/v1/activations/heartbeat", body: { activation_token: seat.token }, key };
}

/** Sends an operation until it is answered: while the edge is down, or where the answer was lost, again with the same key. */
async function insisted(installed: Started, operation: Operation): Promise<Done> {
  for (let tries = 1; ; tries++) {
    const answer = await sent(installed, operation).catch(() => undefined);
    // while workerd is away, what answers is wrangler's proxy, whose errors are no problems of ours
    if (answer && (answer.status < 500 || answer.text.startsWith('{"type"'))) return { ...operation, answer, tries };
    await pause(150);
  }
}

async function sent({ dev }: Started, { path: to, body, key }: Operation): Promise<Answer> {
  const response = await fetch(dev.edge_url + to, {
    method: "POST",
    headers: {
      authorization: `Bearer ${dev.tenant.publishable_key}`,
      "content-type": "application/json",
      "idempotency-key": key,
    },
    body: JSON.stringify(body),
    signal: AbortSignal.timeout(30_000),
  });
  return { status: response.status, text: await response.text() };
}

/** How many of the answers come otherwise when they are asked for again. */
async function differingReplays(installed: Started, kept: readonly Done[]): Promise<number> {
  let [differing, next] = [0, 0];
  const worker = async () => {
    for (let each = kept[next++]; each; each = kept[next++]) {
      const { answer } = await insisted(installed, each);
      if (answer.status !== each.answer.status || answer.text !== each.answer.text) differing++;
    }
  };
  await Promise.all(Array.from({ length: 8 }, worker));
  return differing;
}

/** The file in which the local D1 keeps the first database. */
async function databaseFile(home: Home): Promise<string> {
  const names = await readdir(home.edge, { recursive: true });
  for (const name of names.filter((each) => /d1.*\.sqlite$/.test(each))) {
    const file = path.join(home.edge, name);
    const tables = inDatabase(file, (database) =>
      database.prepare("select name from sqlite_master where name = 'activations'").all(),
    );
    if (tables.length > 0) return file;
  }
  throw new Error("The edge's database was not found");
}

function inDatabase<T>(file: string, use: (database: DatabaseSync) => T): T {
  const database = new DatabaseSync(file);
  try {
    return use(database);
  } finally {
    database.close();
  }
}
