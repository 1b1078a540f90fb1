import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { DeterminismViolationError } from "@temporalio/workflow";
import { Worker } from "@temporalio/worker";
import { beforeAll, describe, expect, test } from "vitest";
import { quietRuntime, storiesOf } from "./engine.ts";

const FOLDER = path.join(import.meta.dirname, "..", "histories");
const NAMES = readdirSync(FOLDER).filter((name) => name.endsWith(".json"));
const historyOf = (name: string): unknown => JSON.parse(readFileSync(path.join(FOLDER, name), "utf8"));
const replay = (code: string, name: string) =>
  Worker.runReplayHistory({ workflowBundle: { code } }, historyOf(name), `replay/${name}`);

let stories: string;
let waiting: string;
let reordered: string;
beforeAll(async () => {
  quietRuntime();
  const bundles = await Promise.all([storiesOf(), storiesOf("stories/waiting.ts"), storiesOf("stories/reordered.ts")]);
  [stories, waiting, reordered] = bundles.map(({ code }) => code) as [string, string, string];
});

describe("a story that began under older code goes on under this one", () => {
  test("there are histories of every story", () => {
    const kinds = new Set(NAMES.map((name) => name.split(".")[0]));
    expect(kinds).toEqual(new Set(["deliver-webhooks", "fulfill-order", "run-operation", "send-mail", "waiting"]));
  });

  // durations are not compared: that a wait lasts as long as it should is promised beside this, on a server that skips time
  test.each(NAMES)("%s", async (name) => {
    await replay(name.startsWith("waiting.") ? waiting : stories, name);
  });
});

test("a change that older histories do not fit is caught", async () => {
  await expect(replay(reordered, "fulfill-order.fulfilled.json")).rejects.toThrow(DeterminismViolationError);
  await expect(replay(reordered, "deliver-webhooks.continued.json")).rejects.toThrow(DeterminismViolationError);
});
