import { setTimeout as pause } from "node:timers/promises";
import { quantile } from "../bench/figures.ts";
import type { Isolates } from "./isolates.ts";
import type { Deaths } from "./mortal.ts";
import type { Finding } from "./record.ts";
import { byKey, heldBy, licenseOf, type Vendor } from "./vendor.ts";
import { clock, type Seen, type Subject, Watch } from "./watching.ts";

/** The bound of what is known: from here on an answer says that it could not be checked. */
const KNOWN_FOR_MS = 8_000;
const DEAD_S = 15;
/** By when everything is as it was, after all lives again. */
const RECOVERED_WITHIN_MS = 10_000;
const LICENSES = 12;
/** No program waits longer than this for a refusal. */
const REFUSED_WITHIN_MS = 6_000;

const [fails, hangs] = ["fails", "hangs"] as const;

/** What dies: the database, alone or with all else, everywhere at once, in the isolates as in the objects. */
const DEATHS: { name: string; deaths: Deaths; database: boolean }[] = [
  { name: "the database fails", deaths: { DB_00: fails }, database: true },
  { name: "the database hangs", deaths: { DB_00: hangs }, database: true },
  { name: "the feed fails", deaths: { FEED: fails }, database: false },
  { name: "the feed hangs", deaths: { FEED: hangs }, database: false },
  { name: "KV fails", deaths: { CACHE: fails }, database: false },
  { name: "KV hangs", deaths: { CACHE: hangs }, database: false },
  { name: "all fail", deaths: { DB_00: fails, FEED: fails, CACHE: fails, QUOTA: fails }, database: true },
  { name: "all hang", deaths: { DB_00: hangs, FEED: hangs, CACHE: hangs, QUOTA: hangs }, database: true },
];

type Probe = { status: number; retryAfter: string | null; code: string; tookMs: number };

/** What was seen while a part was dead. */
export type Blind = {
  name: string;
  database: boolean;
  answers: number;
  faults: string[];
  stale: number;
  latenciesMs: number[];
  unseen: Probe[];
  activations: Probe[];
  recoveredMs: number;
};

/** Has parts die under load, one death after the other, and looks at every answer; the first element is how it is while all lives. */
export async function blindness(edge: Isolates, vendor: Vendor, say: (what: string) => void): Promise<Blind[]> {
  const watch = new Watch(edge.urls);
  const held = await Promise.all(Array.from({ length: LICENSES }, () => heldBy(vendor)));
  held.forEach((each, n) => watch.add(`seen ${n}`, byKey(vendor, each), "either"));
  for (const subject of watch.subjects) await watch.askEach(subject);
  watch.start();
  const told: Blind[] = [];
  try {
    for (const death of [{ name: "all live", deaths: {}, database: false }, ...DEATHS]) {
      say(death.name);
      told.push(await during(edge, vendor, watch, death));
    }
  } finally {
    await haveDie(edge, {});
    await watch.stop();
  }
  return told;
}

async function haveDie({ besideUrls }: Isolates, deaths: Deaths): Promise<void> {
  await Promise.all(besideUrls.map((url) => fetch(url, { method: "POST", body: JSON.stringify(deaths) })));
}

async function during(
  edge: Isolates,
  vendor: Vendor,
  watch: Watch,
  { name, deaths, database }: (typeof DEATHS)[number],
): Promise<Blind> {
  const license = await licenseOf(vendor);
  await haveDie(edge, deaths);
  const deadAt = clock();
  const seen: { seen: Seen; subject: Subject }[] = [];
  watch.onSeen = (each, subject) => {
    if (each.sentAt >= deadAt) seen.push({ seen: each, subject });
  };
  await pause((DEAD_S - 3) * 1000);
  const unseen = await probes(edge, vendor, "/v1/licenses/validate", { license_key: license.licenseKey });
  const device = { license_key: license.licenseKey, fingerprint: "e".repeat(64) };
  const activations = await probes(edge, vendor, "/v1/activations", device);
  await pause(Math.max(0, deadAt + DEAD_S * 1000 - clock()));
  watch.onSeen = null;
  await haveDie(edge, {});
  return {
    name,
    database,
    answers: seen.length,
    faults: seen.flatMap((each) => faultOf(each, database, deadAt)),
    stale: seen.filter((each) => each.seen.stale).length,
    // what is old enough to be marked is the hard part; before that, dead parts are not even missed
    latenciesMs: seen.filter((each) => each.seen.sentAt - deadAt > KNOWN_FOR_MS).map((each) => each.seen.at - each.seen.sentAt),
    unseen,
    activations,
    recoveredMs: await recovered(edge, watch),
  };
}

