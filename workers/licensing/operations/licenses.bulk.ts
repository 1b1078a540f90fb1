import { createRoute } from "@hono/zod-openapi";
import type { Repo } from "#db/repo";
import { endpoint, json, jsonBody, problems, scope } from "#kernel/endpoint";
import { customerNotFound, licenseNotFound, productNotFound, templateNotFound } from "#kernel/not-found";
import type { z } from "#kernel/wire";
import type { LicenseSelection } from "#rules/licensing/operations";
import type { BulkParams } from "./moves.ts";
import { previewOf } from "./previewing.ts";
import { tooManyOperations } from "./problems.ts";
import { Bulk, Operation, OperationPreview } from "./schemas.ts";
import { startOperation } from "./starting.ts";

type Body = z.infer<typeof Bulk>;

export const bulkLicenses = endpoint({
  route: createRoute({
    operationId: "licenses.bulk",
    method: "post",
    path: "/v1/licenses/bulk",
    security: scope("licenses:write"),
    summary: "Change many licenses at once",
    description:
      "Suspends, reinstates, renews, revokes or cancels every license that fits the filter, from the oldest to the newest that there is now. Each is judged when its turn comes; what came of it stands in the operation's results.",
    request: { body: jsonBody(Bulk) },
    responses: {
      202: json(Operation, "The operation that does it"),
      200: json(OperationPreview, "With dry_run: what it would do"),
      ...problems(customerNotFound, productNotFound, templateNotFound, licenseNotFound, tooManyOperations),
    },
  }),

  handler: async (c) => {
    const { repo, caller, now } = c.var;
    const body = c.req.valid("json");
    const wanted = await selectionFrom(repo, body.filter, now);
    const { total, newest } = await repo.operations.survey(wanted);
    const params = paramsFrom(body, { ...wanted, upTo: newest ?? "" });
    if (body.dry_run) return c.json(await previewOf({ repo, now, by: caller.keyId }, params, total), 200);
    return c.json(await startOperation(c, params, total), 202);
  },
});

function paramsFrom(body: Body, selection: LicenseSelection): BulkParams {
  return {
    kind: "licenses.bulk",
    action: body.action,
    selection,
    reason: body.reason ?? null,
    cause: body.cause ?? null,
    ...(body.action === "renew" && { renewal: renewalFrom(body) }),
  };
}

const renewalFrom = ({ duration, until, basis }: Body) => ({
  duration: duration ?? null,
  until: until?.getTime() ?? null,
  basis: basis ?? ("from_now_if_expired" as const),
});

/** The filter with what it names looked up: another tenant's is not there, as everywhere. */
async function selectionFrom(repo: Repo, filter: Body["filter"], now: Date): Promise<LicenseSelection> {
  const { customer_id: customerId, product_id: product, template_id: templateId, ids } = filter;
  if (customerId !== undefined && !(await repo.customers.byId(customerId))) throw customerNotFound({});
  if (templateId !== undefined && !(await repo.templates.byId(templateId))) throw templateNotFound({});
  const found = product === undefined ? undefined : await repo.products.byIdOrCode(product);
  if (product !== undefined && !found) throw productNotFound({});
  if (ids && (await repo.operations.known(ids)).size < new Set(ids).size) throw licenseNotFound({});
  return {
    status: filter.status,
    customerId,
    productId: found?.id,
    templateId,
    expiresBefore: filter.expires_before?.getTime(),
    externalIds: filter.external_ids,
    ids,
    upTo: null,
    madeUntil: now.getTime(),
  };
}
