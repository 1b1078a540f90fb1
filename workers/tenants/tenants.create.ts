import { createRoute } from "@hono/zod-openapi";
import { asTaken } from "#kernel/changing";
import { json, jsonBody, operator, operatorEndpoint, problems } from "#kernel/endpoint";
import { newId } from "#kernel/ids";
import { externalIdTaken } from "#kernel/problems";
import { DEFAULT_SETTINGS } from "#rules/tenants/settings";
import { bear } from "./birth.ts";
import { presentTenant } from "./presenters.ts";
import { slugTaken } from "./problems.ts";
import { NewTenant, TenantWithKeys } from "./schemas.ts";

export const createTenant = operatorEndpoint({
  route: createRoute({
    operationId: "tenants.create",
    method: "post",
    path: "/v1/tenants",
    security: operator(),
    summary: "Create a tenant",
    description:
      "Makes a tenant and its sandbox, each with a secret key that holds every scope and a publishable key. The keys are shown once.",
    request: { body: jsonBody(NewTenant) },
    responses: { 201: json(TenantWithKeys, "The tenant and its keys"), ...problems(slugTaken, externalIdTaken) },
  }),

  handler: async (c) => {
    const { platform, now, realNow } = c.var;
    const body = c.req.valid("json");
    const [liveId, sandboxId] = [newId("tenant", platform.shard, realNow), newId("tenant", platform.shard, realNow)];
    const about = {
      slug: body.slug,
      name: body.name,
      // who runs it on a laptop wants to see all of it
      tier: body.tier ?? (c.env.LATCHKEY_ENV === "development" ? ("enterprise" as const) : ("free" as const)),
      ownerEmail: body.owner_email,
      ownerName: body.owner_name ?? null,
      timeZone: body.time_zone,
      locale: body.locale,
      currency: body.currency,
      settings: DEFAULT_SETTINGS,
      limits: null,
      externalId: body.external_id ?? null,
      metadata: body.metadata ?? {},
    };
    const live = await bear(c.env, platform.shard, now, { ...about, id: liveId, livemode: true, twinId: sandboxId });
    const sandbox = await bear(c.env, platform.shard, now, { ...about, id: sandboxId, livemode: false, twinId: liveId });
    const answer = { ...presentTenant(live.tenant), api_keys: [...live.secrets, ...sandbox.secrets] };
    await platform.tenants.insert([live, sandbox], [201, answer]).catch(asTaken({ slug: () => slugTaken({ slug: body.slug }) }));
    return c.json(answer, 201);
  },
});
