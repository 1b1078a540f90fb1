import { createRoute } from "@hono/zod-openapi";
import { endpoint, json, jsonBody, scopeOrPublishable } from "#kernel/endpoint";
import { activationNotFound, decide } from "#rules/licensing/decide";
import { askedByToken } from "./asked-by-token.ts";
import { answering, presentDecision } from "./decisions.ts";
import { restrictedByToken } from "./restricted.ts";
import { Decision, TokenValidation } from "./schemas.ts";
import { stampUse } from "./stamps.ts";

export const validateActivation = endpoint({
  idempotent: false,
  route: createRoute({
    operationId: "activations.validate",
    method: "post",
    path: "/v1/activations/validate",
    security: scopeOrPublishable("activations:read"),
    summary: "Validate an activation",
    description:
      "The decision about a license as `licenses.validate` gives it, for a device that proves itself by its token: no license key has to lie on the device.",
    request: { body: jsonBody(TokenValidation) },
    responses: { 200: json(Decision, "The decision") },
  }),

  handler: async (c) => {
    const { repo, now } = c.var;
    const { activation_token: token } = c.req.valid("json");
    const asked = await askedByToken(c, token);
    const decided = asked ? decide(asked.snapshot, { by: "token" }, now, restrictedByToken(asked, c.var)) : activationNotFound();
    if (asked) c.executionCtx.waitUntil(stampUse(repo, asked, now));
    return c.json(await presentDecision(answering(c.var), decided, { asked, at: now, sent: {} }), 200);
  },
});
