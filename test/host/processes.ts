import { Connection } from "@temporalio/client";
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync } from "node:fs";
import net from "node:net";
import os from "node:os";
import path from "node:path";
import { findTemporal } from "../../tools/temporal.ts";
import { portOf, until, type EdgeStandIn } from "./edge-stand-in.ts";

const root = path.join(import.meta.dirname, "..", "..");

export function newFolder(): string {
  return mkdtempSync(path.join(os.tmpdir(), "latchkey-test-"));
}

/** A port that was free a moment ago. */
export async function freePort(): Promise<number> {
  const server = net.createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const port = portOf(server);
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** A process that a test started; it is gone when `stop` has resolved. */
export type Running = {
  child: ChildProcess;
  lines: string[];
  said: (event: string) => boolean;
  stop: (signal?: NodeJS.Signals) => Promise<number | null>;
};

function run(command: string, args: string[], env: NodeJS.ProcessEnv): Running {
  const child = spawn(command, args, { cwd: root, env, stdio: ["ignore", "pipe", "pipe"] });
  const lines: string[] = [];
  let rest = "";
  const read = (chunk: Buffer): void => {
    const texts = (rest + chunk.toString()).split("\n");
    rest = texts.pop() ?? "";
    lines.push(...texts);
  };
  child.stdout.on("data", read);
  child.stderr.on("data", read);
  const exited = new Promise<number | null>((resolve) => child.once("exit", (code) => resolve(code)));
  return {
    child,
    lines,
    said: (event) => lines.some((line) => line.includes(`"event":"${event}"`)),
    stop: async (signal = "SIGKILL") => {
      if (child.exitCode === null && child.signalCode === null) child.kill(signal);
      return exited;
    },
  };
}

/** A real Temporal dev server with a database file. Started again with the same folder and port, it goes on where it was. */
export async function devServer({
  port,
  folder,
  settings = [],
}: {
  port: number;
  folder: string;
  settings?: string[];
}): Promise<Running> {
  const flags = [
    "--ip",
    "127.0.0.1",
    "--port",
    String(port),
    "--headless",
    "--db-filename",
    path.join(folder, "temporal.db"),
    "--log-level",
    "error",
  ];
  const pragmas = ["--sqlite-pragma", "journal_mode=WAL", "--sqlite-pragma", "synchronous=NORMAL"];
  const dynamic = settings.flatMap((setting) => ["--dynamic-config-value", setting]);
  const server = run(
    await findTemporal({ kind: "server" }),
    ["server", "start-dev", ...flags, ...pragmas, ...dynamic],
    process.env,
  );
  // it listens a moment before it answers
  await until("the dev server answers", async () => {
    try {
      const connection = await Connection.connect({ address: `127.0.0.1:${port}`, connectTimeout: 2_000 });
      await connection.close();
      return true;
    } catch {
      return false;
    }
  });
  return server;
}

/** The real worker host, as its own process. */
export function host(edge: EdgeStandIn, temporalPort: number, env: Record<string, string> = {}): Running {
  return run(process.execPath, ["worker-host/main.ts"], {
    ...process.env,
    LATCHKEY_ENV: "development",
    LATCHKEY_EDGE_URL: edge.url.origin,
    LATCHKEY_INTERNAL_SECRET: edge.secretText,
    LATCHKEY_HOST_PORT: "0",
    LATCHKEY_ALLOW_LOOPBACK: "true",
    TEMPORAL_ADDRESS: `127.0.0.1:${temporalPort}`,
    ...env,
  });
}
