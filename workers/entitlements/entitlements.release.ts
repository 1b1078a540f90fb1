import { createRoute } from "@hono/zod-openapi";
import { endpoint, json, jsonBody, problems, scope } from "#kernel/endpoint";
import { idempotencyKeyReused, temporarilyUnavailable } from "#kernel/problems";
import { reservationNotFound, reservationOver } from "./problems.ts";
import { KEYS_ARE_KEPT_BY_LICENSE, Releasing, Reservation } from "./schemas.ts";
import { settling } from "./settling.ts";

export const releaseEntitlements = endpoint({
  keepsAnswers: true,
  route: createRoute({
    operationId: "entitlements.release",
    method: "post",
    path: "/v1/entitlements/release",
    security: scope("entitlements:write"),
    summary: "Give back what was reserved",
    description:
      "Frees a reservation. One that was released before, or whose time was over, stays as it is." + KEYS_ARE_KEPT_BY_LICENSE,
    request: { body: jsonBody(Releasing) },
    responses: {
      200: json(Reservation, "The reservation, which holds nothing back"),
      ...problems(reservationNotFound, reservationOver, idempotencyKeyReused, temporarilyUnavailable),
    },
  }),

  handler: async (c) => {
    const { reservation_id: id } = c.req.valid("json");
    const { replayed, shown } = await settling(c, id, (meter, calendar) => meter.release({ intent: c.var.intent, id, calendar }));
    if (replayed) c.header("idempotency-replayed", "true");
    return c.json(shown, 200);
  },
});
