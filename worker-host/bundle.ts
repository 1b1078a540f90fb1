import { createHash } from "node:crypto";
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
  return { code, buildId: createHash("sha256").update(code.replace(SOURCE_MAP, "")).digest("hex").slice(0, 16) };
}
