import type { Asked } from "#db/licensing/asked";
import { STAMP_EVERY_MS } from "#db/licensing/licenses";
import type { Repo } from "#db/repo";

/** Notes that a license was asked for, and by which device, each at most once a minute. No answer waits for it. */
export async function stampUse(repo: Repo, { license, activation, snapshot }: Asked, now: Date): Promise<void> {
  const aged = (at: Date | null) => at === null || now.getTime() - at.getTime() >= STAMP_EVERY_MS;
  if (aged(license.lastValidatedAt)) await repo.licenses.stampValidated(license.id);
  if (activation && snapshot.activation?.releasedAt === null && aged(activation.lastSeenAt)) {
    await repo.activations.stampSeen(activation.id);
  }
}
