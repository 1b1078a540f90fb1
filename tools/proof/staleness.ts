import { rm } from "node:fs/promises";
import path from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { quantile } from "../bench/figures.ts";
import { migrate, operatorKey } from "../bench/installation.ts";
import { buildEdge } from "../bench/workerd.ts";
import type { Say } from "../say.ts";
import { apiAt } from "../start/api.ts";
import { root } from "../start/home.ts";
import { blindFigures, blindFindings, blindness } from "./blindness.ts";
import { closing, deedsOf, done, type Call, type Deed, type Doing, type Done } from "./changes.ts";
import { startMortals, type Isolates } from "./isolates.ts";
import { recordProof, type Finding } from "./record.ts";
import { byKey, heldBy, vendorBy, type Vendor } from "./vendor.ts";
import { BOUND_MS, Watch } from "./watching.ts";

/** The first isolate writes and answers, the others only answer. */
const ISOLATES = 5;
const VENDORS = ["north", "south", "west"];
/** Licenses of each tenant that nobody touches. */
const CALM_LICENSES = 12;
const FOLDER = path.join(root, ".latchkey", "proof-staleness");
const ABOUT =
  "Five isolates of the edge in workerd, as it is deployed, with one database, one KV and one set of objects, all of them under a steady load of validations of many licenses of three tenants. Through one of the isolates something is taken away from a license, a device, an address, a key or a tenant, and given back, one change after the other in each tenant. Who writes tells nobody: the other isolates hear of it by the feed, which reads the database. Every answer of every isolate is judged. Then parts behind the edge die under load, in the isolates and in the objects alike: calls to them fail, or are never answered.";

/** Changes what is validated, under load, and measures until when it is answered from before; then has what stands behind the edge die. */
export async function proveStaleness(say: Say): Promise<void> {
  await rm(FOLDER, { recursive: true, force: true });
  say.progress("building the edge …");
  const built = await buildEdge();
  const edge = await startMortals(built, ISOLATES, FOLDER);
  try {
    await migrate(edge);
    const operator = await operatorKey(edge);
    const origin = edge.urls[0]?.origin ?? "";
    const vendorNamed = (name: string) => vendorBy(apiAt(origin, operator), origin, name);
    const vendors = [];
    for (const name of VENDORS) vendors.push(await vendorNamed(name));
    const changed = await changes(edge, vendors, operator, say);
    const blind = await blindness(edge, await vendorNamed("blind"), (what) => say.progress(`dead parts: ${what} …`));
    for (const fault of [...changed.watch.faults, ...blind.flatMap(({ faults }) => faults)].slice(0, 20)) say.line(fault);
    const findings = [...changeFindings(changed), ...blindFindings(blind)];
    await recordProof({ name: "staleness", about: ABOUT, say }, findings, [...changeFigures(changed), ...blindFigures(blind)]);
  } finally {
    await edge.mf.dispose();
    await built.remove();
  }
}

type Changed = { all: Done[]; watch: Watch; licenses: number };

/** All deeds, each of them twice, in all tenants at once; in each of them one after the other. */
async function changes(edge: Isolates, vendors: readonly Vendor[], operator: string, say: Say): Promise<Changed> {
  const watch = new Watch(edge.urls);
  const deeds = new Map<Vendor, Deed[]>();
  for (const vendor of vendors) {
    say.progress(`making what ${vendor.name} sells …`);
    for (let n = 0; n < CALM_LICENSES; n++) watch.add(`untouched ${n} (${vendor.name})`, byKey(vendor, await heldBy(vendor)));
    deeds.set(vendor, [...(await deedsOf(watch, vendor)), ...(await deedsOf(watch, vendor))]);
  }
  const licenses = watch.subjects.length;
  for (const subject of watch.subjects) await watch.askEach(subject);
  watch.start();
  const origin = edge.urls[0]?.origin ?? "";
  const all: Done[] = [];
  const doing = (key: string): Doing => ({ call: callAs(origin, key), rest: pause });
  try {
    await Promise.all(
      vendors.map(async (vendor) => {
        for (const deed of deeds.get(vendor) ?? []) {
          all.push(await done(watch, ISOLATES, deed, doing(vendor.secretKey)));
          say.progress(`${all.length} changes …`);
        }
        const closed = (id: string) => callAs(origin, operator)<void>("DELETE", `/v1/tenants/${id}`);
        all.push(await done(watch, ISOLATES, closing(watch, vendor, closed), doing(operator)));
      }),
    );
    await pause(BOUND_MS); // whoever is refused by now goes on being asked
  } finally {
    await watch.stop();
  }
  return { all, watch, licenses };
}

