import { rm } from "node:fs/promises";
import path from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import type { LimitOverrides } from "#rules/limits/numbers";
import { quantile } from "../bench/figures.ts";
import { licenseBy, migrate, operatorKey, tenantBy } from "../bench/installation.ts";
import { load, numbered, type Load, type Shot, shotOf } from "../bench/load.ts";
import { buildEdge, type Built, ourWorkerds } from "../bench/workerd.ts";
import type { Say } from "../say.ts";
import { apiAt } from "../start/api.ts";
import { root } from "../start/home.ts";
import { startIsolates, type Isolates } from "./isolates.ts";
import { recordProof, type Finding } from "./record.ts";

const ISOLATES = 4;
const WINDOWS = 3;
const FLOOD_S = 40;
const MOST_EACH = 1_000;
const EACH_AT_ONCE = 4;
const LIMITS = { minute: 200, hour: 300, month: 400 };
const BAD_VALIDATIONS = 50_000;
const CALM_S = 10;
const FLOOD_A_SECOND = 300;
const FLOOD_LANES = 8;
const MINUTE_MS = 60_000;
const FOLDER = path.join(root, ".latchkey", "proof-limits");
const ABOUT =
  "Four isolates of the edge in workerd, as it is deployed, with one database and one set of objects. Three tenants with limits of a minute, an hour and a month are asked for far more than that on all four at once, in three minutes of the clock; between them the process is killed (SIGKILL) and started anew on what it had written. Then a neighbour asks one request after the other, alone and beside a flood of a tenant that is over its limit, and one address validates 50,000 license keys that are not there.";

type Tenant = Awaited<ReturnType<typeof tenantBy>>;
type Tenants = {
  minute: Tenant;
  hour: Tenant;
  month: Tenant;
  neighbour: Tenant;
  crowd: Tenant;
  licenseKey: string;
  meanwhileKey: string;
};

/** Floods four isolates far over every kind of limit, with kills, and looks at what a neighbour notices. */
export async function proveLimits(say: Say): Promise<void> {
  await rm(FOLDER, { recursive: true, force: true });
  say.progress("building the edge …");
  const built = await buildEdge();
  let edge = await startIsolates(built, ISOLATES, FOLDER);
  try {
    const tenants = await tenantsOn(edge);
    const exact: Exact[] = [];
    for (let window = 0; window < WINDOWS; window++) {
      if (window > 0) edge = await killed(edge, built);
      say.progress(`window ${window + 1} of ${WINDOWS} …`);
      const seen = await floodedWindow(edge, tenants);
      say.progress(`window ${window + 1} of ${WINDOWS}: ${JSON.stringify(seen)}`);
      exact.push(seen);
    }
    say.progress("a neighbour, alone and beside a flood …");
    const beside = await neighbour(edge, tenants);
    say.progress(`${BAD_VALIDATIONS} validations of keys that are not there …`);
    const guessed = await guesses(edge, tenants);
    const findings = [...exactly(exact), ...besides(beside), ...unguessed(guessed)];
    await recordProof({ name: "limits", about: ABOUT, say }, findings, figures(exact, beside, guessed));
  } finally {
    await edge.mf.dispose();
    await built.remove();
  }
}

