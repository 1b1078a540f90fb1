import { execFile } from "node:child_process";
import path from "node:path";
import { promisify } from "node:util";
import { Advice } from "../say.ts";
import { type Home, root } from "./home.ts";

/** wrangler's program itself: its launcher (bin/wrangler.js) leaves more orphans when it is killed. */
export const wranglerCli = path.join(root, "node_modules", "wrangler", "wrangler-dist", "cli.js");

/** Variables of npm and of test runners, and those of an edge: a person may hold those of another one, and wrangler would prefer them. */
const notInherited = /^(VITEST|NODE_ENV$|NODE_OPTIONS$|npm_|LATCHKEY_(PEPPERS|PLATFORM_KEYS|INTERNAL_SECRETS?|ENV|PUBLIC_URL)$)/;

/** The environment of our own children: our programs first on PATH, and nothing of whoever started us that would mislead them. */
export function childEnv(extra: Record<string, string>): NodeJS.ProcessEnv {
  const env: NodeJS.ProcessEnv = { ...process.env };
  for (const name of Object.keys(env)) {
    if (notInherited.test(name)) delete env[name];
  }
  Object.assign(env, extra);
  const bin = path.join(root, "node_modules", ".bin");
  env["PATH"] = `${bin}${path.delimiter}${process.env["PATH"] ?? ""}`;
  return env;
}

/** What keeps wrangler from asking the network, telling statistics, and reading or writing outside of the home. */
export const quietWrangler = (home: Pick<Home, "edge">): Record<string, string> => ({
  CI: "1",
  CLOUDFLARE_CF_FETCH_ENABLED: "false",
  CLOUDFLARE_INCLUDE_PROCESS_ENV: "false",
  WRANGLER_SEND_METRICS: "false",
  // else every call to database and objects is written down in a store that only ever grows (1.5 MB a minute under load)
  X_LOCAL_OBSERVABILITY: "false",
  WRANGLER_HIDE_BANNER: "true",
  WRANGLER_WRITE_LOGS: "false", // its debug logs; what it prints goes to our log of the edge
  WRANGLER_REGISTRY_PATH: path.join(home.edge, "registry"),
});

/**
 * Runs a command of wrangler to its end and returns what it printed.
 * @throws {Advice} with its own words, when it fails
 */
export async function wrangler(args: string[], env: Record<string, string>): Promise<string> {
  try {
    const { stdout } = await promisify(execFile)(process.execPath, ["--no-warnings", wranglerCli, ...args], {
      cwd: root,
      env: childEnv(env),
      maxBuffer: 64 << 20,
      timeout: 120_000,
    });
    return stdout;
  } catch (error) {
    throw new Advice(`wrangler ${args.slice(0, 3).join(" ")} failed:\n${wordsOf(error)}`, { cause: error });
  }
}

function wordsOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const printed = ["stdout" in error ? error.stdout : "", "stderr" in error ? error.stderr : ""];
  return (
    printed
      .filter((text) => typeof text === "string")
      .join("")
      .trim() || error.message
  );
}
