import { createRoute } from "@hono/zod-openapi";
import type { LicenseCounts } from "#db/licensing/overview";
import { endpoint, json, scope } from "#kernel/endpoint";
import type { z } from "#kernel/wire";
import { LICENSE_STATUSES } from "#rules/licensing/states";
import { LICENSE_TYPES } from "#rules/licensing/terms";
import { addDuration } from "#rules/time";
import { LicenseStats, StatsQuery } from "./schemas.ts";

/** How far ahead expiries are counted. */
const HORIZONS = ["P7D", "P30D", "P90D"] as const;

const PRODUCTS_SHOWN = 100;

export const showLicenseStats = endpoint({
  route: createRoute({
    operationId: "licenses.stats",
    method: "get",
    path: "/v1/licenses/stats",
    security: scope("licenses:read"),
    summary: "Count licenses",
    description:
      "By status, type and product, with what runs out in 7, 30 and 90 days and the seats that are held. Everything is counted at this instant, each license once: the answer takes the longer the more licenses it counts.",
    request: { query: StatsQuery },
    responses: { 200: json(LicenseStats, "The counts") },
  }),

  handler: async (c) => {
    const { repo, now } = c.var;
    const { product_id: productId, customer_id: customerId } = c.req.valid("query");
    const ends = HORIZONS.map((within) => addDuration(now, within, repo.tenant.timeZone));
    const counts = await repo.licenseOverview({ productId, customerId }, ends);
    return c.json(presentStats(counts, now), 200);
  },
});

function presentStats(counts: readonly LicenseCounts[], now: Date): z.infer<typeof LicenseStats> {
  const sum = (of: (group: LicenseCounts) => number) => counts.reduce((total, group) => total + of(group), 0);
  const per = <K extends string>(names: readonly K[], nameOf: (group: LicenseCounts) => K) =>
    Object.fromEntries(names.map((name) => [name, sum((group) => (nameOf(group) === name ? group.licenses : 0))])) as Record<
      K,
      number
    >;
  return {
    object: "license_stats",
    total: sum(({ licenses }) => licenses),
    by_status: per(LICENSE_STATUSES, ({ status }) => status),
    by_type: per(LICENSE_TYPES, ({ type }) => type),
    by_product: perProduct(counts),
    in_grace: sum(({ inGrace }) => inGrace),
    expiring: HORIZONS.map((within, n) => ({ within, count: sum(({ expiring }) => expiring[n] ?? 0) })),
    seats_held: sum(({ seatsHeld }) => seatsHeld),
    evaluated_at: now.toISOString(),
  };
}

function perProduct(counts: readonly LicenseCounts[]): z.infer<typeof LicenseStats>["by_product"] {
  const products = new Map<string, { product_id: string; total: number; active: number; seats_held: number }>();
  for (const { productId, status, licenses, seatsHeld } of counts) {
    const known = products.get(productId) ?? { product_id: productId, total: 0, active: 0, seats_held: 0 };
    known.total += licenses;
    known.active += status === "active" ? licenses : 0;
    known.seats_held += seatsHeld;
    products.set(productId, known);
  }
  return [...products.values()]
    .sort((a, b) => b.total - a.total || (a.product_id < b.product_id ? -1 : 1))
    .slice(0, PRODUCTS_SHOWN);
}
