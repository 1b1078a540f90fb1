/**
 * Writes the stories of a Worker Deployment as one file that a host runs as it is: `npm run build:stories`. Says its build id, the name of exactly
 * this script: the same code gives the same id on every machine.
 */
import { mkdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import { BUILT_STORIES, bundleStories, VERSIONED_STORIES, withoutSourceMap } from "../worker-host/bundle.ts";

const { code, buildId } = await bundleStories(VERSIONED_STORIES);
mkdirSync(path.dirname(BUILT_STORIES), { recursive: true });
writeFileSync(BUILT_STORIES, JSON.stringify({ buildId, code: withoutSourceMap(code) }));
console.log(`${buildId} ${path.relative(process.cwd(), BUILT_STORIES)}`);
