import { readFileSync } from "node:fs";
import { readMail, type MailConfig } from "./mail/config.ts";
import { homeFolder, isFailpoint, type FailpointName, FAILPOINTS } from "./failpoint.ts";

export type TemporalConfig = {
  address: string;
  namespace: string;
  taskQueue: string;
  auth: { kind: "none" } | { kind: "api_key"; apiKey: string } | { kind: "tls"; cert: Buffer; key: Buffer };
  /** Another root certificate than the well-known ones, for a cluster of one's own. */
  serverRootCa: Buffer | null;
  /** The Worker Deployment this host belongs to; null runs unversioned. */
  deployment: string | null;
};

export type EdgeConfig = { url: URL; secret: { kid: number; bytes: Buffer } };

export type HostConfig = {
  /** How mail goes out; null: it waits. */
  mail: MailConfig | null;
  env: "development" | "production";
  edge: EdgeConfig;
  temporal: TemporalConfig;
  /** Webhooks may go to this very machine, over plain http too. Never true in production. */
  allowLoopback: boolean;
  failpoint: FailpointName | null;
  /** Where the host keeps what outlives it (only the marks of failpoints). */
  home: string;
  health: { address: string; port: number };
  /** How often the host looks how stories stand, and tells the edge. */
  mirrorMs: number;
  /** A file to write when everything runs, for a supervisor that watches files. */
  readyFile: string | null;
};

/** What is wrong with one variable, as a sentence that goes on from its name. */
export type ConfigProblem = { variable: string; detail: string };

type Env = Readonly<Record<string, string | undefined>>;
/** Notes a problem; answers undefined, for the reader that has no value to give. */
type Complain = (variable: string, detail: string) => undefined;

/** Reads the whole configuration, and finds everything that is wrong with it at once. */
export function readConfig(env: Env): { config: HostConfig } | { problems: ConfigProblem[] } {
  const problems: ConfigProblem[] = [];
  const complain: Complain = (variable, detail) => void problems.push({ variable, detail });

  const mode = readMode(env, complain);
  const url = readEdgeUrl(env, mode, complain);
  const secret = readSecret(env, complain);
  const temporal = readTemporal(env, complain);
  const allowLoopback = readAllowLoopback(env, mode, complain);
  const failpoint = readFailpoint(env, mode, complain);
  const port = readPort(env, complain);
  const mirrorMs = readMirrorMs(env, complain);
  const mail = readMail((variable) => given(env, variable), complain);
  if (problems.length > 0 || url === undefined || secret === undefined) return { problems };

  return {
    config: {
      env: mode,
      mail,
      edge: { url, secret },
      temporal,
      allowLoopback,
      failpoint,
      home: homeFolder(given(env, "LATCHKEY_HOME")),
      health: { address: given(env, "LATCHKEY_HOST_ADDRESS") ?? "127.0.0.1", port },
      mirrorMs,
      readyFile: given(env, "LATCHKEY_READY_FILE") ?? null,
    },
  };
}

/** An empty variable counts as absent: that is how env files and container settings leave one out. */
function given(env: Env, variable: string): string | undefined {
  const text = env[variable]?.trim();
  return text === "" ? undefined : text;
}

function readMode(env: Env, complain: Complain): HostConfig["env"] {
  const mode = given(env, "LATCHKEY_ENV") ?? "production";
  if (mode === "development" || mode === "production") return mode;
  complain("LATCHKEY_ENV", "must be development or production (production when absent)");
  return "production";
}

function readEdgeUrl(env: Env, mode: HostConfig["env"], complain: Complain): URL | undefined {
  const text = given(env, "LATCHKEY_EDGE_URL");
  const example = "for example http://127.0.0.1:8787";
  if (text === undefined) return complain("LATCHKEY_EDGE_URL", `is missing: the origin of the edge, ${example}`);
  const url = URL.canParse(text) ? new URL(text) : undefined;
  const isOrigin = url !== undefined && url.pathname === "/" && url.search === "" && url.hash === "" && url.username === "";
  if (!isOrigin || !/^https?:$/.test(url.protocol)) {
    return complain("LATCHKEY_EDGE_URL", `must be an origin without a path, ${example}`);
  }
  if (mode === "production" && url.protocol !== "https:" && !isLoopback(url)) {
    return complain("LATCHKEY_EDGE_URL", "must be https when LATCHKEY_ENV is production");
  }
  return url;
}

function isLoopback(url: URL): boolean {
  return url.hostname === "localhost" || url.hostname === "[::1]" || /^127\.\d+\.\d+\.\d+$/.test(url.hostname);
}

