import { createRoute } from "@hono/zod-openapi";
import { internalEndpoint, json, jsonBody } from "#kernel/endpoint";
import { readTallies } from "#kernel/read-tallies";
import { z } from "#kernel/wire";
import { metricsOf } from "#rules/cache/metrics";
import { STORY_STATES } from "#rules/stories/states";
import { readStanding } from "./standing.ts";

const series = { name: z.string(), help: z.string(), labels: z.array(z.string()) };
const Metrics = z.object({
  metrics: z.array(
    z.discriminatedUnion("type", [
      z.object({
        type: z.enum(["counter", "gauge"]),
        ...series,
        samples: z.array(z.object({ values: z.array(z.string()), value: z.number() })),
      }),
      z.object({
        type: z.literal("histogram"),
        ...series,
        ends: z.array(z.number()),
        samples: z.array(z.object({ values: z.array(z.string()), buckets: z.array(z.number()), sum: z.number() })),
      }),
    ]),
  ),
  /** how stories stand; those that ended well are not counted */
  stories: z.array(z.object({ kind: z.string(), state: z.enum(STORY_STATES), count: z.int() })),
});

/** Everything that the edge has counted, and how much waits there: the host shows it to Prometheus. */
export const readMetrics = internalEndpoint({
  route: createRoute({
    operationId: "internal.metrics.read",
    method: "post",
    path: "/internal/metrics",
    request: { body: jsonBody(z.strictObject({})) },
    responses: { 200: json(Metrics, "The sums of all tallies, and what waits in the databases") },
  }),

  handler: async (c) => {
    const { env } = c;
    const { realNow } = c.var;
    const [told, { metrics, stories }] = await Promise.all([readTallies(env, realNow), readStanding(env, realNow)]);
    const all = [...metricsOf(told), ...metrics] as z.infer<typeof Metrics>["metrics"];
    return c.json({ metrics: all, stories }, 200);
  },
});
