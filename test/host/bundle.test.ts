import { writeFileSync } from "node:fs";
import path from "node:path";
import { expect, test } from "vitest";
import { bundleStories, storiesFor, VERSIONED_STORIES, withoutSourceMap } from "../../worker-host/bundle.ts";
import { newFolder } from "./processes.ts";

test("a host of a deployment runs the stories as they were built, under the build id that the same code has anywhere", async () => {
  const { code, buildId } = await bundleStories(VERSIONED_STORIES);
  const built = path.join(newFolder(), "stories.json");
  expect((await storiesFor({ deployment: "latchkey" }, built)).buildId).toBe(buildId); // nothing is built: it is bundled
  writeFileSync(built, JSON.stringify({ buildId, code: withoutSourceMap(code) }));
  expect(await storiesFor({ deployment: "latchkey" }, built)).toEqual({ buildId, code: withoutSourceMap(code) });

  writeFileSync(built, JSON.stringify({ buildId, code: `${withoutSourceMap(code)};` }));
  await expect(storiesFor({ deployment: "latchkey" }, built)).rejects.toThrow(/build:stories/);
});
