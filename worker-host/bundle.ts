import { createHash } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import path from "node:path";
import { bundleWorkflowCode, DefaultLogger } from "@temporalio/worker";

/** The stories as one script, and the name of exactly this script. */
export type StoriesBundle = { code: string; buildId: string };

const FOLDER = path.join(import.meta.dirname, "..", "workflows");
export const STORIES = path.join(FOLDER, "index.ts");
/** The same, with what a Worker Deployment needs to know of each. */
export const VERSIONED_STORIES = path.join(FOLDER, "versioned.ts");

/** The source map at the end of a bundle: it holds the paths of this machine, and changes nothing that runs. */
const SOURCE_MAP = /\n\/\/# sourceMappingURL=data:[^\n]*\s*$/;

/** Bundles the stories before a worker starts. The build id is the hash of the code, so equal code has equal ids on every machine. */
export async function bundleStories(workflowsPath: string): Promise<StoriesBundle> {
  const { code } = await bundleWorkflowCode({ workflowsPath, logger: new DefaultLogger("ERROR") });
  return { code, buildId: buildIdOf(code) };
}

/** Where `npm run build:stories` leaves the stories of a Worker Deployment. */
export const BUILT_STORIES = path.join(import.meta.dirname, "..", "dist", "stories.json");

/**
 * The stories that this host is to run: those of a Worker Deployment as they were built ahead, where they were, so that every host of a version runs the
 * very same script and none needs a bundler; else bundled now.
 * @throws {Error} when what was built is not what its build id says
 */
export async function storiesFor({ deployment }: { deployment: string | null }, built = BUILT_STORIES): Promise<StoriesBundle> {
  if (deployment === null) return bundleStories(STORIES);
  if (!existsSync(built)) return bundleStories(VERSIONED_STORIES);
  const bundle = JSON.parse(readFileSync(built, "utf8")) as StoriesBundle;
  if (bundle.buildId !== buildIdOf(bundle.code))
    throw new Error(`${built} was changed after it was built: run npm run build:stories, and deploy the whole of it`);
  return bundle;
}

/** Without the source map: it holds the paths of the machine that built. */
export const withoutSourceMap = (code: string): string => code.replace(SOURCE_MAP, "");

function buildIdOf(code: string): string {
  return createHash("sha256").update(withoutSourceMap(code)).digest("hex").slice(0, 16);
}
