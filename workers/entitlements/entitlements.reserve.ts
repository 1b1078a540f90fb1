import { createRoute } from "@hono/zod-openapi";
import { randomBytes } from "#kernel/crypto";
import { endpoint, json, jsonBody, problems, scope } from "#kernel/endpoint";
import { MOST_RESERVATIONS } from "#kernel/meter";
import { licenseNotFound } from "#kernel/not-found";
import { idempotencyKeyReused, temporarilyUnavailable } from "#kernel/problems";
import { count } from "#kernel/tallies";
import { reservationIdOf } from "#rules/entitlements/reservation-ids";
import { exceeded, using } from "./asking.ts";
import { presentReservation } from "./presenters.ts";
import { featureNotLicensed, licenseNotUsable, quotaExceeded, tooManyReservations } from "./problems.ts";
import { KEYS_ARE_KEPT_BY_LICENSE, NewReservation, Reservation } from "./schemas.ts";

export const reserveEntitlements = endpoint({
  keepsAnswers: true,
  route: createRoute({
    operationId: "entitlements.reserve",
    method: "post",
    path: "/v1/entitlements/reserve",
    security: scope("entitlements:write"),
    summary: "Hold quotas back for work that may fail",
    description:
      "Nobody else can use what is reserved until it is committed, released, or its time is over. All items are reserved, or none of them." +
      KEYS_ARE_KEPT_BY_LICENSE,
    request: { body: jsonBody(NewReservation) },
    responses: {
      201: json(Reservation, "All items are held back"),
      ...problems(
        licenseNotFound,
        licenseNotUsable,
        featureNotLicensed,
        quotaExceeded,
        tooManyReservations,
        idempotencyKeyReused,
        temporarilyUnavailable,
      ),
    },
  }),

  handler: async (c) => {
    const { ttl_s: ttlS, ...body } = c.req.valid("json");
    const { license, replayed, answer } = await using(c, body, (of) => {
      const id = reservationIdOf(of.license.id, randomBytes(10));
      return of.meter.reserve({ intent: c.var.intent, id, items: of.items, calendar: of.calendar, ttlS });
    });
    if (!answer.taken) {
      const { short, usages } = answer;
      throw short === "reservations" ? tooManyReservations({ most: MOST_RESERVATIONS }) : exceeded(body.items, short, usages);
    }
    if (replayed) c.header("idempotency-replayed", "true");
    else count("quota_calls", "consumed");
    return c.json(presentReservation(license.id, answer.reservation, answer.usages), 201);
  },
});