async function tenantsOn(edge: Isolates): Promise<Tenants> {
  await migrate(edge);
  const origin = edge.urls[0]?.origin ?? "";
  const operator = apiAt(origin, await operatorKey(edge));
  const named = (slug: string, limits: LimitOverrides = {}) => tenantBy(operator, slug, limits);
  const crowd = await named("crowd", { requests_per_minute: 1, address_requests_per_minute: 6_000 });
  const neighbour = await named("neighbour", {
    requests_per_minute: 1e9,
    requests_per_hour: 1e9,
    address_requests_per_minute: 6_000,
  });
  const ofNeighbour = apiAt(origin, neighbour.secretKey);
  const { licenseId, licenseKey } = await licenseBy(ofNeighbour);
  // a license of its own: what the neighbour asks of the first one counts against that one's limit
  const { template_id, customer_id } = await ofNeighbour.get<Record<string, string>>(`/v1/licenses/${licenseId}`);
  const { license_key: meanwhileKey } = await ofNeighbour.post<{ license_key: string }>("/v1/licenses", {
    template_id,
    customer_id,
  });
  return {
    minute: await named("minute", { requests_per_minute: LIMITS.minute }),
    hour: await named("hour", { requests_per_hour: LIMITS.hour }),
    month: await named("month", { requests_per_month: LIMITS.month }),
    neighbour,
    crowd,
    licenseKey,
    meanwhileKey,
  };
}

/** Ends the process as a power cut would, and starts it on what it had written. */
async function killed(edge: Isolates, built: Built): Promise<Isolates> {
  for (const pid of ourWorkerds()) process.kill(pid, "SIGKILL");
  await edge.mf.dispose().catch(() => undefined);
  return startIsolates(built, ISOLATES, FOLDER);
}

type Allowed = { minute: number; hour: number; month: number };
type Exact = { allowed: Allowed; asked: number; objectCalls: number };

/** All isolates at once, each tenant, far over its limit, within one minute of the clock that nothing else was asked in. */
async function floodedWindow(edge: Isolates, tenants: Tenants): Promise<Exact> {
  await pause(MINUTE_MS - (Date.now() % MINUTE_MS) + 500);
  const before = await objectCalls(edge);
  const floods = await Promise.all(
    (["minute", "hour", "month"] as const).map(async (name) => {
      const loads = await onEach(edge, (url) => listing(url, tenants[name].secretKey));
      return { name, loads };
    }),
  );
  const answers = floods.flatMap(({ loads }) => loads);
  const allowedOf = (name: keyof Allowed) =>
    (floods.find((flood) => flood.name === name)?.loads ?? []).reduce((sum, { answers, failed }) => sum + answers - failed, 0);
  return {
    allowed: { minute: allowedOf("minute"), hour: allowedOf("hour"), month: allowedOf("month") },
    asked: answers.reduce((sum, { answers }) => sum + answers, 0),
    objectCalls: (await objectCalls(edge)) - before,
  };
}

const onEach = (edge: Isolates, shot: (url: URL) => Shot): Promise<Load[]> =>
  Promise.all(
    edge.urls.map((url) =>
      load(shot(url), { status: 200 }, { connections: EACH_AT_ONCE, seconds: FLOOD_S, from: 0, most: MOST_EACH }),
    ),
  );

const listing = (url: URL, key: string): Shot =>
  shotOf(url, { method: "GET", path: "/v1/products", headers: { authorization: `Bearer ${key}` } });

/** A validation of a key that is not there, or of one that is; from an address. */
const validation = (url: URL, key: string, licenseKey: string, ip: string): Shot =>
  shotOf(
    url,
    {
      method: "POST",
      path: "/v1/licenses/validate",
      headers: { authorization: `Bearer ${key}`, "x-latchkey-ip": ip },
      body: JSON.stringify({ license_key: licenseKey }),
    },
    licenseKey === GUESS ? [numbered("00000000")] : [],
  );

const GUESS = "NONE-00000000";

async function objectCalls({ besideUrls }: Isolates): Promise<number> {
  const counts = besideUrls.map(async (url) => (await fetch(url)).json<{ calls: { object: number } }>());
  return (await Promise.all(counts)).reduce((sum, { calls }) => sum + calls.object, 0);
}

type Beside = Record<"reads" | "validations", { alone: number; flooded: number }> & { flood: number; refused: number };

