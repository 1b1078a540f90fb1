import { createRoute } from "@hono/zod-openapi";
import { leaseNotices, noteTransport, suppress } from "#db/mail/pump";
import { bellOf } from "#kernel/bell.object";
import { realNow } from "#kernel/clock";
import { internalEndpoint, json, jsonBody } from "#kernel/endpoint";
import { invalidRequest } from "#kernel/problems";
import { databaseOf } from "#kernel/shards";
import { z, Instant, Ref } from "#kernel/wire";
import { makeMails } from "./making.ts";
import { recordResults, type Result } from "./recording.ts";

/** Longer than one attempt may take, and than a host waits for those beside it. */
const LEASE_MS = 60_000;

const said = {
  status: z.int().min(100).max(999).nullable(),
  detail: z.string().max(1_000).nullable(),
  duration_ms: z.int().min(0),
};

const Told = z.strictObject({
  tenant_id: Ref,
  notice_id: Ref,
  attempt: z.int().min(1),
  message_id: z.string().max(300),
  outcome: z.discriminatedUnion("kind", [
    z.strictObject({ kind: z.literal("accepted"), ...said }),
    z.strictObject({ kind: z.literal("deferred"), ...said }),
    z.strictObject({ kind: z.literal("unreached"), ...said }),
    z.strictObject({ kind: z.literal("refused"), what: z.enum(["recipient", "mail"]), ...said }),
  ]),
});

const Claim = z.strictObject({
  shard: z.string().length(2),
  transport: z.enum(["smtp", "mailchannels"]).nullable(),
  problem: z.string().max(500).nullable(),
  results: z.array(Told).max(100),
  limit: z.int().min(0).max(50),
  wait_ms: z.int().min(0).max(20_000),
});

const Claimed = z.object({
  mails: z.array(
    z.object({
      tenant_id: z.string(),
      notice_id: z.string(),
      attempt: z.int(),
      message_ref: z.string(),
      from: z.object({ name: z.string(), address: z.string().nullable() }),
      reply_to: z.string().nullable(),
      to: z.string(),
      subject: z.string(),
      html: z.string(),
      text: z.string(),
      unsubscribe_url: z.string().nullable(),
    }),
  ),
  next_at: Instant.nullable(),
});

/** The mail pump says how its attempts went and how it sends, and gets the mails that are due; while none is, the answer waits. */
export const claimNotices = internalEndpoint({
  route: createRoute({
    operationId: "internal.notices.claim",
    method: "post",
    path: "/internal/notices/claim",
    request: { body: jsonBody(Claim) },
    responses: { 200: json(Claimed, "Mails, made and leased for 60 s, and when the next one is due") },
  }),

  handler: async (c) => {
    const { shard, transport, problem, results, limit, wait_ms } = c.req.valid("json");
    const d1 = databaseOf(c.env, shard);
    if (!d1) throw invalidRequest({ what: "There is no such shard." });
    const bell = bellOf(c.env, "notices", shard);
    const until = c.var.realNow.getTime() + wait_ms;
    await recordResults(c, d1, shard, results.map(resultOf));
    await noteTransport(d1, { transport, problem, now: c.var.realNow });

    for (;;) {
      const rings = await bell.rings(); // before looking: a notice that comes between looking and waiting has rung then
      const now = realNow();
      const { leased, nextAt } = await leaseNotices(d1, { now, limit, leaseMs: LEASE_MS });
      const { ready, unwanted, unmade } = await makeMails({ env: c.env, publicUrl: c.var.publicUrl, now }, d1, leased);
      await suppress(d1, unwanted, now);
      await recordResults(c, d1, shard, unmade);
      const leftMs = until - now.getTime();
      if (ready.length > 0 || limit === 0 || leftMs <= 0) {
        return c.json({ mails: ready, next_at: nextAt?.toISOString() ?? null }, 200);
      }
      if (leased.length > 0) continue; // none of them was wanted: there may be more
      await bell.waitBeyond(rings, Math.min(leftMs, nextAt === null ? leftMs : nextAt.getTime() - now.getTime()));
    }
  },
});

function resultOf({ tenant_id, notice_id, attempt, message_id, outcome }: z.infer<typeof Told>): Result {
  const { duration_ms, ...rest } = outcome;
  return { tenantId: tenant_id, id: notice_id, attempt, messageId: message_id, outcome: { ...rest, durationMs: duration_ms } };
}
