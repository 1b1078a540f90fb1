import { createRoute } from "@hono/zod-openapi";
import { openTenant } from "#kernel/asking";
import { json, problems, publicEndpoint } from "#kernel/endpoint";
import { tenantNotFound } from "#kernel/not-found";
import { z } from "#kernel/wire";

const Jwks = z
  .object({
    keys: z.array(
      z.object({ kty: z.string(), crv: z.string(), x: z.string(), kid: z.string(), alg: z.string(), use: z.string() }),
    ),
  })
  .openapi("Jwks");

export const getJwks = publicEndpoint({
  route: createRoute({
    operationId: "jwks.get",
    method: "get",
    path: "/.well-known/jwks/{tenant_id}.json",
    security: [],
    summary: "Get a tenant's verification keys",
    description:
      "The public keys (RFC 7517) that decision tokens of this tenant verify with: retired ones too, revoked ones not.",
    // the router takes the whole last segment for the parameter, so it is declared for the document alone and read below
    parameters: [{ name: "tenant_id", in: "path", required: true, schema: { type: "string" }, example: "ten_00…" }],
    responses: { 200: json(Jwks, "The keys"), ...problems(tenantNotFound) },
  }),

  handler: async (c) => {
    const [, tenantId = ""] = /\/jwks\/([^/]+)\.json$/.exec(c.req.path) ?? [];
    const opened = await openTenant(c, tenantId, { type: "system", id: null, ip: null });
    if (!opened) throw tenantNotFound({});
    const keys = await opened.repo.own.verificationKeys();
    c.header("cache-control", "public, max-age=300");
    return c.json({ keys: keys.map(({ kid, publicJwk }) => ({ ...publicJwk, kid, alg: "EdDSA", use: "sig" })) }, 200);
  },
});
