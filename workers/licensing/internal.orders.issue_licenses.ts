import { createRoute } from "@hono/zod-openapi";
import { NotUnique } from "#db/commit";
import type { License } from "#db/licensing/licenses";
import type { OrderRow } from "#db/sales/orders";
import type { OpenedTenant } from "#kernel/asking";
import { changing } from "#kernel/changing";
import { internalEndpoint, json, jsonBody } from "#kernel/endpoint";
import type { Env } from "#kernel/env";
import { fact } from "#kernel/facts";
import { orderNotFound } from "#kernel/not-found";
import { newOwned } from "#kernel/present";
import { openForStory } from "#kernel/story";
import { z, Ref } from "#kernel/wire";
import { lineOfLicense, whyNotMoveOrder, type StoredOrderLine } from "#rules/sales/orders";
import { workflowIdOf } from "#rules/stories/workflow-ids";
import { licenseIdOf } from "./derived-ids.ts";
import { keyColumns, newLicense, newLicenseKey } from "./new-license.ts";
import { presentLicense } from "./presenters.ts";
import { orderNotReady } from "./problems.ts";

/** How many licenses one call issues at most. */
const CHUNK = 50;

export const issueLicenses = internalEndpoint({
  route: createRoute({
    operationId: "internal.orders.issue_licenses",
    method: "post",
    path: "/internal/orders/issue_licenses",
    request: {
      body: jsonBody(
        z
          .strictObject({ tenant_id: Ref, order_id: Ref, from: z.int().min(0), to: z.int().min(0) })
          .refine(({ from, to }) => from <= to && to - from <= CHUNK, `must span at most ${CHUNK} licenses`),
      ),
    },
    responses: { 200: json(z.object({ issued: z.int() }), "How many licenses of the span were issued by this call") },
  }),

  handler: async (c) => {
    const { tenant_id: tenantId, order_id: orderId, from, to } = c.req.valid("json");
    const opened = await openForStory(c, tenantId, workflowIdOf.order(orderId));
    const issued = await changing(() => issue(c.env, opened, orderId, { from, to }));
    return c.json({ issued }, 200);
  },
});

type Span = { from: number; to: number };

/** Issues what is missing of the span, all in one batch; undefined when another call issued some of it, or the order changed. */
async function issue(env: Env, { repo, vault, now }: OpenedTenant, orderId: string, span: Span): Promise<number | undefined> {
  const order = await repo.orders.byId(orderId);
  if (!order) throw orderNotFound({});
  const refused = whyNotMoveOrder(order, "fulfill");
  if (refused?.code === "already_done") return 0;
  if (refused) throw orderNotReady({ detail: refused.detail });

  const wanted = await licensesIn(order, span);
  const { revisions, customer, made } = await repo.licenses.orderIngredients(
    order,
    wanted.map(({ id }) => id),
  );
  if (!customer) throw new Error("The customer of an order is gone");
  const missing = wanted.filter(({ id }) => !made.has(id));
  if (missing.length === 0) return 0;

  const licenses: License[] = await Promise.all(
    missing.map(async ({ id, line }) => {
      const pinned = revisions.find(({ templateId, rev }) => templateId === line.templateId && rev === line.templateRev);
      if (!pinned) throw new Error("The revision that an order pins is gone");
      const key = { text: newLicenseKey(pinned.terms), origin: "issued" as const, ordered: true };
      const recipe = {
        id,
        template: { id: line.templateId, productId: line.productId, rev: line.templateRev },
        revision: pinned.terms,
        overrides: line.overrides,
        customer,
        resellerId: order.resellerId,
        orderId: order.id,
        issuedTo: customer.email,
        startsAt: now,
        owned: newOwned({}, now),
      };
      return newLicense(repo, recipe, await keyColumns({ env, vault, repo, now }, id, key));
    }),
  );
  const told = {
    facts: licenses.map((license) => fact("license.created", presentLicense(license, now))),
    answer: [200, null] as const,
  };
  const done = await repo.licenses
    .issue(
      licenses.map(({ row }) => row),
      order,
      told,
    )
    .catch(raced);
  return done && licenses.length;
}

/** The licenses of a span, each with the line it belongs to; indexes beyond the order are left out. */
async function licensesIn(order: OrderRow, { from, to }: Span): Promise<{ id: string; line: StoredOrderLine }[]> {
  const indexes = Array.from({ length: to - from }, (_, i) => from + i);
  const licenses = await Promise.all(
    indexes.map(async (index) => {
      const line = lineOfLicense<StoredOrderLine>(order.lines, index);
      return line ? [{ id: await licenseIdOf(order.id, index), line }] : [];
    }),
  );
  return licenses.flat();
}

/** Another call issued some of these licenses in between. */
function raced(error: unknown): undefined {
  if (error instanceof NotUnique && error.columns.includes("licenses.id")) return undefined;
  throw error;
}
