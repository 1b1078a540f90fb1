import type { Context } from "hono";
import type { OperatorEnv } from "#kernel/endpoint";

/** Notes in the edge's log who of the operators did what to which tenant's caches. Caches hold no facts, so nothing stands in the tenant's own log. */
export function noteOperator(c: Context<OperatorEnv>, operation: string, about: Record<string, string | number | null>): void {
  const { caller, requestId, ip } = c.var;
  const line = { at: "operator", request_id: requestId, operator_key_id: caller.keyId, ip, operation, ...about };
  // oxlint-disable-next-line no-console -- the edge's log is the console
  console.warn(JSON.stringify(line));
}
