import http from "node:http";
import { messageOf, type Log } from "./log.ts";
import { EXPOSITION_TYPE } from "./metrics/exposition.ts";

/** What the host knows of its own parts. Filled in while it runs. */
export type HostState = {
  worker: "starting" | "running";
  /** When each shard's relay last had an answer from the edge. */
  lastClaims: Map<string, Date>;
  shards: readonly string[] | null;
};

export type HealthParts = {
  address: string;
  port: number;
  state: HostState;
  /** Resolves when Temporal answers, rejects when it does not. */
  askTemporal: () => Promise<unknown>;
  /** The page for Prometheus. */
  metrics: () => Promise<string>;
  log: Log;
};

/** A relay claims at least every 20 s; one that was not answered for this long is not well. */
const CLAIM_STALE_MS = 45_000;

/**
 * Answers `GET /health`: 200 when everything works, 503 when a part does not, with the state of each; and `GET /metrics` for Prometheus.
 * A taken port is not fatal.
 */
export async function serveHealth(parts: HealthParts): Promise<http.Server> {
  const server = http.createServer((request, response) => void answer(parts, request, response));
  await new Promise<void>((resolve) => {
    server.once("error", (error) => {
      parts.log.warn("health_not_served", { port: parts.port, address: parts.address, error: messageOf(error) });
      resolve();
    });
    server.listen(parts.port, parts.address, () => {
      const bound = server.address();
      parts.log.info("health_served", {
        port: typeof bound === "object" && bound ? bound.port : parts.port,
        address: parts.address,
      });
      resolve();
    });
  });
  return server;
}

async function answer(parts: HealthParts, request: http.IncomingMessage, response: http.ServerResponse): Promise<void> {
  if (request.method === "GET" && request.url === "/metrics") {
    const page = await parts.metrics();
    response.writeHead(200, { "content-type": EXPOSITION_TYPE, "cache-control": "no-store" });
    response.end(page);
    return;
  }
  const found = request.method === "GET" && request.url === "/health";
  const { ok, ...body } = found ? await healthOf(parts) : { ok: false, status: "unknown_path" };
  const missing = found ? 503 : 404;
  response.writeHead(ok ? 200 : missing, { "content-type": "application/json", "cache-control": "no-store" });
  response.end(JSON.stringify(body));
}

async function healthOf({ state, askTemporal }: HealthParts) {
  const temporal = await askTemporal().then(
    () => "up" as const,
    () => "down" as const,
  );
  const now = Date.now();
  const relay = (state.shards ?? []).map((shard) => {
    const at = state.lastClaims.get(shard);
    return { shard, up: at !== undefined && now - at.getTime() < CLAIM_STALE_MS, last_claim_at: at?.toISOString() ?? null };
  });
  const edge = relay.length > 0 && relay.every(({ up }) => up) ? "up" : "down";
  const ok = temporal === "up" && edge === "up" && state.worker === "running";
  return { ok, status: ok ? "ok" : "degraded", temporal, edge, worker: state.worker, relay };
}
