import net from "node:net";
import { Advice, type Say } from "../say.ts";

/** What listens, the port it has unless told otherwise, and the variable that tells otherwise. */
const parts = {
  edge: { port: 8787, variable: "LATCHKEY_PORT", name: "the edge" },
  temporal: { port: 7233, variable: "LATCHKEY_TEMPORAL_PORT", name: "Temporal" },
  temporalUi: { port: 8233, variable: "LATCHKEY_TEMPORAL_UI_PORT", name: "the Temporal UI" },
  stripe: { port: 8790, variable: "LATCHKEY_STRIPE_PORT", name: "the Stripe simulator" },
  receiver: { port: 8791, variable: "LATCHKEY_RECEIVER_PORT", name: "the webhook receiver" },
  host: { port: 8792, variable: "LATCHKEY_HOST_PORT", name: "the worker host" },
} as const;

type Listener = keyof typeof parts;

/** One port for each part that listens. */
export type Ports = Record<Listener, number>;

const triesPerPort = 200;

/**
 * Chooses the ports: what the environment says, else the default, else the next free one (and says so).
 * @throws {Advice} when a port that was asked for is taken or is none
 */
export const choosePorts = (env: NodeJS.ProcessEnv, say: Say): Promise<Ports> =>
  each(async (part, taken) => {
    const { port, variable, name } = parts[part];
    const asked = env[variable];
    if (asked !== undefined && asked !== "") return askedPort(asked, variable, name);
    const free = await nextFreePort(port, taken);
    if (free !== port) say.line(`Port ${port} is taken, so ${name} listens on ${free} (${variable} sets another)`);
    return free;
  });

/** Ports for a run beside others, counted up from `base`; every one of them is free now. */
export const portsFrom = (base: number): Promise<Ports> => each((_, taken) => nextFreePort(base, taken));

async function each(choose: (part: Listener, taken: Set<number>) => Promise<number>): Promise<Ports> {
  const taken = new Set<number>();
  const next = async (part: Listener): Promise<number> => {
    const port = await choose(part, taken);
    taken.add(port);
    return port;
  };
  return {
    edge: await next("edge"),
    temporal: await next("temporal"),
    temporalUi: await next("temporalUi"),
    stripe: await next("stripe"),
    receiver: await next("receiver"),
    host: await next("host"),
  };
}

async function askedPort(asked: string, variable: string, name: string): Promise<number> {
  const port = Number(asked);
  if (!Number.isInteger(port) || port < 1 || port > 65_535) {
    throw new Advice(`${variable} is "${asked}", which is no port. Set it to a number from 1 to 65535, or leave it out.`);
  }
  if (!(await isFree(port))) {
    throw new Advice(
      `Port ${port} (${variable}, for ${name}) is taken by another program. Stop that program, set ${variable} to a free port, or leave ${variable} out.`,
    );
  }
  return port;
}

async function nextFreePort(from: number, taken: Set<number>): Promise<number> {
  for (let port = from; port < from + triesPerPort; port++) {
    if (!taken.has(port) && (await isFree(port))) return port;
  }
  throw new Advice(`No port from ${from} to ${from + triesPerPort - 1} is free on this machine.`);
}

/** Whether nobody listens on the port of this machine. */
export function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = net.createServer();
    probe.once("error", () => resolve(false));
    probe.listen({ port, host: "127.0.0.1", exclusive: true }, () => probe.close(() => resolve(true)));
  });
}
