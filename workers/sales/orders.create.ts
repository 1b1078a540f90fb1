import { createRoute } from "@hono/zod-openapi";
import { saleNotTaxable } from "#kernel/billing/selling";
import { endpoint, json, jsonBody, problems, scope } from "#kernel/endpoint";
import {
  customerNotFound,
  featureArchived,
  featureNotFound,
  legalEntityNotFound,
  productArchived,
  templateArchived,
  templateNotFound,
} from "#kernel/not-found";
import { changedMeanwhile, externalIdTaken } from "#kernel/problems";
import { paymentProviderFailed, paymentProviderMissing, paymentProviderUnreachable } from "#kernel/stripe/problems";
import { setUpPayment } from "./payment.ts";
import { isPaidAtStripe, placeOrder } from "./placing.ts";
import { presentOrder } from "./presenters.ts";
import { orderCanceled } from "./problems.ts";
import { NewOrder, Order } from "./schemas.ts";

export const createOrder = endpoint({
  route: createRoute({
    operationId: "orders.create",
    method: "post",
    path: "/v1/orders",
    security: scope("orders:write"),
    summary: "Place an order",
    description:
      "Takes the prices of this moment. With provider stripe the answer holds the client_secret with which the buyer pays; the payment, once settled, approves the order by itself. An order that costs nothing needs no payment.",
    request: { body: jsonBody(NewOrder) },
    responses: {
      201: json(Order, "The order"),
      ...problems(
        customerNotFound,
        templateNotFound,
        featureNotFound,
        templateArchived,
        productArchived,
        featureArchived,
        externalIdTaken,
        changedMeanwhile,
        legalEntityNotFound,
        saleNotTaxable,
        paymentProviderMissing,
        paymentProviderFailed,
        paymentProviderUnreachable,
        orderCanceled,
      ),
    },
  }),

  handler: async (c) => {
    const { repo } = c.var;
    const begun = repo.resumes === null ? undefined : await repo.orders.byId(repo.resumes);
    const order = begun ?? (await placeOrder(c.var, c.req.valid("json")));
    if (!isPaidAtStripe(order)) return c.json(presentOrder(order), 201);
    return c.json(await setUpPayment(c, order), 201);
  },
});
