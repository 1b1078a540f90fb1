import { createRoute } from "@hono/zod-openapi";
import { endpoint, json, jsonBody, problems, scope } from "#kernel/endpoint";
import { idempotencyKeyReused, temporarilyUnavailable } from "#kernel/problems";
import { reservationNotFound, reservationOver } from "./problems.ts";
import { Committing, KEYS_ARE_KEPT_BY_LICENSE, Reservation } from "./schemas.ts";
import { settling } from "./settling.ts";

export const commitEntitlements = endpoint({
  keepsAnswers: true,
  route: createRoute({
    operationId: "entitlements.commit",
    method: "post",
    path: "/v1/entitlements/commit",
    security: scope("entitlements:write"),
    summary: "Use what was reserved",
    description:
      "Counts what was reserved, or less of it, in the period in which it was reserved; the rest is free again. The same commit again changes nothing." +
      KEYS_ARE_KEPT_BY_LICENSE,
    request: { body: jsonBody(Committing) },
    responses: {
      200: json(Reservation, "The committed reservation"),
      ...problems(reservationNotFound, reservationOver, idempotencyKeyReused, temporarilyUnavailable),
    },
  }),

  handler: async (c) => {
    const { reservation_id: id, items = null } = c.req.valid("json");
    const { replayed, shown } = await settling(c, id, (meter, calendar) =>
      meter.commit({ intent: c.var.intent, id, items, calendar }),
    );
    if (replayed) c.header("idempotency-replayed", "true");
    return c.json(shown, 200);
  },
});