function readSecret(env: Env, complain: Complain): EdgeConfig["secret"] | undefined {
  const text = given(env, "LATCHKEY_INTERNAL_SECRET");
  const form = "1=<32 bytes in base64url>, one entry of the edge's LATCHKEY_INTERNAL_SECRETS";
  if (text === undefined) return complain("LATCHKEY_INTERNAL_SECRET", `is missing: ${form}`);
  const [, kid, secret] = /^([1-9]\d{0,5})=([A-Za-z0-9_-]{43})=?$/.exec(text) ?? [];
  if (kid === undefined || secret === undefined) return complain("LATCHKEY_INTERNAL_SECRET", `must read ${form}`);
  return { kid: Number(kid), bytes: Buffer.from(secret, "base64url") };
}

function readTemporal(env: Env, complain: Complain): TemporalConfig {
  const address = given(env, "TEMPORAL_ADDRESS") ?? "127.0.0.1:7233";
  if (!/^(\[[0-9a-fA-F:.]+\]|[^\s:/[\]]+):\d{1,5}$/.test(address)) {
    complain("TEMPORAL_ADDRESS", "must be host:port without a scheme, for example 127.0.0.1:7233");
  }
  return {
    address,
    namespace: given(env, "TEMPORAL_NAMESPACE") ?? "default",
    taskQueue: given(env, "TEMPORAL_TASK_QUEUE") ?? "latchkey",
    auth: readTemporalAuth(env, complain),
    serverRootCa: readFileOf(env, "TEMPORAL_TLS_CA_FILE", complain) ?? null,
    deployment: given(env, "TEMPORAL_DEPLOYMENT") ?? null,
  };
}

function readTemporalAuth(env: Env, complain: Complain): TemporalConfig["auth"] {
  const apiKey = given(env, "TEMPORAL_API_KEY");
  const certFile = given(env, "TEMPORAL_TLS_CERT_FILE");
  const keyFile = given(env, "TEMPORAL_TLS_KEY_FILE");
  if (apiKey !== undefined) {
    if (certFile === undefined && keyFile === undefined) return { kind: "api_key", apiKey };
    complain("TEMPORAL_API_KEY", "and TEMPORAL_TLS_CERT_FILE are two ways to sign in: set one of them");
    return { kind: "none" };
  }
  if (certFile === undefined && keyFile === undefined) return { kind: "none" };
  if (certFile === undefined) complain("TEMPORAL_TLS_CERT_FILE", "is missing, while TEMPORAL_TLS_KEY_FILE is set");
  if (keyFile === undefined) complain("TEMPORAL_TLS_KEY_FILE", "is missing, while TEMPORAL_TLS_CERT_FILE is set");
  const cert = readFileOf(env, "TEMPORAL_TLS_CERT_FILE", complain);
  const key = readFileOf(env, "TEMPORAL_TLS_KEY_FILE", complain);
  return cert && key ? { kind: "tls", cert, key } : { kind: "none" };
}

function readFileOf(env: Env, variable: string, complain: Complain): Buffer | undefined {
  const file = given(env, variable);
  if (file === undefined) return undefined;
  try {
    return readFileSync(file);
  } catch (error) {
    const why = error instanceof Error && "code" in error ? String(error.code) : "unknown reason";
    return complain(variable, `names a file that cannot be read (${why}): ${file}`);
  }
}

function readAllowLoopback(env: Env, mode: HostConfig["env"], complain: Complain): boolean {
  const text = given(env, "LATCHKEY_ALLOW_LOOPBACK") ?? "false";
  if (text !== "true" && text !== "false") complain("LATCHKEY_ALLOW_LOOPBACK", "must be true or false");
  if (text === "true" && mode === "production") {
    complain("LATCHKEY_ALLOW_LOOPBACK", "may be true only when LATCHKEY_ENV is development");
  }
  return text === "true";
}

function readFailpoint(env: Env, mode: HostConfig["env"], complain: Complain): FailpointName | null {
  const name = given(env, "LATCHKEY_FAILPOINT");
  if (name === undefined) return null;
  if (mode === "production") complain("LATCHKEY_FAILPOINT", "is for LATCHKEY_ENV=development only");
  if (isFailpoint(name)) return name;
  complain("LATCHKEY_FAILPOINT", `must be one of: ${FAILPOINTS.join(", ")}`);
  return null;
}

function readPort(env: Env, complain: Complain): number {
  const text = given(env, "LATCHKEY_HOST_PORT") ?? "8792";
  const port = /^\d{1,5}$/.test(text) ? Number(text) : Number.NaN;
  if (port <= 65_535) return port;
  complain("LATCHKEY_HOST_PORT", "must be a port number, 0 to 65535 (0 takes any free one)");
  return 0;
}

function readMirrorMs(env: Env, complain: Complain): number {
  const text = given(env, "LATCHKEY_MIRROR_MS") ?? "5000";
  const ms = /^\d{1,6}$/.test(text) ? Number(text) : 0;
  if (ms >= 100) return ms;
  complain("LATCHKEY_MIRROR_MS", "must be a number of milliseconds, 100 or more (5000 when absent)");
  return 5_000;
}
