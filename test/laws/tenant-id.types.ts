// Checked by the compiler alone: were one of these lines to compile, the unused expectation would be an error.
import type { Asking } from "#db/commit";
import { repoOf } from "#db/repo";
import type { TenantRow } from "#db/tenants/callers";

declare const asking: Omit<Asking, "tenantId">;
declare const tenant: TenantRow;

// @ts-expect-error -- a forgotten tenant
repoOf(asking, tenant);

// @ts-expect-error -- a tenant that nobody authenticated: any text would do otherwise
repoOf({ ...asking, tenantId: "ten_0001jd" }, tenant);

// @ts-expect-error -- not even the id of a row that was read
repoOf({ ...asking, tenantId: tenant.id }, tenant);
