import type { Context } from "hono";
import { type OpenedTenant, openTenant } from "#kernel/asking";
import type { OperatorEnv } from "#kernel/endpoint";
import { tenantNotFound } from "#kernel/not-found";

/** The tenant or sandbox that an operator named. Throws `tenant_not_found`, also for one that is closed. */
export async function openedFor(c: Context<OperatorEnv>, tenantId: string): Promise<OpenedTenant> {
  const { env, executionCtx, var: known } = c;
  const actor = { type: "operator" as const, id: known.caller.keyId, ip: known.ip };
  const opened = await openTenant({ env, executionCtx, var: known }, tenantId, actor);
  if (!opened) throw tenantNotFound({});
  return opened;
}
