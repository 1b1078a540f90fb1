import { createHash } from "node:crypto";
import http from "node:http";
import type { AddressInfo } from "node:net";
import { Webhook } from "standardwebhooks";

/** How an endpoint behaves: as it should, or in one of the ways in which endpoints of others go wrong. */
export const MANNERS = ["well", "hangs", "drips", "fails", "redirects", "floods"] as const;
export type Manner = (typeof MANNERS)[number];

/** What one endpoint has got. Ids are counted once however often they come. */
export type Got = { ids: Set<string>; times: number; seqs: number[]; latenciesMs: number[]; unverified: number };

const GIGABYTE = 1024 ** 3;
const CHUNK = Buffer.alloc(64 * 1024, "x");

/** Endpoints in this process: each path is one, and its first part says how it behaves. */
export class Receivers {
  readonly got = new Map<string, Got>();
  readonly secrets = new Map<string, string>();
  /** Whoever follows a redirect comes here. */
  canaryHits = 0;
  readonly #server = http.createServer((request, response) => void this.#answer(request, response));
  readonly #canary = http.createServer((_, response) => {
    this.canaryHits++;
    response.end();
  });

  async start(): Promise<void> {
    for (const server of [this.#server, this.#canary])
      await new Promise<void>((resolve) => server.listen({ port: 0, host: "127.0.0.1", backlog: 2_048 }, resolve));
  }

  async stop(): Promise<void> {
    for (const server of [this.#server, this.#canary]) {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    }
  }

  urlOf(manner: Manner, name: string): string {
    return `http://127.0.0.1:${portOf(this.#server)}/${manner}/${name}`;
  }

  gotOf(path: string): Got {
    const known = this.got.get(path) ?? { ids: new Set<string>(), times: 0, seqs: [], latenciesMs: [], unverified: 0 };
    this.got.set(path, known);
    return known;
  }

  async #answer(request: http.IncomingMessage, response: http.ServerResponse): Promise<void> {
    const path = request.url ?? "/";
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const body = Buffer.concat(chunks).toString("utf8");
    const manner = path.split("/")[1] as Manner;
    if (manner === "well") this.#note(path, request.headers, body);
    if (manner === "hangs") return;
    if (manner === "drips") return drip(response);
    if (manner === "fails") return void response.writeHead(500).end("no");
    if (manner === "redirects")
      return void response.writeHead(302, { location: `http://127.0.0.1:${portOf(this.#canary)}/latest/meta-data` }).end();
    if (manner === "floods") return flood(response);
    response.writeHead(200).end("ok");
  }

  #note(path: string, headers: http.IncomingHttpHeaders, body: string): void {
    const got = this.gotOf(path);
    const told = JSON.parse(body) as { id: string; seq: number; timestamp: string };
    got.times++;
    got.seqs.push(told.seq);
    if (!got.ids.has(told.id)) got.latenciesMs.push(Date.now() - Date.parse(told.timestamp));
    got.ids.add(told.id);
    const secret = this.secrets.get(path);
    // verifying costs as much as sending: a part of them, by chance that is the same for the same id
    if (secret === undefined || (createHash("md5").update(told.id).digest()[0] ?? 0) > 25) return;
    try {
      new Webhook(secret).verify(body, headers as Record<string, string>);
    } catch {
      got.unverified++;
    }
  }
}

const portOf = (server: http.Server): number => (server.address() as AddressInfo).port;

function drip(response: http.ServerResponse): void {
  response.writeHead(200, { "content-type": "text/plain" });
  const timer = setInterval(() => response.write("."), 500);
  response.on("close", () => clearInterval(timer));
}

function flood(response: http.ServerResponse): void {
  response.writeHead(200, { "content-type": "text/plain" });
  let left = GIGABYTE;
  const pour = (): void => {
    while (left > 0 && !response.destroyed) {
      left -= CHUNK.byteLength;
      if (!response.write(CHUNK)) return void response.once("drain", pour);
    }
    response.end();
  };
  pour();
}
