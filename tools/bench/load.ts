import { Agent, request } from "node:http";
import { readdirSync, readFileSync } from "node:fs";

/** One request that is sent again and again. */
export type Shot = { url: URL; method: string; headers: Record<string, string>; body?: string };

/** What came of a load: how many answers, how long each took, and how many were not the wished one. */
export type Load = { answers: number; failed: number; seconds: number; perSecond: number; latenciesMs: number[] };

/** Sends a request over `connections` kept-alive connections for `seconds`, each sending the next when its answer came. */
export async function load(
  shot: Shot,
  connections: number,
  seconds: number,
  ok: (status: number, body: string) => boolean,
): Promise<Load> {
  const agent = new Agent({ keepAlive: true, maxSockets: connections });
  const latenciesMs: number[] = [];
  let failed = 0;
  const startedAt = performance.now();
  const endsAt = startedAt + seconds * 1000;
  const worker = async () => {
    while (performance.now() < endsAt) {
      const from = performance.now();
      const { status, body } = await once(agent, shot);
      latenciesMs.push(performance.now() - from);
      if (!ok(status, body)) failed++;
    }
  };
  await Promise.all(Array.from({ length: connections }, worker));
  const took = (performance.now() - startedAt) / 1000;
  agent.destroy();
  return { answers: latenciesMs.length, failed, seconds: took, perSecond: latenciesMs.length / took, latenciesMs };
}

function once(agent: Agent, { url, method, headers, body }: Shot): Promise<{ status: number; body: string }> {
  return new Promise((resolve, reject) => {
    const sent = request(url.href, { agent, method, headers }, (answer) => {
      let text = "";
      answer.setEncoding("utf8");
      answer.on("data", (chunk: string) => (text += chunk));
      answer.on("end", () => resolve({ status: answer.statusCode ?? 0, body: text }));
      answer.on("error", reject);
    });
    sent.on("error", reject);
    sent.end(body);
  });
}

/** The value below which `share` (0 to 1) of the values lie. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}

const TICKS_A_SECOND = 100;

/** The processor time that a process has used so far, in milliseconds (Linux). */
export function cpuMs(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1]?.split(" ") ?? [];
  return ((Number(fields[11]) + Number(fields[12])) * 1000) / TICKS_A_SECOND;
}

/** The workerd processes that live now. */
export function workerds(): number[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => {
      try {
        return /workerd/.test(readFileSync(`/proc/${pid}/comm`, "utf8"));
      } catch {
        return false; // it ended while we looked
      }
    });
}
