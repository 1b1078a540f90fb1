import { createTenant } from "./tenants.create.ts";

/** Vendors, their keys and settings. */
export const tenants = [createTenant];
