import { createRoute } from "@hono/zod-openapi";
import type { Rights } from "#db/entitlements/rights";
import { sha256Hex } from "#kernel/crypto";
import { empty, endpoint, idParam, json, problems, scope } from "#kernel/endpoint";
import { customerNotFound, productNotFound } from "#kernel/not-found";
import { entitlementToWire } from "#kernel/terms";
import type { z } from "#kernel/wire";
import { mergeRights, rightEndsAt, type GivenRight, type MergedRight } from "#rules/entitlements/merging";
import { CustomerEntitlements, EntitlementsQuery } from "./schemas.ts";

/** How many licenses are merged, and how many products' defaults are looked at; more are told of by `has_more`. */
const LIMITS = { licenses: 1000, products: 100 };

/** How many of the licenses that give a feature are named. */
const LICENSES_NAMED = 100;

export const listCustomerEntitlements = endpoint({
  route: createRoute({
    operationId: "customers.entitlements",
    method: "get",
    path: "/v1/customers/{id}/entitlements",
    security: scope("entitlements:read"),
    summary: "Get what a customer may use",
    description:
      "Every feature, by all licenses of the customer that are valid now, merged: one license that gives a feature is enough; without a limit wins; limits that are counted alike add up, those that are counted otherwise stand in entries of their own; the latest end counts. Of a product of which the customer has no valid license, its default_entitlements count. One call for all feature flags; with the ETag of the last answer in If-None-Match it answers 304 until something changed.",
    request: { params: idParam("cus"), query: EntitlementsQuery },
    responses: {
      200: json(CustomerEntitlements, "What the customer may use"),
      304: empty("It is as it was when the ETag was given"),
      ...problems(customerNotFound, productNotFound),
    },
  }),

  handler: async (c) => {
    const { repo, now } = c.var;
    const { id } = c.req.valid("param");
    const { product_id: named } = c.req.valid("query");
    const product = named === undefined ? null : await repo.products.byIdOrCode(named);
    if (product === undefined) throw productNotFound({});
    const rights = await repo.rights.ofCustomer(id, product?.id, LIMITS);
    if (!rights) throw customerNotFound({});

    const known = {
      object: "customer_entitlements" as const,
      customer_id: id,
      product_id: product?.id ?? null,
      entitlements: mergeRights(givenBy(rights), now).map(presentRight),
      licenses_count: rights.licenses.length,
      has_more: rights.hasMore,
    };
    // the instant of asking is no part of what is known
    const etag = `"${(await sha256Hex(JSON.stringify(known))).slice(0, 32)}"`;
    const headers = { etag, "cache-control": "private, no-cache" };
    if (holds(c.req.header("if-none-match"), etag)) return c.body(null, 304, headers);
    return c.json({ ...known, evaluated_at: now.toISOString() }, 200, headers);
  },
});

function givenBy({ licenses, defaults }: Rights): GivenRight[] {
  return [
    ...licenses.flatMap(({ entitlements, ...license }) =>
      entitlements.map((right) => ({ right, from: { licenseId: license.id }, until: rightEndsAt(right, license) })),
    ),
    ...defaults.flatMap(({ productId, entitlements }) =>
      entitlements.map((right) => ({
        right,
        from: { defaultOf: productId },
        until: right.expiresAt === null ? null : new Date(right.expiresAt),
      })),
    ),
  ];
}

const presentRight = (right: MergedRight): z.infer<typeof CustomerEntitlements>["entitlements"][number] => ({
  ...entitlementToWire({ ...right, expiresAt: right.expiresAt?.toISOString() ?? null }),
  license_ids: right.licenseIds.slice(0, LICENSES_NAMED),
  licenses_count: right.licenseIds.length,
  default_of: right.defaultOf,
});

/** Whether one of the tags that the caller has is this one; `W/` makes no difference to who only reads. */
function holds(header: string | undefined, etag: string): boolean {
  const tags = new Set((header ?? "").split(",").map((tag) => tag.trim().replace(/^W\//, "")));
  return tags.has(etag) || tags.has("*");
}
