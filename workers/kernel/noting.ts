import type { Context } from "hono";
import type { EitherEnv, OperatorEnv } from "./endpoint.ts";

/** Notes in the edge's log who of the operators did what that stands in no tenant's own log: to caches, which hold no facts, and to the platform itself. */
export function noteOperator(
  c: Context<OperatorEnv> | Context<EitherEnv>,
  operation: string,
  about: Record<string, string | number | null>,
): void {
  const { caller, requestId, ip } = c.var;
  const line = { at: "operator", request_id: requestId, operator_key_id: caller.keyId, ip, operation, ...about };
  // oxlint-disable-next-line no-console -- the edge's log is the console
  console.warn(JSON.stringify(line));
}
