import { DefaultLogger, Worker } from "@temporalio/worker";
import { beforeAll, describe, expect, test } from "vitest";
import * as stories from "../../workflows/index.ts";
import * as versioned from "../../workflows/versioned.ts";
import { quietRuntime, storiesOf } from "./engine.ts";
import { historyNames, historyOf, workflowOf } from "./histories.ts";
import { allPlays } from "./play.ts";

const plays = await allPlays();
let real: string;
let tests: string;
beforeAll(async () => {
  quietRuntime();
  [real, tests] = (await Promise.all([storiesOf(), storiesOf("code/waiting.ts")])).map(({ code }) => code) as [string, string];
});

/** Replays recorded histories against a bundle, without a server, and says of each that does not fit which it is and what is to be done. */
async function misfits(code: string, names: readonly string[]): Promise<string[]> {
  const histories = names.map((name) => ({ workflowId: name, history: historyOf(name) }));
  const options = { workflowBundle: { code }, replayName: "replay", logger: new DefaultLogger("ERROR") };
  const told: string[] = [];
  for await (const { workflowId, error } of Worker.runReplayHistories(options, histories)) {
    if (!error) continue;
    told.push(
      `${workflowId} does not replay: a ${workflowOf(historyOf(workflowId))} that is under way would stop here. ` +
        `Put the change behind patched(), or leave this story to the builds it began with. ${error.message}`,
    );
  }
  return told;
}

describe("a story that began under older code goes on under this one", () => {
  test("each story is a play, and each way of it is recorded", () => {
    const played = new Set([...plays.values()].map(({ workflow }) => workflow));
    expect(Object.keys(stories).filter((story) => !played.has(story))).toEqual([]);
    const recorded = new Set(historyNames());
    const missing = [...plays].flatMap(([name, { ways }]) => Object.keys(ways).map((way) => `${name}.${way}.json`));
    expect(missing.filter((name) => !recorded.has(name))).toEqual([]);
  });

  test("each story says whether it stays with its build or moves on", () => {
    const silent = Object.entries(versioned).filter(([, workflow]) => !Object.hasOwn(workflow, "workflowDefinitionOptions"));
    expect(silent.map(([story]) => story)).toEqual([]);
  });

  test("a recorded history holds no path of a machine and no secret", () => {
    for (const name of historyNames())
      expect(JSON.stringify(historyOf(name)), name).not.toMatch(/\/home\/|\/root\/|\/work\/|\/tmp\/|whsec_|lk_|sk_/);
  });

  // durations are not compared: that a wait lasts as long as it should is promised beside this, on a server that skips time
  test("every recorded history fits", async () => {
    const isReal = (name: string) => Object.hasOwn(stories, workflowOf(historyOf(name)) ?? "");
    expect(await misfits(real, historyNames().filter(isReal))).toEqual([]);
    expect(
      await misfits(
        tests,
        historyNames().filter((name) => !isReal(name)),
      ),
    ).toEqual([]);
  });
});

describe("a change that older histories do not fit is caught, and named", () => {
  const changed = (from: string | RegExp, to: string) => {
    const code = real.replaceAll(from, to);
    if (code === real) throw new Error(`The bundle holds no ${String(from)}`);
    return code;
  };

  test("one activity more", async () => {
    const code = changed("await act.completeOrder(ref)", "(await act.readFulfillment(ref), await act.completeOrder(ref))");
    const [told] = await misfits(code, ["fulfill-order.fulfilled.json"]);
    expect(told).toMatch(/^fulfill-order\.fulfilled\.json does not replay: a fulfillOrder .* patched\(\).*[Nn]ondeterminism/s);
  });

  test("an activity before the timer that it followed", async () => {
    const code = changed("await telling.rest(going.restMs", "await act.probeEndpoint({ ...endpoint, probes: 0 }), $&");
    const [told] = await misfits(code, ["recover-endpoint.recovered.json"]);
    expect(told).toMatch(/^recover-endpoint\.recovered\.json does not replay: a recoverEndpoint .*[Nn]ondeterminism/s);
  });
});
