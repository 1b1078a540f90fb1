import path from "node:path";
import { type Home, root } from "./home.ts";
import type { Ports } from "./ports.ts";
import type { Part } from "./supervise.ts";
import { newestOf, type Secrets } from "./vars.ts";
import { childEnv, quietWrangler, wranglerCli } from "./wrangler.ts";

const loopback = "127.0.0.1";
const searchAttributes = ["TenantId", "SubjectId", "Kind", "State"];
/** Long enough for a machine under load: a probe that is cut short counts as a failure. */
const probeWithinMs = 10_000;

/** The origin of a part that speaks HTTP on this machine. */
/**
 * Bounds of the worker host's memory, as the README has them. Each delivery makes some garbage that dies soon; left to itself, V8 answers that by making room for some hundred megabytes of it.
 */
const HOST_MEMORY = ["--max-semi-space-size=8", "--max-old-space-size=512"];

export const originAt = (port: number): string => `http://${loopback}:${port}`;

/** The Temporal server: one process with its state in a file. The pragmas make it two to three times as fast. */
export function temporalPart(home: Home, ports: Ports, program: string): Part {
  const pragmas = ["journal_mode=WAL", "synchronous=NORMAL"];
  return {
    name: "temporal",
    command: program,
    args: [
      "server",
      "start-dev",
      `--ip=${loopback}`,
      `--port=${ports.temporal}`,
      `--ui-port=${ports.temporalUi}`,
      `--db-filename=${home.temporalDb}`,
      "--log-level=error",
      ...pragmas.flatMap((pragma) => ["--sqlite-pragma", pragma]),
      ...searchAttributes.flatMap((name) => ["--search-attribute", `${name}=Keyword`]),
    ],
    env: childEnv({}),
    log: path.join(home.logs, "temporal.log"),
    // the UI asks the server for its namespaces, so this answers only when both are up
    probe: () => isJson(`${originAt(ports.temporalUi)}/api/v1/namespaces`),
    readyWithinMs: 30_000,
    stopWithinMs: 10_000,
  };
}

/** The edge in workerd, under wrangler. */
export function edgePart(home: Home, ports: Ports): Part {
  return {
    name: "edge",
    command: process.execPath,
    args: [
      "--no-warnings",
      wranglerCli,
      "dev",
      `--ip=${loopback}`,
      `--port=${ports.edge}`,
      `--persist-to=${home.edge}`,
      `--env-file=${home.vars}`,
      "--log-level=warn",
      "--show-interactive-dev-session=false",
    ],
    env: childEnv({ ...quietWrangler(home), LATCHKEY_HOME: home.folder }),
    log: path.join(home.logs, "edge.log"),
    // its health tells of other parts too, and may be bad while the edge itself works: that it answers in our own form is
    // what counts. wrangler's own error pages are no JSON.
    probe: () => isJson(`${originAt(ports.edge)}/health`),
    readyWithinMs: 60_000,
    stopWithinMs: 5_000,
  };
}

/** Where the worker host finds Temporal; what the person set wins over the server that we started. */
export type TemporalAt = { address: string; uiUrl: string | null };

/** The worker host. */
export function hostPart(home: Home, ports: Ports, secrets: Secrets, temporal: TemporalAt): Part {
  return {
    name: "host",
    command: process.execPath,
    args: ["--no-warnings", ...HOST_MEMORY, path.join(root, "worker-host", "main.ts")],
    env: childEnv({
      LATCHKEY_ENV: "development",
      LATCHKEY_ALLOW_LOOPBACK: "true",
      LATCHKEY_EDGE_URL: originAt(ports.edge),
      LATCHKEY_INTERNAL_SECRET: newestOf(secrets.LATCHKEY_INTERNAL_SECRETS),
      LATCHKEY_HOST_PORT: String(ports.host),
      TEMPORAL_ADDRESS: temporal.address,
      ...mailTo(ports),
      LATCHKEY_HOME: home.folder,
    }),
    log: path.join(home.logs, "host.log"),
    probe: () => isJson(`${originAt(ports.host)}/health`),
    // it waits for Temporal and the edge, then takes its first work
    ready: async () => (await health<{ worker: string }>(ports.host)).worker === "running",
    readyWithinMs: 90_000,
    stopWithinMs: 12_000,
  };
}

/** The person's own mail server, where they named one; else the sink, from which no mail gets out. */
function mailTo(ports: Ports): Record<string, string> {
  if (mailVariables.slice(0, 2).some((name) => process.env[name])) {
    return Object.fromEntries(mailVariables.flatMap((name) => (process.env[name] ? [[name, process.env[name]]] : [])));
  }
  return {
    SMTP_HOST: loopback,
    SMTP_PORT: String(ports.smtp),
    SMTP_FROM_EMAIL: "licenses@latchkey.example",
    MAIL_FROM_DOMAINS: "*",
  };
}

const mailVariables = [
  "SMTP_HOST",
  "MAILCHANNELS_API_KEY",
  "SMTP_PORT",
  "SMTP_USERNAME",
  "SMTP_PASSWORD",
  "SMTP_FROM_EMAIL",
  "MAIL_FROM_DOMAINS",
];

/** A simulator: a provider or a customer's server, on this machine. */
export function simulatorPart(name: keyof typeof simulators, home: Home, ports: Ports): Part {
  const { variable, probed } = simulators[name];
  return {
    name,
    command: process.execPath,
    args: ["--no-warnings", path.join(root, "simulators", name, "main.ts")],
    env: childEnv({ LATCHKEY_HOME: home.folder, LATCHKEY_SMTP_PORT: String(ports.smtp), [variable]: String(ports[name]) }),
    log: path.join(home.logs, `${name}.log`),
    probe: () => isJson(`${originAt(ports[name])}${probed}`),
    readyWithinMs: 30_000,
    stopWithinMs: 5_000,
  };
}

const simulators = {
  stripe: { variable: "LATCHKEY_STRIPE_PORT", probed: "/_control/log" },
  paypal: { variable: "LATCHKEY_PAYPAL_PORT", probed: "/_control/log" },
  receiver: { variable: "LATCHKEY_RECEIVER_PORT", probed: "/_log?path=/ready" },
  mail: { variable: "LATCHKEY_MAIL_PORT", probed: "/_control" },
} as const;

async function health<Answer>(port: number): Promise<Answer> {
  const answer = await fetch(`${originAt(port)}/health`, { signal: AbortSignal.timeout(probeWithinMs) });
  return answer.json<Answer>();
}

/** Whether an address answers with JSON, whatever it says. */
async function isJson(url: string): Promise<boolean> {
  const answer = await fetch(url, { signal: AbortSignal.timeout(probeWithinMs) });
  await answer.arrayBuffer();
  return /\bjson\b/.test(answer.headers.get("content-type") ?? "");
}
