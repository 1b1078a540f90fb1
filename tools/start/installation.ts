import { buildAssets } from "../assets.ts";
import { newOperatorKey, storeOperatorKey } from "../operator-key.ts";
import type { Say } from "../say.ts";
import { temporalServer } from "../temporal.ts";
import { type Crew, crewOf, type PartName } from "./crew.ts";
import { emptyHome, type Home, makeHome } from "./home.ts";
import { migrate } from "./migrate.ts";
import { edgePart, hostPart, originAt, simulatorPart, type TemporalAt, temporalPart } from "./parts.ts";
import { claimHome } from "./pids.ts";
import type { Ports } from "./ports.ts";
import { openSeed, type Seed } from "./seed-state.ts";
import type { Running } from "./supervise.ts";
import { prepareVars } from "./vars.ts";

/** Where everything is, once it runs. */
export type Addresses = {
  edge: string;
  temporal: TemporalAt;
  stripe: string;
  paypal: string;
  receiver: string;
  mail: { outbox: string; smtp: string };
};

/** A whole installation that runs on this machine. */
export type Installation = {
  addresses: Addresses;
  /** Kept between starts: the operator's key and what the demo tenant consists of. */
  seed: Seed;
  /** One part by its name; Temporal is none of ours where TEMPORAL_ADDRESS was set. */
  part: (name: PartName) => Running;
  stop: () => Promise<void>;
};

/** What an installation is started with. */
export type Plan = {
  home: Home;
  /** Asked once it is sure that nothing of an earlier start still holds them. */
  ports: () => Promise<Ports>;
  /** Forget all data first. */
  reset?: boolean;
  say: Say;
  /** Stops it while it is still starting. */
  signal?: AbortSignal;
};

/**
 * Starts every part, in parallel where one does not need the other, and resolves when all answer.
 * @throws {Advice} when a part does not start; nothing is left running then
 */
export async function startInstallation(plan: Plan): Promise<Installation> {
  const { home, say, signal } = plan;
  await makeHome(home);
  const groups = await claimHome(home, say);
  if (plan.reset) await emptyHome(home).then(() => makeHome(home));
  const crew = crewOf(groups, say);
  const stop = () => void crew.stop();
  signal?.addEventListener("abort", stop);
  try {
    const ports = await plan.ports();
    const { temporal, seed } = await startParts(home, ports, say, crew);
    signal?.throwIfAborted();
    const addresses = {
      edge: originAt(ports.edge),
      temporal,
      stripe: originAt(ports.stripe),
      paypal: originAt(ports.paypal),
      receiver: originAt(ports.receiver),
      mail: { outbox: originAt(ports.mail), smtp: `smtp://127.0.0.1:${ports.smtp}` },
    };
    return { addresses, seed, part: crew.part, stop: crew.stop };
  } catch (error) {
    await crew.stop();
    throw error;
  } finally {
    signal?.removeEventListener("abort", stop);
  }
}

async function startParts(home: Home, ports: Ports, say: Say, crew: Crew): Promise<{ temporal: TemporalAt; seed: Seed }> {
  const elsewhere = temporalElsewhere();
  const secrets = await prepareVars(home, originAt(ports.edge), elsewhere ? elsewhere.uiUrl : originAt(ports.temporalUi));
  const startTemporalAndHost = async () => {
    const temporal = elsewhere ?? (await startTemporal(home, ports, say, crew));
    await crew.begin("host", hostPart(home, ports, secrets, temporal));
    return temporal;
  };
  const startEdge = async () => {
    const [, { migrations, applied }] = await Promise.all([buildAssets(), migrate(home)]);
    if (applied) say.line(`  database             ${migrations} ${migrations === 1 ? "migration" : "migrations"} applied`);
    // before the edge runs, so that only one program at a time has the database file
    const seed = await seedWithOperatorKey(home, secrets.LATCHKEY_PEPPERS);
    await crew.begin("edge", edgePart(home, ports));
    return seed;
  };
  const [temporal, seed] = await Promise.all([
    startTemporalAndHost(),
    startEdge(),
    crew.begin("stripe", simulatorPart("stripe", home, ports)),
    crew.begin("paypal", simulatorPart("paypal", home, ports)),
    crew.begin("receiver", simulatorPart("receiver", home, ports)),
    crew.begin("mail", simulatorPart("mail", home, ports)),
  ]);
  return { temporal, seed };
}

async function startTemporal(home: Home, ports: Ports, say: Say, crew: Crew): Promise<TemporalAt> {
  await crew.begin("temporal", temporalPart(home, ports, await temporalServer(say)));
  return { address: `127.0.0.1:${ports.temporal}`, uiUrl: originAt(ports.temporalUi) };
}

/** The Temporal server that the environment names, if any: then none is started here. */
function temporalElsewhere(): TemporalAt | undefined {
  const address = process.env["TEMPORAL_ADDRESS"];
  if (address === undefined || address === "") return undefined;
  return { address, uiUrl: process.env["TEMPORAL_UI_URL"] ?? null };
}

/** The key is saved before its digest is stored: a start cut off in between stores the same key the next time. */
async function seedWithOperatorKey(home: Home, peppers: string): Promise<Seed> {
  const seed = await openSeed(home);
  const key = seed.state.operator_key ?? newOperatorKey();
  if (seed.state.operator_key_stored) return seed;
  await seed.save({ operator_key: key });
  await storeOperatorKey(key, "npm start", peppers, { kind: "local", persistTo: home.edge });
  await seed.save({ operator_key_stored: true });
  return seed;
}
