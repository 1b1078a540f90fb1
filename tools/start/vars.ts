import { randomBytes } from "node:crypto";
import { readFile, rename, writeFile } from "node:fs/promises";
import type { Home } from "./home.ts";

/** The variables of a local edge that are secret; they last as long as the data that they seal. */
export type Secrets = { LATCHKEY_PEPPERS: string; LATCHKEY_PLATFORM_KEYS: string; LATCHKEY_INTERNAL_SECRETS: string };

/**
 * Reads the secrets of a home and makes those that are missing, then writes them, with the addresses of the edge and of Temporal's UI, as the file
 * that wrangler reads (mode 600). A file and not arguments: arguments show in the process list.
 */
export async function prepareVars(home: Home, publicUrl: string, temporalUiUrl: string | null): Promise<Secrets> {
  const before = parse(await readFile(home.vars, "utf8").catch(() => ""));
  const secret = (name: keyof Secrets) => before.get(name) ?? newSecret();
  const secrets = {
    LATCHKEY_PEPPERS: secret("LATCHKEY_PEPPERS"),
    LATCHKEY_PLATFORM_KEYS: secret("LATCHKEY_PLATFORM_KEYS"),
    LATCHKEY_INTERNAL_SECRETS: secret("LATCHKEY_INTERNAL_SECRETS"),
  };
  const lines = Object.entries({
    ...secrets,
    LATCHKEY_ENV: "development",
    LATCHKEY_PUBLIC_URL: publicUrl,
    LATCHKEY_TEMPORAL_UI_URL: temporalUiUrl ?? "",
    ...given("LATCHKEY_MAILCHANNELS_HANDLES", "LATCHKEY_MAILCHANNELS_WEBHOOK_KEYS"),
  });
  await writeSecretly(home.vars, lines.map(([name, value]) => `${name}="${value}"\n`).join(""));
  return secrets;
}

/** Replaces a file by one rename; only its owner may read it. */
export async function writeSecretly(file: string, text: string): Promise<void> {
  await writeFile(`${file}.new`, text, { mode: 0o600 });
  await rename(`${file}.new`, file);
}

/** The newest entry of a versioned variable (`1=…,2=…`), alone: what the worker host signs with. */
export function newestOf(versioned: string): string {
  const entries = versioned.split(",");
  return entries.reduce((best, entry) => (Number(entry.split("=")[0]) > Number(best.split("=")[0]) ? entry : best));
}

/** What the edge is to know of MailChannels' webhooks, from the caller's own environment: mail may go there from here, too. */
const given = (...names: string[]): Record<string, string> =>
  Object.fromEntries(names.flatMap((name) => (process.env[name] === undefined ? [] : [[name, process.env[name]]])));

const newSecret = (): string => `1=${randomBytes(32).toString("base64url")}`;

function parse(text: string): Map<string, string> {
  return new Map(
    text.split("\n").flatMap((line) => {
      const found = /^(\w+)="(.*)"$/.exec(line);
      return found?.[1] !== undefined && found[2] !== undefined ? [[found[1], found[2]] as const] : [];
    }),
  );
}
