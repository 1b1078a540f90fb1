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

const UNITS = 5_000;
const BUDGET = 1_000;
const AT_ONCE = 32;
const KILL_EVERY_MS = 4_000;
const BASE_PORT = 18_940;
const ABOUT =
  "Five thousand units, each asked for by a request of its own, on a quota of one thousand: consumed over HTTP of the edge in workerd, which is killed (SIGKILL) again and again meanwhile. Every request that got no answer is sent again with its Idempotency-Key until it has one. What was counted is read from the storage of the license's meter and from the database.";

type Answer = { status: number; text: string };
type Done = { key: string; answer: Answer; tries: number };
type Books = { used: number; summed: number; entries: number; keys: number; files: number };

/** Races for a quota with kills in between, and reads what the meter wrote down. */
export async function proveQuotas(say: Say): Promise<void> {
  say.progress("starting an installation of its own …");
  const home = homeAt(".latchkey/proof-quotas");
  const installed = await startAll({ home, ports: () => portsFrom(BASE_PORT), reset: true, say: silent, demo: true });
  try {
    // what the race does not need would only take its processor time
    await installed.part("host").stop();
    await raceAndRecord(installed, home, say);
  } finally {
    await installed.stop();
  }
}

async function raceAndRecord(installed: Started, home: Home, say: Say): Promise<void> {
  const license = await licenseWithQuota(installed);
  const startedAt = Date.now();
  const race = { over: false };
  const kills = killing(installed, race);
  const done = await racing(installed, license.license_key, say);
  race.over = true;
  const killed = await kills;
  const tookS = (Date.now() - startedAt) / 1000;
  const taken = done.filter(({ answer }) => answer.status === 200);
  const refused = done.filter(({ answer }) => answer.status === 429);

  say.progress("asking everything that was counted again …");
  const differing = await differingReplays(installed, license.license_key, taken);
  const told = await whatWasTold(installed, license.id);
  await installed.part("edge").stop();
  const books = await booksOf(home);
  const findings = [
    { claim: "every request got an answer", seen: `${done.length} of ${UNITS}`, holds: done.length === UNITS },
    {
      claim: `exactly ${BUDGET} units were granted`,
      seen: `${taken.length} granted, ${refused.length} refused`,
      holds: taken.length === BUDGET && refused.length === UNITS - BUDGET,
    },
    {
      claim: "the counter says so, and the ledger sums to it",
      seen: `counter ${books.used}, ledger ${books.summed} in ${books.entries} entries of ${books.keys} keys`,
      holds: [books.used, books.summed, books.entries, books.keys].every((n) => n === BUDGET) && books.files === 1,
    },
    { claim: "the database was told the same", seen: `${told.used} units in usage history`, holds: told.used === BUDGET },
    {
      claim: "80 and 100 percent were told once each",
      seen: told.percents.join(", "),
      holds: told.percents.join() === "80,100",
    },
    {
      claim: "the edge was killed on the way",
      seen: `${killed} times; ${done.filter(({ tries }) => tries > 1).length} requests were sent again`,
      holds: killed > 3 && done.some(({ tries }) => tries > 1),
    },
    {
      claim: "a retry with its key gives the same bytes",
      seen: `${taken.length - differing} of ${taken.length} kept answers`,
      holds: differing === 0,
    },
  ];
  await recordProof("quotas", ABOUT, findings, [`${AT_ONCE} at once, ${Math.round(tookS)} s in all`]);
  for (const { claim, seen } of findings) say.line(`${claim}: ${seen}`);
}

