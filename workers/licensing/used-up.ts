import type { Asked } from "#db/licensing/asked";
import type { Env } from "#kernel/env";
import { usagesOf } from "#kernel/meter";
import { meteredAmong, usedUpIn } from "#rules/entitlements/check";

type Asking = { env: Env; tenantId: string; zone: string; at: Date };

/**
 * Which of the features asked for are used up, as a snapshot holds it. The license's meter is asked only where one of them has a limit; while
 * it does not answer nothing is used up, because whoever uses something is refused by the meter itself.
 */
export async function usedUpOf(
  { env, tenantId, zone, at }: Asking,
  { snapshot, license }: Pick<Asked, "snapshot" | "license">,
  features: readonly string[] | undefined,
): Promise<readonly string[]> {
  const metered = meteredAmong(snapshot.terms, features ?? [], at);
  const calendar = { zone, now: at, since: snapshot.license.startsAt };
  return usedUpIn((await usagesOf(env, tenantId, license.id, metered, calendar)) ?? []);
}
