import { setTimeout as pause } from "node:timers/promises";
import type { Say } from "../say.ts";
import { apiAt } from "../start/api.ts";
import type { Home } from "../start/home.ts";
import type { Started } from "../start/start-all.ts";
import {
  type Answer,
  type Asked,
  databasesWith,
  differing,
  inDatabase,
  insisting,
  raced,
  racedThrough,
  withEdge,
} from "./race.ts";
import { recordProof } from "./record.ts";

const UNITS = 5_000;
const BUDGET = 1_000;
const AT_ONCE = 32;
const KILL_EVERY_MS = 4_000;
const BASE_PORT = 18_940;
const ABOUT =
  "Five thousand units, each asked for by a request of its own, on a quota of one thousand: consumed over HTTP of the edge in workerd, which is killed (SIGKILL) again and again meanwhile. Every request that got no answer is sent again with its Idempotency-Key until it has one. What was counted is read from the storage of the license's meter and from the database.";

type Books = { used: number; summed: number; entries: number; keys: number; files: number };

/** Races for a quota with kills in between, and reads what the meter wrote down. */
export const proveQuotas = (say: Say): Promise<void> =>
  withEdge({ name: "quotas", basePort: BASE_PORT, say }, (installed, home) => raceAndRecord(installed, home, say));

async function raceAndRecord(installed: Started, home: Home, say: Say): Promise<void> {
  const license = await licenseWithQuota(installed);
  const { edge_url: origin, tenant } = installed.dev;
  const insist = insisting(origin, tenant.secret_key, isOfQuota);
  const race = await raced(installed, { turns: UNITS, atOnce: AT_ONCE, killEveryMs: KILL_EVERY_MS, say }, (n) =>
    insist(unit(n, license.license_key)),
  );
  const { done, tookS } = race;
  const taken = done.filter(({ answer }) => answer.status === 200);
  const refused = done.filter(({ answer }) => answer.status === 429);

  say.progress("asking everything that was counted again …");
  const differ = await differing(taken, insist);
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
    ...racedThrough(race, taken.length, differ),
  ];
  await recordProof({ name: "quotas", about: ABOUT, say }, findings, [`${AT_ONCE} at once, ${tookS} s in all`]);
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

const unit = (n: number, licenseKey: string): Asked => ({
  path: "/v1/entitlements/consume",
  body: { license_key: licenseKey, items: [{ feature: "proof-renders", units: 1 }] },
  key: `unit-${n}`,
});

/** Whether an answer is about the quota, and none of an edge that is down or has had enough of us. */
function isOfQuota({ status, text }: Answer): boolean {
  if (status === 200 || text.includes('"quota_exceeded"')) return true;
  if (status < 500 && status !== 429) throw new Error(`Refused: ${text}`);
  return false;
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
  const files = await databasesWith(home, "ledger");
  const [file] = files;
  if (file === undefined) throw new Error("The meter's storage was not found");
  const sums = `select (select coalesce(sum(used), 0) from counters) as used, (select coalesce(sum(units), 0) from ledger) as summed,
    (select count(*) from ledger) as entries, (select count(distinct key) from ledger) as keys`;
  const books = inDatabase(file, (database) => database.prepare(sums).get());
  return { ...(books as Omit<Books, "files">), files: files.length };
}
