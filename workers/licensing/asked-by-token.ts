import type { Asked, SigningKey } from "#db/licensing/asked";
import type { TenantEnv } from "#kernel/endpoint";
import type { Env } from "#kernel/env";
import { activationIn, isTokenOf } from "./activation-token.ts";
import { mayKnow } from "#kernel/for-caller";
import { fromOf } from "./restricted.ts";

type Asking = { env: Env; var: Pick<TenantEnv["Variables"], "repo" | "caller" | "now" | "ip"> };

/** An asked activation is there, whatever it was asked by. */
export type AskedByToken = Asked & { activation: NonNullable<Asked["activation"]> };

/** The activation that a token proves, with its license; nothing for a token that is malformed, forged, outdated or of another tenant. */
export async function askedByToken(
  { env, var: { repo, caller, now, ip } }: Asking,
  token: string,
  { signingKeys }: { signingKeys: boolean },
): Promise<{ asked: AskedByToken | undefined; signingKeys: SigningKey[] | undefined }> {
  // an id that nobody has, so that a malformed token takes the same way as an unknown one
  const read = await repo.asked.byActivation(activationIn(token) ?? "", { at: now, from: fromOf(ip), signingKeys });
  const activation = read.asked?.activation;
  if (!read.asked || !activation || !mayKnow(caller, read.asked.license.productId)) return { ...read, asked: undefined };
  const genuine = await isTokenOf(env, { tenantId: repo.tenantId, ...activation }, token);
  return { ...read, asked: genuine ? { ...read.asked, activation } : undefined };
}
