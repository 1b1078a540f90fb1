import { setTimeout as sleep } from "node:timers/promises";
import { Context } from "@temporalio/activity";
import type { ClockProgress, StoriesActivities } from "#workflows/stories/activities";
import { viaEdge } from "../edge/errors.ts";
import type { ClockStep, Edge } from "../edge/routes.ts";
import type { Failpoint } from "../failpoint.ts";
import { startFor } from "../relay/starts.ts";
import type { ClockStories } from "./clocks.ts";

type Means = {
  edge: Pick<Edge, "stepClock" | "giveUpClock" | "wakeupDone" | "listWaiting">;
  stories: ClockStories;
  failpoint: Failpoint;
  /** How long a clock is moved in one go; then the story notes how far it has come. */
  roundMs?: number;
};

const ROUND_MS = 30_000;
/** A story that was woken needs some milliseconds; it is looked for soon, and then less often. */
const SHORTEST_LOOK_MS = 4;
const LONGEST_LOOK_MS = 250;

/** Every step is noted at the edge before it has an effect, so a repetition goes on from there. */
export const storiesActivities = ({ edge, stories, failpoint, roundMs = ROUND_MS }: Means): StoriesActivities => ({
  async moveClock(move) {
    const { tenantId } = move;
    const { cancellationSignal: signal } = Context.current();
    const round = { endsAt: performance.now() + roundMs, woken: 0, looks: 0, told: "", atWork: [] as string[] };
    const going = { behind: move.behind, looked: move.behind };
    for (;;) {
      Context.current().heartbeat();
      round.atWork = await stillAtWork(stories, round.atWork);
      const busy = round.atWork[0] ?? null;
      if (busy === null) going.looked = going.behind;
      const step = await viaEdge(edge.stepClock({ ...move, behind: going.behind, busy }));
      going.behind = step.behind;
      round.atWork.push(...startedBy(step, tenantId));
      if (step.status !== "advancing" || performance.now() > round.endsAt) return progressOf(step, going.looked, round.woken);

      const news = step.wake ? `${step.wake.workflow_id} ${step.wake.at}` : "";
      if (step.wake && news !== round.told) {
        failpoint("clock.stepped");
        const found = await stories.wake(step.wake.workflow_id, step.wake.at);
        if (found === "gone") await viaEdge(edge.wakeupDone({ tenantId, workflowId: step.wake.workflow_id }));
        failpoint("clock.woken");
        Object.assign(round, { told: news, woken: round.woken + 1, looks: 0 });
      } else if (step.events.length > 0) round.looks = 0;
      await sleep(Math.min(SHORTEST_LOOK_MS * 2 ** round.looks++, LONGEST_LOOK_MS), undefined, { signal });
    }
  },

  giveUpClock: (clock) => viaEdge(edge.giveUpClock(clock)),

  async tellTimeRuns({ tenantId }) {
    let told = 0;
    for (let after = ""; ;) {
      const waiting = await viaEdge(edge.listWaiting(tenantId, after));
      const last = waiting.at(-1);
      if (last === undefined) return { told };
      for (const workflowId of waiting) {
        Context.current().heartbeat();
        if ((await stories.tellTimeRuns(workflowId)) === "gone") await viaEdge(edge.wakeupDone({ tenantId, workflowId }));
        else told++;
      }
      after = last;
    }
  },
});

const progressOf = ({ status, now }: ClockStep, behind: number, woken: number): ClockProgress => ({ status, now, behind, woken });

/** The stories that events of a sandbox started; those that move its clock are not waited for by it. */
function startedBy({ events }: ClockStep, tenantId: string): string[] {
  const started = events.map(({ seq, type, subject, at }) =>
    startFor({ tenant_id: tenantId, seq, id: "", type, subject, at, clock: { livemode: false } }),
  );
  return started.flatMap((story) => (story && !story.workflowId.startsWith("clock/") ? [story.workflowId] : []));
}

async function stillAtWork(stories: ClockStories, workflowIds: readonly string[]): Promise<string[]> {
  const atRest = await Promise.all(workflowIds.map((id) => stories.isAtRest(id)));
  return workflowIds.filter((_, index) => !atRest[index]);
}
