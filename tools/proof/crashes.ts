import { isDeepStrictEqual } from "node:util";
import { awaitsOfStories } from "../../test/workflows/crashes/awaits.ts";
import { crash, rehearse } from "../../test/workflows/crashes/company.ts";
import { bundleForTheatre, openTheatre } from "../../test/workflows/crashes/theatre.ts";
import { allPlays } from "../../test/workflows/play.ts";
import type { Say } from "../say.ts";
import { recordProof } from "./record.ts";

const ABOUT =
  "Every story in every way it may go (`test/workflows/stories`), on a real Temporal server, with the real activities against a stand-in of the edge, one " +
  "run for each point: in front of each `await` of the code, behind it, after each activity whose answer is then lost, and while each timer runs. At its " +
  "point the run's worker process is killed (SIGKILL) and another goes on. The points are found in the code: each `await` of `workflows/**` tells of itself.";

/** Kills the host at every point of every story: each run must end as its play says. */
export async function proveCrashes(say: Say): Promise<void> {
  const startedAt = Date.now();
  const theatre = await openTheatre(await bundleForTheatre({ heard: true }));
  const { rehearsed } = await rehearse(theatre, await allPlays());
  const points = rehearsed.reduce((sum, way) => sum + way.points.length, 0);
  say.line(`${rehearsed.length} ways, ${points} points`);
  const ended = await crash(theatre, rehearsed, "points");
  await theatre.close();

  const crossed = new Set(rehearsed.flatMap(({ passed }) => passed).map((point) => point.split("/").slice(0, -2).join("/")));
  const awaits = awaitsOfStories();
  const missed = awaits.filter((site) => !crossed.has(site));
  const wrong = ended.filter(({ end, must }) => !isDeepStrictEqual(end, must));
  for (const { name, end } of wrong) say.line(`${name}: ${JSON.stringify(end)}`);
  await recordProof(
    { name: "crashes", about: ABOUT, say },
    [
      {
        claim: "a run comes to every await of the code",
        seen: `${awaits.length - missed.length} of ${awaits.length}`,
        holds: missed.length === 0,
      },
      {
        claim: "each run ends the same, with the same rows",
        seen: `${ended.length - wrong.length} of ${points}`,
        holds: wrong.length === 0 && ended.length === points,
      },
    ],
    [
      `Took ${Math.round((Date.now() - startedAt) / 1000)} s.`,
      ...rehearsed.map(({ name, way, points }) => `\`${name}\`, ${way}: ${points.length} points`),
    ],
  );
}
