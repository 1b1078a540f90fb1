import { randomInt } from "node:crypto";
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
  type Done,
  inDatabase,
  insisting,
  raced,
  racedThrough,
  withEdge,
} from "./race.ts";
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

type Operation = Asked & { what: "activate" | "deactivate" | "beat" };
type Insist = (operation: Operation) => Promise<Done<Operation>>;

/** Races for seats with kills in between, and replays what the database wrote down. */
export const proveSeats = (say: Say): Promise<void> =>
  withEdge({ name: "seats", basePort: BASE_PORT, say }, async (installed, home) => {
    await installed.part("edge").stop();
    inDatabase(await databaseFile(home), (database) => HISTORY_SQL.forEach((statement) => database.exec(statement)));
    await installed.part("edge").start();
    await raceAndRecord(installed, home, say);
  });

async function raceAndRecord(installed: Started, home: Home, say: Say): Promise<void> {
  const license = await floatingLicense(installed);
  const { edge_url: origin, tenant } = installed.dev;
  const insist = insisting(origin, tenant.publishable_key, isOurs);
  const pace = { turns: OPERATIONS, atOnce: AT_ONCE, killEveryMs: KILL_EVERY_MS, say };
  const race = await raced(installed, pace, operating(license.license_key, insist));
  const { done, tookS } = race;

  say.progress("asking everything again …");
  const kept = done.filter(({ what, answer }) => what !== "beat" && answer.status < 300);
  const differ = await differing(kept, insist);
  await installed.part("edge").stop();
  const history = inDatabase(await databaseFile(home), (database) =>
    database.prepare(HISTORY_OF_LICENSE).all(license.id),
  ) as SeatChange[];
  const { most, resumed, ended } = mostHeld(history);

  const counted = (what: Operation["what"], ok: boolean) =>
    done.filter((each) => each.what === what && each.answer.status < 300 === ok).length;
  const errors = done.filter(({ answer }) => answer.status >= 500);
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
    ...racedThrough(race, kept.length, differ),
    { claim: "nothing answered with an error of ours", seen: `${errors.length} answers of 5xx`, holds: errors.length === 0 },
  ];
  await recordProof({ name: "seats", about: ABOUT, say }, findings, [
    `activations: ${counted("activate", true)} taken or held, ${counted("activate", false)} refused`,
    `deactivations: ${counted("deactivate", true)} answered, ${counted("deactivate", false)} refused`,
    `heartbeats: ${counted("beat", true)} kept, ${counted("beat", false)} refused`,
    `${AT_ONCE} at once, leases of ${LEASE_S} s, ${tookS} s in all`,
  ]);
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

/** Takes turns: each time a device that holds a seat, as far as it was told, or none. */
function operating(licenseKey: string, insist: Insist): (n: number) => Promise<Done<Operation>> {
  const seats = new Map<number, { id: string; token: string }>();
  return async (n) => {
    const device = randomInt(DEVICES);
    const done = await insist(nextOperation(n, device, licenseKey, seats.get(device)));
    if (done.what === "activate" && done.answer.status < 300) {
      const { id, activation_token: token } = JSON.parse(done.answer.text) as { id: string; activation_token: string };
      seats.set(device, { id, token });
    }
    await pause(randomInt(PAUSE_UP_TO_MS));
    return done;
  };
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

/** While workerd is away, what answers is wrangler's proxy, whose errors are no problems of ours. */
const isOurs = ({ status, text }: Answer): boolean => status < 500 || text.startsWith('{"type"');

/** The file in which the local D1 keeps the first database. */
async function databaseFile(home: Home): Promise<string> {
  const [file] = await databasesWith(home, "activations");
  if (file === undefined) throw new Error("The edge's database was not found");
  return file;
}
