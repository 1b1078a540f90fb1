import type { Committed } from "#db/commit";
import { changeOf } from "#rules/hot/changes";
import type { Env } from "../env.ts";
import { feedOf } from "../feed.object.ts";
import { memory } from "./memory.ts";

/**
 * Tells what was just committed: this isolate at once, so that whoever asks here next sees it, and the feeds of the tenants behind the answer.
 * A feed that is not told finds it in the database by itself.
 */
export function tellChanges(
  { env, waitUntil }: { env: Env; waitUntil: (work: Promise<unknown>) => void },
  events: readonly Committed[],
): void {
  for (const tenantId of new Set(events.map((event) => event.tenantId))) {
    const changes = events.filter((event) => event.tenantId === tenantId).map(changed);
    memory.note(tenantId, changes);
    const felt = changes.filter(({ reach }) => reach !== "nothing");
    // feeds take what follows on what they know, so those without effect are told as well where another stands behind them
    if (felt.length > 0)
      waitUntil(
        feedOf(env, tenantId)
          .tell(changes)
          .catch(() => undefined),
      );
  }
}

function changed({ seq, type, subject, licenseId, data }: Committed) {
  const named = data.object["product_id"];
  const ofVersion = subject.type === "product_version" && typeof named === "string" ? named : null;
  return changeOf({ seq, type, subject, licenseId, productId: subject.type === "product" ? subject.id : ofVersion });
}