async function licenseWithQuota({ dev }: Started): Promise<{ id: string; license_key: string }> {
  const api = apiAt(dev.edge_url, dev.tenant.secret_key);
  await api.post("/v1/features", { name: "Renders", code: "proof-renders" });
  const template = await api.post<{ id: string }>("/v1/templates", {
    name: "Metered",
    product_id: dev.demo.product_id,
    type: "perpetual",
    model: "per_device",
    entitlements: [{ feature: "proof-renders", limit_value: BUDGET }],
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
  let begun = 0;
  const worker = async () => {
    for (let n = begun++; n < UNITS; n = begun++) {
      done.push(await insisted(installed, licenseKey, `unit-${n}`));
      say.progress(`${done.length} of ${UNITS} units …`);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
  return done;
}

/** Asks for a unit until there is an answer about the quota: while the edge is down, or has had enough of us, again with the same key. */
async function insisted(installed: Started, licenseKey: string, key: string): Promise<Done> {
  for (let tries = 1; ; tries++) {
    const answer = await sent(installed, licenseKey, key).catch(() => undefined);
    const isOfQuota = answer?.status === 200 || answer?.text.includes('"quota_exceeded"');
    if (answer && isOfQuota) return { key, answer, tries };
    if (answer && answer.status < 500 && answer.status !== 429) throw new Error(`Refused: ${answer.text}`);
    await pause(150);
  }
}

async function sent({ dev }: Started, licenseKey: string, key: string): Promise<Answer> {
  const response = await fetch(`${dev.edge_url}/v1/entitlements/consume`, {
    method: "POST",
    headers: {
      authorization: `Bearer ${dev.tenant.secret_key}`,
      "content-type": "application/json",
      "idempotency-key": key,
    },
    body: JSON.stringify({ license_key: licenseKey, items: [{ feature: "proof-renders", units: 1 }] }),
    signal: AbortSignal.timeout(30_000),
  });
  return { status: response.status, text: await response.text() };
}

/** How many of the answers come otherwise when they are asked for again. */
async function differingReplays(installed: Started, licenseKey: string, kept: readonly Done[]): Promise<number> {
  let [differing, next] = [0, 0];
  const worker = async () => {
    for (let each = kept[next++]; each; each = kept[next++]) {
      const { answer } = await insisted(installed, licenseKey, each.key);
      if (answer.status !== each.answer.status || answer.text !== each.answer.text) differing++;
    }
  };
  await Promise.all(Array.from({ length: 8 }, worker));
  return differing;
}

type Told = { used: number; percents: number[] };

/** What the database knows of it, once the meter has told all: it tells within seconds of what it counted last. */
async function whatWasTold({ dev }: Started, licenseId: string): Promise<Told> {
  const api = apiAt(dev.edge_url, dev.tenant.secret_key);
  const read = async (): Promise<Told> => {
    const days = await api.get<{ data: { used: number }[] }>(`/v1/usage/history?license_id=${licenseId}`);
    const alerts = await api.get<{ data: { percent: number }[] }>(`/v1/usage/alerts?license_id=${licenseId}`);
    return {
      used: days.data.reduce((sum, { used }) => sum + used, 0),
      percents: alerts.data.map(({ percent }) => percent).toSorted((a, b) => a - b),
    };
  };
  for (let waited = 0; ; waited++) {
    const told = await read();
    if ((told.used >= BUDGET && told.percents.length >= 2) || waited > 60) return told;
    await pause(1000);
  }
}

/** What the meter of the race wrote: the only one in this installation that has a ledger. */
async function booksOf(home: Home): Promise<Books> {
  const names = await readdir(home.edge, { recursive: true });
  const found = names
    .filter((name) => name.endsWith(".sqlite") && name.includes("Meter"))
    .flatMap((name) => {
      const database = new DatabaseSync(path.join(home.edge, name));
      try {
        const tables = database.prepare("select 1 from sqlite_master where name = 'ledger'").all();
        if (tables.length === 0) return [];
        const sums = `select (select coalesce(sum(used), 0) from counters) as used, (select coalesce(sum(units), 0) from ledger) as summed,
          (select count(*) from ledger) as entries, (select count(distinct key) from ledger) as keys`;
        return [database.prepare(sums).get() as Omit<Books, "files">];
      } finally {
        database.close();
      }
    });
  const [books] = found;
  if (!books) throw new Error("The meter's storage was not found");
  return { ...books, files: found.length };
}
