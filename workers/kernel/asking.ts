import type { Asking, Committed } from "#db/commit";
import { repoOf, type Repo } from "#db/repo";
import { tenantById, type TenantRow } from "#db/tenants/callers";
import type { Actor } from "#rules/events";
import { shardOf } from "#rules/ids";
import { businessNow, realNow } from "./clock.ts";
import type { Env } from "./env.ts";
import { noteCommitted } from "./hot/telling.ts";
import { newId, newRequestId } from "./ids.ts";
import { ring } from "./ringing.ts";
import { databaseOf } from "./shards.ts";
import { vaultOf, type Vault } from "./vault.ts";

/** The parts of a request's context that a batch needs; every kind of context has them. */
export type Asked = {
  env: Env;
  executionCtx: { waitUntil(work: Promise<unknown>): void };
  var: { realNow: Date; requestId: string };
};

/** What the edge asks by itself, in no request: for the cron, or in an object's alarm. */
export const askedByItself = (env: Env, executionCtx: Asked["executionCtx"], begunBy: "cron" | "meter" | "quota"): Asked => ({
  env,
  executionCtx,
  var: { realNow: realNow(), requestId: newRequestId(begunBy) },
});

/** What every batch records that does not depend on who asks. */
export function askingIn(c: Asked, d1: D1Database, shard: string) {
  return {
    d1,
    shard,
    realNow: c.var.realNow,
    requestId: c.var.requestId,
    newId: (noun: "event" | "delivery" | "notice", at: Date) => newId(noun, shard, at),
    ring: ({ deliveries, notices, events }: { deliveries: boolean; notices?: boolean; events: readonly Committed[] }) => {
      const waitUntil = (work: Promise<unknown>) => c.executionCtx.waitUntil(work);
      ring({ env: c.env, waitUntil }, "events", shard);
      if (deliveries) ring({ env: c.env, waitUntil }, "deliveries", shard);
      if (notices === true) ring({ env: c.env, waitUntil }, "notices", shard);
      noteCommitted(shard, events);
    },
  } satisfies Partial<Asking>;
}

/** A tenant's rows, clock and secrets for a caller that proved itself without an API key. */
export type OpenedTenant = { repo: Repo; vault: Vault; now: Date; realNow: Date; tenant: TenantRow };

/**
 * Opens a tenant by its id: for the worker host's signed calls, and for a provider's event, whose signature is checked next.
 * Undefined for an id that is unknown, malformed, or of a tenant that is closed.
 */
export async function openTenant(c: Asked, tenantId: string, actor: Actor): Promise<OpenedTenant | undefined> {
  const shard = shardOf(tenantId);
  const d1 = shard === undefined ? undefined : databaseOf(c.env, shard);
  const found = d1 && (await tenantById(d1, tenantId));
  if (!d1 || !shard || !found || found.tenant.closedAt !== null) return undefined;
  const now = businessNow(c.var.realNow, found.tenant);
  const repo = repoOf({ ...askingIn(c, d1, shard), tenantId: found.tenantId, now, actor, intent: null }, found.tenant);
  return { repo, vault: vaultOf(c.env, tenantId, found.tenant.dataKey), now, realNow: c.var.realNow, tenant: found.tenant };
}
