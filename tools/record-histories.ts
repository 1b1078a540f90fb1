/**
 * Records the histories that the tests replay against the stories as they are now, from the plays in test/workflows/stories:
 * `npm run record:histories -- [story …]`. To be run when a story is new, or when it was changed with `patched`; keep the older history then, under a
 * name of its own (`<story>.<way>-<since when>.json`), as long as a story may be under way that began with it.
 */
import { writeFile } from "node:fs/promises";
import path from "node:path";
import { historyToJSON } from "@temporalio/common/lib/proto-utils.js";
import { rehearse } from "../test/workflows/crashes/company.ts";
import { bundleForTheatre, openTheatre } from "../test/workflows/crashes/theatre.ts";
import { HISTORIES } from "../test/workflows/histories.ts";
import { allPlays } from "../test/workflows/play.ts";

const wanted = process.argv.slice(2);
const plays = await allPlays();
const unknown = wanted.find((name) => !plays.has(name));
if (unknown !== undefined) {
  console.error(`There is no story ${unknown}. Known: ${[...plays.keys()].join(", ")}`);
  process.exit(2);
}

const theatre = await openTheatre(await bundleForTheatre({ heard: false }));
const chosen = new Map([...plays].filter(([name]) => wanted.length === 0 || wanted.includes(name)));
const { ended } = await rehearse(theatre, chosen, async ({ name, order, firstRunId }) => {
  const history: unknown = JSON.parse(
    historyToJSON(await theatre.client.workflow.getHandle(order.workflowId, firstRunId).fetchHistory()),
  );
  // stack traces hold the paths of this machine, and are not replayed
  const clean = JSON.stringify(history, (key, value: unknown) => (key === "stackTrace" ? "" : value), 1);
  await writeFile(path.join(HISTORIES, `${name}.json`), `${clean}\n`);
  console.log(`recorded ${name}`);
});
await theatre.close();
const strange = ended.filter(({ end, must }) => JSON.stringify(end) !== JSON.stringify(must));
for (const { name, end } of strange) console.error(`${name} ended otherwise than it must: ${JSON.stringify(end)}`);
process.exit(strange.length === 0 ? 0 : 1); // the SDK's threads would keep an idle process alive