/** Calls of the API. */
function callAs(origin: string, key: string): Call {
  return async <Answer>(method: string, to: string, body?: unknown): Promise<Answer> => {
    const response = await fetch(origin + to, {
      method,
      headers: {
        authorization: `Bearer ${key}`,
        ...(body !== undefined && { "content-type": "application/json" }),
      },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    if (!response.ok) throw new Error(`${method} ${to} answered ${response.status}: ${text.slice(0, 500)}`);
    return (text === "" ? undefined : JSON.parse(text)) as Answer;
  };
}

/** By how much the isolates lagged that did not write themselves. */
const lags = (all: readonly Done[]) => all.flatMap(({ refusedAfterMs }) => refusedAfterMs.slice(1));
const seconds = (ms: number) => `${(ms / 1000).toFixed(2)} s`;

function spread(values: readonly number[]): string {
  const [least, median, p95, most] = [0, 0.5, 0.95, 1].map((share) => seconds(quantile(values, share)));
  return `min ${least}, median ${median}, p95 ${p95}, max ${most}`;
}

function changeFindings(changed: Changed): Finding[] {
  const { all, watch } = changed;
  const own = all.map(({ refusedAfterMs }) => refusedAfterMs[0] ?? Number.NaN);
  const good = all.flatMap(({ goodFirst }) => goodFirst ?? []);
  const [asked, valid] = [good.reduce((sum, each) => sum + each.asked, 0), good.reduce((sum, each) => sum + each.valid, 0)];
  return [
    { claim: "at least 60 changes that take something away", seen: `${all.length}`, holds: all.length >= 60 },
    {
      claim: "each is refused on every isolate within 10 s",
      seen: `${all.length} changes: ${spread(lags(all))}`,
      holds: lags(all).every((ms) => ms <= BOUND_MS),
    },
    { claim: "the isolate that wrote it refuses as soon", seen: spread(own), holds: own.every((ms) => ms <= BOUND_MS) },
    {
      claim: "the first question after a good deed is answered valid, whatever isolate is asked",
      seen: `${valid} of ${asked}, after ${good.length} deeds`,
      holds: valid === asked && asked > 0,
    },
    {
      claim:
        "no isolate allows again after its refusal, none refuses after a good deed or who was never touched, none says it knows younger than it does",
      seen: watch.faults.length === 0 ? `${watch.answers} answers` : `${watch.faults.length} wrong: ${watch.faults[0]}`,
      holds: watch.faults.length === 0,
    },
  ];
}

function changeFigures({ all, watch, licenses }: Changed): string[] {
  const kinds = [...new Set(all.map(({ what }) => what))];
  return [
    `${ISOLATES} isolates, ${licenses} questions about licenses of ${VENDORS.length} tenants; half of the load on what is being changed`,
    `${watch.answers} answers, p50 ${quantile(watch.latenciesMs, 0.5).toFixed(1)} ms, p99 ${quantile(watch.latenciesMs, 0.99).toFixed(1)} ms; ${watch.fromBefore} of them still from before a change`,
    ...kinds.map((what) => {
      const lag = lags(all.filter((each) => each.what === what));
      return `${what}: median ${seconds(quantile(lag, 0.5))}, max ${seconds(Math.max(...lag))}`;
    }),
  ];
}
