import { createRoute } from "@hono/zod-openapi";
import { endpoint, json, problems, scope } from "#kernel/endpoint";
import { changedMeanwhile } from "#kernel/problems";
import { typOf } from "#rules/licensing/olp/message";
import { custodyOf, keysetClaims, rootOf, seconds } from "./keyset.ts";
import { offlineRootsOfPlatform } from "./problems.ts";
import { KeysetDraft } from "./schemas.ts";
import { isWaiting } from "./trust.ts";

export const draftOfflineKeyset = endpoint({
  route: createRoute({
    operationId: "offline_keyset.draft",
    method: "get",
    path: "/v1/offline/keyset/draft",
    security: scope("offline:read"),
    summary: "Get the claims of the keyset to sign",
    description:
      "Where you hold the roots: what the next keyset is to say. Sign it with either root, as it is, and publish it within 30 days. It is there also when nothing waits, for a keyset whose time runs out.",
    responses: { 200: json(KeysetDraft, "Header and claims"), ...problems(offlineRootsOfPlatform, changedMeanwhile) },
  }),

  handler: async (c) => {
    const { repo, now } = c.var;
    const trust = await repo.offlineKeys.trust();
    const root = rootOf(trust.roots, "current");
    if (!root || custodyOf(trust) === "platform") throw offlineRootsOfPlatform({});
    const claims = keysetClaims(repo.tenantId, trust.keys, (trust.keyset?.seq ?? 0) + 1, seconds(now));
    const header = { alg: "EdDSA" as const, kid: root.kid, typ: typOf("keyset") as "olp1-keyset+jws" };
    return c.json({ object: "offline_keyset_draft" as const, pending: isWaiting(trust), header, claims }, 200);
  },
});
