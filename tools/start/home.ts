import { mkdir, rm } from "node:fs/promises";
import path from "node:path";

/** The checkout. */
export const root = path.resolve(import.meta.dirname, "..", "..");

/** Where everything that a run leaves behind lies: two homes are two installations that know nothing of each other. */
export type Home = {
  folder: string;
  logs: string;
  /** wrangler's state: databases, objects, files. */
  edge: string;
  temporalDb: string;
  stripeState: string;
  paypalState: string;
  receiverState: string;
  mailState: string;
  /** Secrets of the edge, as wrangler reads them. */
  vars: string;
  /** What the demo tenant consists of so far, with its secrets. */
  seed: string;
  /** What is told to a person or a program when everything is up. */
  devJson: string;
  pids: string;
  /** Which migrations the database has. */
  migrated: string;
};

/** The home in a folder; by default LATCHKEY_HOME, else `.latchkey` in the checkout. */
export function homeAt(folder = process.env["LATCHKEY_HOME"] ?? ".latchkey"): Home {
  const absolute = path.resolve(root, folder);
  const at = (name: string) => path.join(absolute, name);
  return {
    folder: absolute,
    logs: at("logs"),
    edge: at("edge"),
    temporalDb: at("temporal.db"),
    stripeState: at("stripe.ndjson"),
    paypalState: at("paypal.ndjson"),
    receiverState: at("receiver.ndjson"),
    mailState: at("mail.ndjson"),
    vars: at("dev.vars"),
    seed: at("seed.json"),
    devJson: at("dev.json"),
    pids: at("pids.json"),
    migrated: at("migrated.json"),
  };
}

/** Makes the folders of a home; it holds secrets, so only its owner may look inside. */
export async function makeHome(home: Home): Promise<void> {
  await mkdir(home.folder, { recursive: true, mode: 0o700 });
  await mkdir(home.logs, { recursive: true });
  await mkdir(home.edge, { recursive: true });
}

/** Forgets everything. Removes by name what a run makes and nothing else: a home may be set to a folder with other files in it. */
export async function emptyHome(home: Home): Promise<void> {
  const made = Object.entries(home).flatMap(([part, file]) => (part === "folder" ? [] : [file]));
  const sqliteFiles = ["-wal", "-shm", "-journal"].map((ending) => home.temporalDb + ending);
  await Promise.all([...made, ...sqliteFiles].map((file) => rm(file, { recursive: true, force: true })));
}

/** How a path is shown to a person: from the checkout where it lies inside it. */
export function shown(file: string): string {
  const relative = path.relative(root, file);
  return relative.startsWith("..") ? file : relative;
}
