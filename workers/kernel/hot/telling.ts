import type { Committed } from "#db/commit";
import { changeOf } from "#rules/hot/changes";
import { memory } from "./memory.ts";

/**
 * Notes what was just committed, so that whoever asks here next sees it. The other isolates hear of it by the feed, which finds it in the
 * database by itself.
 */
export function noteCommitted(shard: string, events: readonly Committed[]): void {
  memory.note(shard, events.map(changed));
}

function changed({ tenantId, position, type, subject, licenseId, data }: Committed) {
  const named = data.object["product_id"];
  const ofVersion = subject.type === "product_version" && typeof named === "string" ? named : null;
  const productId = subject.type === "product" ? subject.id : ofVersion;
  return changeOf({ tenantId, position, type, subject, licenseId, productId });
}
