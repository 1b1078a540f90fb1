import { createRoute } from "@hono/zod-openapi";
import { PaymentMethod, presentPaymentMethod } from "#kernel/billing/payment-method";
import { asTaken, changing } from "#kernel/changing";
import { endpoint, idParam, json, jsonBody, problems, scope } from "#kernel/endpoint";
import { changeFact } from "#kernel/facts";
import { changedOwned } from "#kernel/present";
import { changedMeanwhile, externalIdTaken } from "#kernel/problems";
import { paymentMethodNotActive, paymentMethodNotFound } from "./problems.ts";
import { PaymentMethodChanges } from "./schemas.ts";

export const updatePaymentMethod = endpoint({
  route: createRoute({
    operationId: "payment_methods.update",
    method: "patch",
    path: "/v1/payment_methods/{id}",
    security: scope("payment_methods:write"),
    summary: "Change a payment method",
    description: "Fields that are left out stay as they are. A customer has one default: making another one it ends the first.",
    request: { params: idParam("pm"), body: jsonBody(PaymentMethodChanges) },
    responses: {
      200: json(PaymentMethod, "The method as it is now"),
      ...problems(paymentMethodNotFound, paymentMethodNotActive, externalIdTaken, changedMeanwhile),
    },
  }),

  handler: async (c) => {
    const { repo, now } = c.var;
    const { id } = c.req.valid("param");
    const body = c.req.valid("json");
    const method = await changing(async () => {
      const before = await repo.paymentMethods.byId(id);
      if (!before) throw paymentMethodNotFound({});
      const becomesDefault = body.is_default === true && !before.isDefault;
      if (becomesDefault && before.status !== "active") throw paymentMethodNotActive({ status: before.status });
      const former = becomesDefault ? await repo.paymentMethods.defaultOf(before.customerId) : undefined;
      // the former one first: two defaults are refused
      const ended = former ? [{ before: former, row: { ...former, isDefault: false, updatedAt: now } }] : [];
      const row = { ...before, isDefault: before.isDefault || becomesDefault, ...changedOwned(before, body, now) };
      const changes = [...ended, { before, row }];
      const facts = changes.map((each) =>
        changeFact("payment_method.updated", presentPaymentMethod(each.before), presentPaymentMethod(each.row)),
      );
      const answer = presentPaymentMethod(row);
      const change = { update: { paymentMethods: changes.map((each) => each.row) } };
      return (await repo.books.write(change, { facts, answer: [200, answer] })) && answer;
    }).catch(asTaken({}));
    return c.json(method, 200);
  },
});
