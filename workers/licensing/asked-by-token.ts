import type { Asked } from "#db/licensing/asked";
import type { TenantEnv } from "#kernel/endpoint";
import type { Env } from "#kernel/env";
import { activationIn, isTokenOf } from "./activation-token.ts";
import { mayKnow } from "#kernel/for-caller";
import { fromOf } from "./restricted.ts";

type Asking = { env: Env; var: Pick<TenantEnv["Variables"], "repo" | "caller" | "limits" | "now" | "ip"> };

/** An asked activation is there, whatever it was asked by. */
export type AskedByToken = Asked & { activation: NonNullable<Asked["activation"]> };

/** The activation that a token proves, with its license; nothing for a token that is malformed, forged, outdated or of another tenant. */
export async function askedByToken(
  { env, var: { repo, caller, limits, now, ip } }: Asking,
  token: string,
): Promise<AskedByToken | undefined> {
  // an id that nobody has, so that a malformed token takes the same way as an unknown one
  const asked = await repo.asked.byActivation(activationIn(token) ?? "", { at: now, from: fromOf(ip) });
  const activation = asked?.activation;
  if (!asked || !activation || !mayKnow(caller, asked.license.productId)) return undefined;
  if (!(await isTokenOf(env, { tenantId: repo.tenantId, ...activation }, token))) return undefined;
  await limits.license(asked.license.id);
  return { ...asked, activation };
}
