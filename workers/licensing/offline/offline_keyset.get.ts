import { createRoute } from "@hono/zod-openapi";
import { endpoint, json, problems, scope } from "#kernel/endpoint";
import { changedMeanwhile } from "#kernel/problems";
import { presentKeyset } from "./presenters.ts";
import { offlineKeysetPending } from "./problems.ts";
import { OfflineKeyset } from "./schemas.ts";
import { trustOf } from "./trust.ts";

export const getOfflineKeyset = endpoint({
  route: createRoute({
    operationId: "offline_keyset.get",
    method: "get",
    path: "/v1/offline/keyset",
    security: scope("offline:read"),
    summary: "Get the newest keyset",
    description:
      "Every license file carries it, so that signing keys change without a new version of your programs. Hand it to a device by itself to have it refuse what a revoked key signed.",
    responses: { 200: json(OfflineKeyset, "The keyset"), ...problems(offlineKeysetPending, changedMeanwhile) },
  }),

  handler: async (c) => {
    const trust = await trustOf(c.var);
    if (!trust.keyset) throw offlineKeysetPending({ why: "No keyset was published yet." });
    return c.json(presentKeyset(trust.keyset, trust), 200);
  },
});
