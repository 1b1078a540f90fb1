import { createRoute } from "@hono/zod-openapi";
import type { RootRow } from "#db/offline/keys";
import { changing } from "#kernel/changing";
import { endpoint, json, jsonBody, problems, scope } from "#kernel/endpoint";
import { changedMeanwhile } from "#kernel/problems";
import { thumbprint } from "#kernel/signing";
import { custodyOf, published, withChanged } from "./keyset.ts";
import { presentRoots } from "./presenters.ts";
import { OfflineRoots, RootsChange } from "./schemas.ts";
import { platformRoots, republished, rootsFact, trustOf, type Vars } from "./trust.ts";

export const putOfflineRoots = endpoint({
  route: createRoute({
    operationId: "offline_roots.put",
    method: "put",
    path: "/v1/offline/roots",
    security: scope("offline_keys:write"),
    summary: "Say who holds the roots",
    description:
      "custody tenant hands over two public halves of yours: no file is made until a keyset that one of them signed is published. custody platform makes two new roots and a keyset. Programs that embed other roots refuse what comes after.",
    request: { body: jsonBody(RootsChange) },
    responses: { 200: json(OfflineRoots, "The roots"), ...problems(changedMeanwhile) },
  }),

  handler: async (c) => {
    const { repo } = c.var;
    const { current, next } = c.req.valid("json");
    const roots = await changing(async () => {
      const read = await trustOf(c.var);
      const wanted = current && next ? await tenantRoots(c.var, current.x, next.x) : undefined;
      if (isSame(read.roots, wanted)) return presentRoots(read.roots);
      if (wanted) {
        const facts = [rootsFact(repo.tenantId, read.roots, wanted)];
        const after = presentRoots(wanted);
        return (await repo.offlineKeys.change(read, { roots: wanted }, { facts, answer: [200, after] })) && after;
      }
      const made = await platformRoots(c.var);
      // what waited for a keyset of the tenant's gets it from the platform
      const keys = published(read.keys, c.var.now);
      const { change, facts } = await republished(c.var, read, { roots: made, keys }, withChanged(read.keys, keys));
      const after = presentRoots(made);
      return (await repo.offlineKeys.change(read, change, { facts, answer: [200, after] })) && after;
    });
    return c.json(roots, 200);
  },
});

/** Two roots of which only the public halves are here. */
async function tenantRoots({ repo, now }: Vars, current: string, next: string): Promise<RootRow[]> {
  const root = async (role: "current" | "next", x: string): Promise<RootRow> => {
    const held = { tenantId: repo.tenantId, kid: await thumbprint(x), role, custody: "tenant" as const, publicKey: x };
    return { ...held, privateKey: null, createdAt: now, retiredAt: null };
  };
  return [await root("current", current), await root("next", next)];
}

function isSame(roots: readonly RootRow[], wanted: readonly RootRow[] | undefined): boolean {
  if (!wanted) return custodyOf({ roots }) === "platform";
  return wanted.every(({ kid, role, custody }) =>
    roots.some((root) => root.kid === kid && root.role === role && root.custody === custody),
  );
}
