import { createRoute } from "@hono/zod-openapi";
import { changing } from "#kernel/changing";
import { endpoint, json, jsonBody, problems, scope } from "#kernel/endpoint";
import { changeFact, fact } from "#kernel/facts";
import { changedMeanwhile } from "#kernel/problems";
import { z } from "#kernel/wire";
import { custodyOf, isOver, withChanged } from "./keyset.ts";
import { presentSigningKey } from "./presenters.ts";
import { signingKeyNotFound } from "./problems.ts";
import { KeyRevocation, SigningKey } from "./schemas.ts";
import { bornSigningKey, republished, trustOf } from "./trust.ts";

const KidParam = z.strictObject({
  kid: z
    .string()
    .max(255)
    .openapi({ param: { name: "kid", in: "path" }, example: "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k" }),
});

export const revokeSigningKey = endpoint({
  route: createRoute({
    operationId: "signing_keys.revoke",
    method: "post",
    path: "/v1/offline/keys/{kid}/revoke",
    security: scope("offline_keys:write"),
    summary: "Revoke a signing key",
    description:
      "Nothing that it ever signed is accepted by whoever has the keyset that says so: make new files. If it was in use, a new key steps in. It signs no decision any more within a minute.",
    request: { params: KidParam, body: jsonBody(KeyRevocation) },
    responses: { 200: json(SigningKey, "The key, revoked"), ...problems(signingKeyNotFound, changedMeanwhile) },
  }),

  handler: async (c) => {
    const { repo, now } = c.var;
    const { kid } = c.req.valid("param");
    const { reason } = c.req.valid("json");
    // nothing is made for a key that is not there
    if (!(await repo.offlineKeys.trust()).keys.some((key) => key.kid === kid)) throw signingKeyNotFound({});
    const shown = await changing(async () => {
      const read = await trustOf(c.var);
      const before = read.keys.find((key) => key.kid === kid);
      if (!before) throw signingKeyNotFound({});
      if (before.revokedAt !== null) return presentSigningKey(before);

      const revoked = { ...before, revokedAt: now, revokedReason: reason };
      const pending = custodyOf(read) === "tenant";
      const instead = isOver(before) ? [] : [await bornSigningKey(c.var, before.productIds, { pending })];
      const keys = [revoked, ...instead];
      const { change, facts } = pending
        ? { change: { keys }, facts: [] }
        : await republished(c.var, read, { keys }, withChanged(read.keys, keys));
      const after = presentSigningKey(revoked);
      const told = [
        changeFact("signing_key.revoked", presentSigningKey(before), after),
        ...instead.map((key) => fact("signing_key.created", presentSigningKey(key))),
        ...facts,
      ];
      return (await repo.offlineKeys.change(read, change, { facts: told, answer: [200, after] })) && after;
    });
    return c.json(shown, 200);
  },
});
