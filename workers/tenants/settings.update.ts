import { createRoute } from "@hono/zod-openapi";
import { changing } from "#kernel/changing";
import { endpoint, json, jsonBody, problems, scope } from "#kernel/endpoint";
import { changeFact } from "#kernel/facts";
import { changedMeanwhile, unauthorized } from "#kernel/problems";
import type { TenantRow } from "#db/tenants/callers";
import { aboveCeiling, ceilingsOf, type LimitOverrides } from "#rules/limits/numbers";
import { changedSettings, settingsOf } from "#rules/tenants/settings";
import { limitAboveTier } from "./problems.ts";
import { presentSettings } from "./presenters.ts";
import { SettingsObject, SettingsPatch } from "./schemas.ts";

export const updateSettings = endpoint({
  isAlwaysOpen: true,
  route: createRoute({
    operationId: "settings.update",
    method: "patch",
    path: "/v1/settings",
    security: scope("settings:write"),
    summary: "Change the tenant's settings",
    description: "Groups and settings that are left out stay as they are.",
    request: { body: jsonBody(SettingsPatch) },
    responses: { 200: json(SettingsObject, "The settings as they are now"), ...problems(limitAboveTier, changedMeanwhile) },
  }),

  handler: async (c) => {
    const { repo, now } = c.var;
    const body = c.req.valid("json");
    const settings = await changing(async () => {
      const before = await repo.own.fresh();
      if (!before) throw unauthorized({});
      refuseRaised(before, body.limits ?? {});
      const changed = changedSettings(settingsOf(before.settings), body);
      const after = presentSettings({ ...before, settings: changed, updatedAt: now });
      const told = { facts: [changeFact("settings.updated", presentSettings(before), after)], answer: [200, after] as const };
      return (await repo.own.changeSettings(before, changed, told)) && after;
    });
    return c.json(settings, 200);
  },
});

/** A tenant may hold itself to less than it bought; more is the operator's to give. */
function refuseRaised({ tier, limits }: TenantRow, asked: LimitOverrides): void {
  const errors = aboveCeiling(ceilingsOf(tier, limits), asked).map(({ name, most }) => ({
    pointer: `/limits/${name}`,
    code: "above_tier",
    detail: `At most ${most}.`,
  }));
  if (errors.length > 0) throw limitAboveTier({ tier }, { errors });
}