/** What a neighbour waits for, at one client: alone, and while another tenant sends far more than it may, at a steady rate. */
async function neighbour(
  edge: Isolates,
  { crowd, neighbour: { secretKey, publishableKey }, licenseKey }: Tenants,
): Promise<Beside> {
  const [first] = edge.urls;
  if (!first) throw new Error("No isolate was started");
  const p50 = async (shot: Shot) => {
    const { latenciesMs, failed, sample } = await load(
      shot,
      { status: 200 },
      { connections: 1, seconds: CALM_S, from: 0, most: 3_000 },
    );
    if (failed > 0) throw new Error(`The neighbour was refused: ${sample}`);
    return quantile(latenciesMs, 0.5);
  };
  const [read, validate] = [listing(first, secretKey), validation(first, publishableKey, licenseKey, "192.0.2.1")];
  const alone = { reads: await p50(read), validations: await p50(validate) };
  const over = { now: false };
  const flood = steadily(edge, crowd.secretKey, over);
  const flooded = { reads: await p50(read), validations: await p50(validate) };
  over.now = true;
  const { sent, refused } = await flood;
  return {
    reads: { alone: alone.reads, flooded: flooded.reads },
    validations: { alone: alone.validations, flooded: flooded.validations },
    flood: sent,
    refused,
  };
}

/** Sends at a steady rate over a few connections; what is late is sent at once, and nothing piles up. */
async function steadily({ urls }: Isolates, key: string, over: { now: boolean }) {
  let [sent, refused] = [0, 0];
  const lane = async (n: number) => {
    const url = urls[n % urls.length];
    const everyMs = (1_000 * FLOOD_LANES) / FLOOD_A_SECOND;
    for (let dueAt = Date.now() + (n * everyMs) / FLOOD_LANES; !over.now; dueAt += everyMs) {
      const response = await fetch(`${url?.origin}/v1/products`, { headers: { authorization: `Bearer ${key}` } });
      await response.arrayBuffer();
      sent++;
      refused += response.status === 429 ? 1 : 0;
      await pause(Math.max(0, dueAt + everyMs - Date.now()));
    }
  };
  await Promise.all(Array.from({ length: FLOOD_LANES }, (_, n) => lane(n)));
  return { sent, refused };
}

type Guessed = {
  sent: number;
  refused: number;
  seconds: number;
  others: { asked: number; valid: number; otherwise: Record<string, number> };
};

/** One address sends keys that are not there; meanwhile other addresses validate a license of the same tenant. */
async function guesses(edge: Isolates, { neighbour: { publishableKey }, meanwhileKey: licenseKey }: Tenants): Promise<Guessed> {
  const over = { now: false };
  const others = othersThan(edge, publishableKey, licenseKey, over);
  const most = BAD_VALIDATIONS / ISOLATES;
  const options = { connections: EACH_AT_ONCE, seconds: 600, most };
  const loads = await Promise.all(
    edge.urls.map((url, n) =>
      load(validation(url, publishableKey, GUESS, "203.0.113.66"), { status: 200 }, { ...options, from: n * most }),
    ),
  );
  over.now = true;
  return {
    sent: loads.reduce((sum, { answers }) => sum + answers, 0),
    refused: loads.reduce((sum, { failed }) => sum + failed, 0),
    seconds: Math.max(...loads.map(({ seconds }) => seconds)),
    others: await others,
  };
}

async function othersThan({ urls }: Isolates, key: string, licenseKey: string, over: { now: boolean }) {
  let [asked, valid] = [0, 0];
  const otherwise: Record<string, number> = {};
  while (!over.now) {
    const url = urls[asked % urls.length];
    const response = await fetch(`${url?.origin}/v1/licenses/validate`, {
      method: "POST",
      headers: {
        authorization: `Bearer ${key}`,
        "content-type": "application/json",
        "x-latchkey-ip": `198.51.100.${asked % 200}`,
      },
      body: JSON.stringify({ license_key: licenseKey }),
    });
    const { valid: isValid, code } = await response.json<{ valid?: boolean; code?: string }>();
    if (isValid !== true) otherwise[code ?? ""] = (otherwise[code ?? ""] ?? 0) + 1;
    asked++;
    valid += isValid === true ? 1 : 0;
    await pause(10);
  }
  return { asked, valid, otherwise };
}

