import { createRoute } from "@hono/zod-openapi";
import { endpoint, json, jsonBody, problems, scopeOrPublishable } from "#kernel/endpoint";
import { usagesOf } from "#kernel/meter";
import { checkFeatures, meteredAmong } from "#rules/entitlements/check";
import { calendarOf, licenseOf } from "./asking.ts";
import { presentCheck } from "./check.ts";
import { EntitlementCheck, EntitlementQuestion } from "./schemas.ts";

export const checkEntitlements = endpoint({
  idempotent: false,
  route: createRoute({
    operationId: "entitlements.check",
    method: "post",
    path: "/v1/entitlements/check",
    security: scopeOrPublishable("entitlements:read"),
    summary: "Check what a license may use",
    description:
      "Answers for several features at once, always with 200: whether each is allowed, and what is left of its quota. It uses nothing up, so two who check may both be told that one unit is left: consume decides. A key that is unknown, malformed or of another tenant is `NOT_FOUND`.",
    request: { body: jsonBody(EntitlementQuestion) },
    responses: { 200: json(EntitlementCheck, "What may be used"), ...problems() },
  }),

  handler: async (c) => {
    const { repo, limits, now } = c.var;
    const { license_key, features } = c.req.valid("json");
    const asked = (await licenseOf(c, license_key)) ?? null;
    if (!asked) await limits.notFound(license_key);
    const snapshot = asked?.snapshot ?? null;
    const metered = snapshot ? meteredAmong(snapshot.terms, features, now) : [];
    const usages =
      asked &&
      (await usagesOf(c.env, repo.tenantId, asked.license.id, metered, calendarOf(c.var, asked.snapshot.license.startsAt)));
    const checked = checkFeatures({ snapshot, features, usages, now });
    const license = asked && { id: asked.license.id, productId: asked.license.productId, snapshot: asked.snapshot };
    return c.json(presentCheck(checked, license, { at: now, snapshotAgeMs: 0, stale: asked !== null && usages === null }), 200);
  },
});
