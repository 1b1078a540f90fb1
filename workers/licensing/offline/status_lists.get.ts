import { createRoute } from "@hono/zod-openapi";
import { endpoint, json, problems, scope } from "#kernel/endpoint";
import { productNotFound } from "#kernel/not-found";
import { changedMeanwhile } from "#kernel/problems";
import { z } from "#kernel/wire";
import { offlineKeysetPending } from "./problems.ts";
import { StatusListAnswer, StatusListQuery } from "./schemas.ts";
import { statusListOf } from "./status.ts";
import { trustOf, usable } from "./trust.ts";

const ProductParam = z.strictObject({
  product_id: z
    .string()
    .max(255)
    .openapi({ param: { name: "product_id", in: "path" }, example: "prod_00…" }),
});

export const getStatusList = endpoint({
  route: createRoute({
    operationId: "status_lists.get",
    method: "get",
    path: "/v1/offline/status/{product_id}",
    security: scope("offline:read"),
    summary: "Get the status list of a product",
    description:
      "Which license files are suspended, revoked or superseded. Carry it to devices without a connection: it says nothing about who they are. The keyset goes with it: a device whose file is older may not know the key that signed the list. It is signed anew when what it says changes or half of its week is over; max_age_s asks for one that is fresher.",
    request: { params: ProductParam, query: StatusListQuery },
    responses: {
      200: json(StatusListAnswer, "The list"),
      ...problems(productNotFound, offlineKeysetPending, changedMeanwhile),
    },
  }),

  handler: async (c) => {
    const product = await c.var.repo.products.byId(c.req.valid("param").product_id);
    if (!product) throw productNotFound({});
    const list = await statusListOf(c.var, product.id, c.req.valid("query").max_age_s);
    const { keyset } = usable(await trustOf(c.var), c.var.now);
    return c.json(
      {
        object: "status_list" as const,
        product_id: product.id,
        status_list: list.text,
        keyset: keyset.text,
        seq: list.seq,
        created_at: list.createdAt.toISOString(),
        expires_at: list.expiresAt.toISOString(),
      },
      200,
    );
  },
});