const sums = (exact: readonly Exact[], name: keyof Allowed) => exact.reduce((sum, { allowed }) => sum + allowed[name], 0);
const percent = (part: number, whole: number) => `${((100 * part) / whole).toFixed(2)} %`;

function exactly(exact: readonly Exact[]): Finding[] {
  const minutes = exact.map(({ allowed }) => allowed.minute);
  const [hour, month] = [sums(exact, "hour"), sums(exact, "month")];
  const [asked, calls] = [
    exact.reduce((sum, each) => sum + each.asked, 0),
    exact.reduce((sum, each) => sum + each.objectCalls, 0),
  ];
  return [
    {
      claim: `${LIMITS.minute} requests a minute: exactly so many in each of ${WINDOWS} minutes`,
      seen: minutes.join(", "),
      holds: minutes.every((each) => each === LIMITS.minute),
    },
    {
      claim: `${LIMITS.hour} an hour: not one more, with ${WINDOWS - 1} kills in between`,
      seen: String(hour),
      holds: hour <= LIMITS.hour && hour > LIMITS.hour / 2,
    },
    {
      claim: `${LIMITS.month} a month: not one more`,
      seen: String(month),
      holds: month <= LIMITS.month && month > LIMITS.month / 2,
    },
    {
      claim: "demand lay far over the limits",
      seen: `${asked} requests`,
      holds: asked > 5 * (sums(exact, "minute") + hour + month),
    },
    {
      claim: "at most 3 % of the requests reach an object, of whatever kind",
      seen: percent(calls, asked),
      holds: calls <= asked * 0.03,
    },
  ];
}

function besides({ reads, validations, flood, refused }: Beside): Finding[] {
  const kept = ({ alone, flooded }: Beside["reads"]) => `${alone.toFixed(2)} ms alone, ${flooded.toFixed(2)} ms beside the flood`;
  return [
    { claim: "the flood is refused", seen: `${refused} of ${flood}`, holds: refused > flood * 0.9 },
    { claim: "the neighbour's p50 of reads less than doubles", seen: kept(reads), holds: reads.flooded < 2 * reads.alone },
    {
      claim: "the neighbour's p50 of validations less than doubles",
      seen: kept(validations),
      holds: validations.flooded < 2 * validations.alone,
    },
  ];
}

function unguessed({ sent, refused, seconds, others }: Guessed): Finding[] {
  const minutes = Math.floor(seconds / 60) + 2; // windows that so many seconds may touch
  return [
    {
      claim: "one address gets no more than its 6,000 answers a minute",
      seen: `${sent - refused} of ${sent} answered in ${Math.round(seconds)} s`,
      holds: sent - refused <= minutes * 6_000 && refused > 0,
    },
    {
      claim: "other addresses validate the same tenant's license meanwhile",
      seen: `${others.valid} of ${others.asked} valid${others.valid === others.asked ? "" : `, else ${JSON.stringify(others.otherwise)}`}`,
      holds: others.asked > 0 && others.valid === others.asked,
    },
  ];
}

const figures = (exact: readonly Exact[], { flood }: Beside, { sent, seconds }: Guessed): string[] => [
  `${ISOLATES} isolates, ${EACH_AT_ONCE} connections each and tenant, floods of up to ${MOST_EACH} requests each in at most ${FLOOD_S} s`,
  ...exact.map(({ allowed, asked, objectCalls }, n) => {
    const { minute, hour, month } = allowed;
    return `window ${n + 1}: ${asked} requests, ${minute} + ${hour} + ${month} let through, ${objectCalls} calls to objects`;
  }),
  `the steady flood: ${FLOOD_A_SECOND} requests a second, ${flood} in all`,
  `bad validations: ${sent} in ${Math.round(seconds)} s, on all isolates`,
];
