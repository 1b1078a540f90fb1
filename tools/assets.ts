import { copyFile, mkdir, rename, stat } from "node:fs/promises";
import path from "node:path";

/**
 * Puts what the edge serves as plain files into `public/`: the script of the API reference, so that /docs needs no network.
 * wrangler runs this before every build, so it does nothing when the file is there already.
 */
export async function buildAssets(): Promise<void> {
  const root = path.join(import.meta.dirname, "..");
  const from = path.join(root, "node_modules", "@scalar", "api-reference", "dist", "browser", "standalone.js");
  const to = path.join(root, "public", "docs", "scalar.js");

  const [source, copy] = await Promise.all([stat(from), stat(to).catch(() => undefined)]);
  if (copy && copy.size === source.size && copy.mtimeMs >= source.mtimeMs) return;

  await mkdir(path.dirname(to), { recursive: true });
  const unfinished = `${to}.${process.pid}`; // several builds may run at once, and none may serve half a file
  await copyFile(from, unfinished);
  await rename(unfinished, to);
}

if (import.meta.main) await buildAssets();
