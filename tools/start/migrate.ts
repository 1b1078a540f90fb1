import { createHash } from "node:crypto";
import { readdir, readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { type Home, root } from "./home.ts";
import { quietWrangler, wrangler } from "./wrangler.ts";

const database = "latchkey-00";

/**
 * Brings the local database up to the newest migration and returns how many there are. wrangler needs two seconds even when
 * there is nothing to do, so a home remembers which migrations it has, and it is asked only when they differ.
 */
export async function migrate(home: Home): Promise<{ migrations: number; applied: boolean }> {
  const folder = path.join(root, "db", "migrations");
  const files = (await readdir(folder)).filter((file) => file.endsWith(".sql")).sort();
  const hash = createHash("sha256");
  for (const file of files) hash.update(file).update(await readFile(path.join(folder, file)));
  const digest = hash.digest("hex");

  const before = await readFile(home.migrated, "utf8").catch(() => "");
  if (before === digest) return { migrations: files.length, applied: false };
  await wrangler(["d1", "migrations", "apply", database, "--local", "--persist-to", home.edge], quietWrangler(home));
  await writeFile(home.migrated, digest);
  return { migrations: files.length, applied: true };
}
