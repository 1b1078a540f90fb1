import { createRoute } from "@hono/zod-openapi";
import type { RootRow, Trust } from "#db/offline/keys";
import { changing } from "#kernel/changing";
import { endpoint, json, optionalJsonBody, problems, scope } from "#kernel/endpoint";
import { changedMeanwhile, invalidRequest } from "#kernel/problems";
import { thumbprint } from "#kernel/signing";
import { custodyOf, rootOf } from "./keyset.ts";
import { presentRoots } from "./presenters.ts";
import { OfflineRoots, Promotion } from "./schemas.ts";
import { platformRoot, republished, rootsFact, trustOf, type Vars } from "./trust.ts";

export const promoteOfflineRoot = endpoint({
  route: createRoute({
    operationId: "offline_roots.promote",
    method: "post",
    path: "/v1/offline/roots/promote",
    security: scope("offline_keys:write"),
    summary: "Let the next root step in for the current one",
    description:
      "The next root becomes the current one, and another takes its place: a new one of the platform's, or the one that you give. Programs of today embed both and go on; embed the new pair in those to come.",
    request: { body: optionalJsonBody(Promotion) },
    responses: { 200: json(OfflineRoots, "The roots"), ...problems(changedMeanwhile) },
  }),

  handler: async (c) => {
    const { repo } = c.var;
    const { next } = c.req.valid("json");
    const roots = await changing(async () => {
      const read = await trustOf(c.var);
      const made = await promoted(c.var, read, next?.x);
      const { change, facts } =
        custodyOf(read) === "platform"
          ? await republished(c.var, read, { roots: made })
          : { change: { roots: made }, facts: [rootsFact(repo.tenantId, read.roots, made)] };
      const after = presentRoots(made);
      return (await repo.offlineKeys.change(read, change, { facts, answer: [200, after] })) && after;
    });
    return c.json(roots, 200);
  },
});

async function promoted(vars: Vars, { roots }: Trust, given: string | undefined): Promise<RootRow[]> {
  const custody = custodyOf({ roots });
  const next = rootOf(roots, "next");
  if (!next) throw new Error("A tenant has two roots or none");
  if ((custody === "tenant") !== (given !== undefined)) throw rootsHeldBy(custody);
  const current = { ...next, role: "current" as const };
  if (given === undefined) return [current, await platformRoot(vars, "next")];
  const kid = await thumbprint(given);
  if (roots.some((root) => root.kid === kid)) throw rootInUse();
  return [current, { ...next, kid, publicKey: given, privateKey: null, createdAt: vars.now }];
}

function rootsHeldBy(custody: "platform" | "tenant") {
  const detail = custody === "tenant" ? "You hold the roots: give the one to come." : "The platform makes the root to come.";
  return invalidRequest({ what: detail }, { errors: [{ pointer: "/next", code: `held_by_${custody}`, detail }] });
}

function rootInUse() {
  const detail = "The root to come must be another key than those in use.";
  return invalidRequest({ what: detail }, { errors: [{ pointer: "/next/x", code: "in_use", detail }] });
}
