import { createRoute } from "@hono/zod-openapi";
import { bellOf } from "#kernel/bell.object";
import { json, publicEndpoint } from "#kernel/endpoint";
import { databaseOf, shardsOf } from "#kernel/shards";
import type { Env } from "#kernel/env";
import { z, Instant } from "#kernel/wire";
import { within } from "#kernel/within";

const Status = z.enum(["ok", "late", "unknown", "failing"]);

const Health = z
  .object({
    object: z.literal("health"),
    status: z
      .enum(["ok", "degraded", "failing"])
      .openapi({ description: "degraded: the edge answers, but stories wait for the worker host." }),
    parts: z.object({
      database: z.object({ status: Status }),
      worker_host: z.object({ status: Status, last_seen_at: Instant.nullable() }),
    }),
    at: Instant,
  })
  .openapi("Health");

export const getHealth = publicEndpoint({
  route: createRoute({
    operationId: "health.get",
    method: "get",
    path: "/health",
    security: [],
    summary: "Ask how the platform is",
    description: "The worker host is known by its last call for events; the edge answers validations without it.",
    responses: { 200: json(Health, "The edge answers"), 503: json(Health, "A database does not answer") },
  }),

  handler: async (c) => {
    const { realNow } = c.var;
    const shards = shardsOf(c.env);
    const answering = await Promise.all(shards.map((shard) => answers(c.env, shard)));
    const askedAt = await hostSeenAt(c.env, shards);
    const host = hostStatus(askedAt, realNow);
    const database = shards.length > 0 && answering.every(Boolean) ? ("ok" as const) : ("failing" as const);
    const status = database === "failing" ? ("failing" as const) : host === "ok" ? ("ok" as const) : ("degraded" as const);
    const parts = { database: { status: database }, worker_host: { status: host, last_seen_at: askedAt?.toISOString() ?? null } };
    return c.json({ object: "health" as const, status, parts, at: realNow.toISOString() }, database === "ok" ? 200 : 503);
  },
});

const DATABASE_TIMEOUT_MS = 1500;
/** The relay waits at most 20 s at a time, so twice that without a call means that it is away. */
const HOST_IS_LATE_AFTER_MS = 40_000;

async function answers(env: Env, shard: string): Promise<boolean> {
  const asked = databaseOf(env, shard)?.prepare("select 1").first();
  return within(asked ?? Promise.resolve(null), DATABASE_TIMEOUT_MS).then(
    (row) => row !== null,
    () => false,
  );
}

/** The oldest of the shards' last calls: a host that forgets a shard is not well. */
async function hostSeenAt(env: Env, shards: readonly string[]): Promise<Date | null> {
  const seen = await Promise.all(
    shards.map((shard) =>
      bellOf(env, "events", shard)
        .askedAt()
        .catch(() => null),
    ),
  );
  if (seen.length === 0 || seen.includes(null)) return null;
  return new Date(Math.min(...seen.map(Number)));
}

function hostStatus(askedAt: Date | null, realNow: Date): z.infer<typeof Status> {
  if (askedAt === null) return "unknown";
  return realNow.getTime() - askedAt.getTime() > HOST_IS_LATE_AFTER_MS ? "late" : "ok";
}
