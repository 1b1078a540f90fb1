import type { Context } from "hono";
import { type OpenedTenant, openTenant } from "#kernel/asking";
import type { OperatorEnv } from "#kernel/endpoint";
import { licenseNotFound, productNotFound, tenantNotFound } from "#kernel/not-found";

/** The tenant or sandbox that an operator named. Throws `tenant_not_found`, also for one that is closed. */
export async function openedFor(c: Context<OperatorEnv>, tenantId: string): Promise<OpenedTenant> {
  const { env, executionCtx, var: known } = c;
  const actor = { type: "operator" as const, id: known.caller.keyId, ip: known.ip };
  const opened = await openTenant({ env, executionCtx, var: known }, tenantId, actor);
  if (!opened) throw tenantNotFound({});
  return opened;
}

/** Throws `product_not_found` for one that the tenant does not have: a typing error is not to read as done. */
export async function mustHaveProduct({ repo }: OpenedTenant, id: string | undefined): Promise<void> {
  if (id !== undefined && !(await repo.products.byId(id))) throw productNotFound({});
}

/** Throws `license_not_found` where the tenant does not have them all. */
export async function mustHaveLicenses({ repo }: OpenedTenant, ids: readonly string[] = []): Promise<void> {
  const unknown = ids.length > 0 ? await repo.warming.unknownLicenses(ids) : [];
  if (unknown.length > 0) throw licenseNotFound({}, { extra: { unknown: unknown.map((place) => ids[place]) } });
}
