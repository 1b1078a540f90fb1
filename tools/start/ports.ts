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
  mail: { port: 8793, variable: "LATCHKEY_MAIL_PORT", name: "the outbox of the mail sink" },
  smtp: { port: 8794, variable: "LATCHKEY_SMTP_PORT", name: "the mail sink" },
  paypal: { port: 8795, variable: "LATCHKEY_PAYPAL_PORT", name: "the PayPal simulator" },
} as const;

type Listener = keyof typeof parts;

/** One port for each part that listens. */
export type Ports = Record<Listener, number>;

const triesPerPort = 200;

/**
 * Chooses the ports: what the environment says, else the default, else the next free one (and says so).
 * @throws {Advice} when a port that was asked for is taken or is none
 */
export async function choosePorts(env: NodeJS.ProcessEnv, say: Say): Promise<Ports> {
  const asked = askedPorts(env);
  return each(async (part, taken) => {
    const { port, variable, name } = parts[part];
    const own = asked.get(variable);
    if (own !== undefined) return freePort(own, variable, name);
    const free = await nextFreePort(port, new Set([...taken, ...asked.values()]));
    if (free !== port) say.line(`Port ${port} is taken, so ${name} listens on ${free} (${variable} sets another)`);
    return free;
  });
}

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
    mail: await next("mail"),
    smtp: await next("smtp"),
    paypal: await next("paypal"),
  };
}

/** The ports that the environment names, by variable; they are chosen before any default, and no two may be the same. */
function askedPorts(env: NodeJS.ProcessEnv): Map<string, number> {
  const asked = new Map<string, number>();
  for (const { variable } of Object.values(parts)) {
    const text = env[variable];
    if (text === undefined || text === "") continue;
    const port = Number(text);
    if (!Number.isInteger(port) || port < 1 || port > 65_535) {
      throw new Advice(`${variable} is "${text}", which is no port. Set it to a number from 1 to 65535, or leave it out.`);
    }
    for (const [other, same] of asked) {
      if (same === port)
        throw new Advice(`${other} and ${variable} are both ${port}. Set one of them to another port, or leave it out.`);
    }
    asked.set(variable, port);
  }
  return asked;
}

async function freePort(port: number, variable: string, name: string): Promise<number> {
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