/** What is wrong about an answer to somebody who was seen before. */
function faultOf({ seen, subject }: { seen: Seen; subject: Subject }, database: boolean, deadAt: number): string[] {
  const { status, valid, stale, ageMs, sentAt, text } = seen;
  const fault = (how: string) => [`${how}: ${subject.name}, isolate ${seen.isolate}: ${status} ${text.slice(0, 200)}`];
  if (status !== 200 || !valid) return fault("not answered as valid");
  if (database && !stale && sentAt - deadAt > KNOWN_FOR_MS + 50) return fault("unmarked, though the database is long dead");
  if (ageMs === null) return [];
  if (!database && stale) return fault("stale, though the database lives");
  if (!stale && ageMs > KNOWN_FOR_MS + 5) return fault("unmarked, though it is old");
  if (database && ageMs + 5 < sentAt - deadAt)
    return fault(`younger than the death of the database ${Math.round(sentAt - deadAt)} ms ago`);
  if (stale && !(claimsOf(text)["stale"] === true && claimsOf(text)["snapshot_age_ms"] === ageMs))
    return fault("its token says otherwise");
  return [];
}

function claimsOf(text: string): Record<string, unknown> {
  const { token } = JSON.parse(text) as { token?: string };
  return JSON.parse(Buffer.from(token?.split(".")[1] ?? "e30", "base64url").toString()) as Record<string, unknown>;
}

/** The same request to each isolate. */
function probes({ urls }: Isolates, { publishableKey }: Vendor, path: string, body: Record<string, string>): Promise<Probe[]> {
  return Promise.all(
    urls.map(async (url, n) => {
      const begunAt = clock();
      const response = await fetch(url.origin + path, {
        method: "POST",
        headers: {
          authorization: `Bearer ${publishableKey}`,
          "content-type": "application/json",
          "x-latchkey-ip": `203.0.113.${n + 1}`,
        },
        body: JSON.stringify(body),
      });
      const { code = "" } = await response.json<{ code?: string }>();
      return { status: response.status, retryAfter: response.headers.get("retry-after"), code, tookMs: clock() - begunAt };
    }),
  );
}

/** How long it takes until no isolate marks an answer any more. */
async function recovered({ urls }: Isolates, watch: Watch): Promise<number> {
  const begunAt = clock();
  const isFresh = (seen: Seen[]) => seen.length === urls.length && seen.every(({ valid, stale }) => valid && !stale);
  for (const subject of watch.subjects) {
    while (!isFresh(await watch.askEach(subject)) && clock() - begunAt < 2 * RECOVERED_WITHIN_MS) await pause(100);
  }
  return clock() - begunAt;
}

const refusedWell = (probe: Probe) =>
  probe.status === 503 &&
  probe.code === "temporarily_unavailable" &&
  probe.retryAfter !== null &&
  probe.tookMs < REFUSED_WITHIN_MS;

const statuses = (...probed: readonly Probe[][]) => [...new Set(probed.flat().map(({ status }) => status))].join(", ");
const slowest = (probed: readonly Probe[]) => `${Math.round(Math.max(...probed.map(({ tookMs }) => tookMs)))} ms`;

/** What must hold while parts are dead. */
export function blindFindings(told: readonly Blind[]): Finding[] {
  const dead = told.slice(1);
  const [without, withDatabase] = [dead.filter(({ database }) => database), dead.filter(({ database }) => !database)];
  return [
    {
      claim: `whoever was seen goes on, with true marks (${dead.map(({ name }) => name).join("; ")})`,
      seen: dead
        .map(({ answers, faults }) => (faults.length === 0 ? answers : `${faults.length} of ${answers} wrong: ${faults[0]}`))
        .join(", "),
      holds: dead.every(({ answers, faults }) => answers > 0 && faults.length === 0),
    },
    {
      claim: "without the database answers are marked stale in the end, with it none is",
      seen: dead.map(({ stale }) => stale).join(", "),
      holds: without.every(({ stale }) => stale > 0) && withDatabase.every(({ stale }) => stale === 0),
    },
    {
      claim: "without the database, whoever was not seen gets 503 with Retry-After, from every isolate",
      seen: `${statuses(...without.map(({ unseen }) => unseen))}, the slowest ${slowest(without.flatMap(({ unseen }) => unseen))}`,
      holds: without.every(({ unseen }) => unseen.every(refusedWell)),
    },
    {
      claim: "so does an activation",
      seen: `${statuses(...without.map(({ activations }) => activations))}, the slowest ${slowest(without.flatMap(({ activations }) => activations))}`,
      holds: without.every(({ activations }) => activations.every(refusedWell)),
    },
    {
      claim: "with the database both are answered, whatever else is dead",
      seen: statuses(...withDatabase.flatMap(({ unseen, activations }) => [unseen, activations])),
      holds: withDatabase.every(({ unseen, activations }) => [...unseen, ...activations].every(({ status }) => status < 300)),
    },
    {
      claim: "once all lives, nothing is marked any more within 10 s",
      seen: `${Math.round(Math.max(...dead.map(({ recoveredMs }) => recoveredMs)))} ms at most`,
      holds: dead.every(({ recoveredMs }) => recoveredMs < RECOVERED_WITHIN_MS),
    },
  ];
}

/** What answers to those who were seen took. */
export const blindFigures = (told: readonly Blind[]): string[] =>
  told.map(({ name, answers, stale, latenciesMs, recoveredMs }) => {
    const took = (share: number) => quantile(latenciesMs, share).toFixed(1);
    return `${name}: ${answers} answers, ${stale} marked stale; from the ninth second on p50 ${took(0.5)} ms, p99 ${took(0.99)} ms, max ${took(1)} ms; as before after ${Math.round(recoveredMs)} ms`;
  });
