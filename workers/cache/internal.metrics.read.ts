import { createRoute } from "@hono/zod-openapi";
import { internalEndpoint, json, jsonBody } from "#kernel/endpoint";
import { readTallies } from "#kernel/read-tallies";
import { z } from "#kernel/wire";
import { metricsOf } from "#rules/cache/metrics";

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
});

/** Everything that the edge has counted: the host shows it to Prometheus. */
export const readMetrics = internalEndpoint({
  route: createRoute({
    operationId: "internal.metrics.read",
    method: "post",
    path: "/internal/metrics",
    request: { body: jsonBody(z.strictObject({})) },
    responses: { 200: json(Metrics, "The sums of all tallies") },
  }),

  handler: async (c) =>
    c.json({ metrics: metricsOf(await readTallies(c.env, c.var.realNow)) as z.infer<typeof Metrics>["metrics"] }, 200),
});
