declare const verified: unique symbol;

/** The id of a tenant whose right to be here was checked: only reads that authenticate make one, and `repoOf` takes nothing else. */
export type TenantId = string & { readonly [verified]: true };

/** For the reads in `db/tenants` that authenticate, and for nobody else. */
export const asTenantId = (id: string) => id as TenantId;

/** Whose the pumps are, which serve everybody: no tenant's, and so there is no log that tells of them. */
export const PLATFORM = asTenantId("platform");
