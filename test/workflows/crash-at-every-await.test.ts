import { afterAll, beforeAll, expect, test } from "vitest";
import { awaitsOfStories } from "./crashes/awaits.ts";
import { crash, rehearse, type Ended, type Rehearsed } from "./crashes/company.ts";
import { bundleForTheatre, openTheatre, type Theatre } from "./crashes/theatre.ts";
import { historyOf, waitsOf } from "./histories.ts";
import { allPlays } from "./play.ts";

let theatre: Theatre;
let first: Ended[];
let rehearsed: Rehearsed[];

beforeAll(async () => {
  theatre = await openTheatre(await bundleForTheatre({ heard: true }));
  ({ ended: first, rehearsed } = await rehearse(theatre, await allPlays()));
}, 120_000);
afterAll(() => theatre?.close());

const wrong = (ended: readonly Ended[]) =>
  ended.filter(({ end, must }) => JSON.stringify(end) !== JSON.stringify(must)).map(({ name, end }) => ({ name, end }));

test("each way of a story ends as it must", () => {
  for (const { end, must } of first) expect(end).toEqual(must);
});

test("every await of every story is on the way of a play", () => {
  const crossed = new Set(rehearsed.flatMap(({ passed }) => passed).map((point) => point.split("/").slice(0, -2).join("/")));
  expect(awaitsOfStories().filter((site) => !crossed.has(site))).toEqual([]);
});

test("what the recorded histories tell of activities and timers is on the way of a play", () => {
  for (const { name, way, passed } of rehearsed) {
    const points = new Set(passed);
    for (const waited of waitsOf(historyOf(`${name}.${way}.json`))) expect(points, `${name}.${way}`).toContain(waited);
  }
});

test("a host killed at any await of a story, on either side of it, with each effect done or not: it ends the same, once", async () => {
  const ended = await crash(theatre, rehearsed, "moments");
  expect(wrong(ended)).toEqual([]);
}, 180_000);
