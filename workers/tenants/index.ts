import { createApiKey } from "./api_keys.create.ts";
import { deleteApiKey } from "./api_keys.delete.ts";
import { listApiKeys } from "./api_keys.list.ts";
import { getJwks } from "./jwks.get.ts";
import { getPaymentProvider } from "./payment_providers.get.ts";
import { putPaymentProvider } from "./payment_providers.put.ts";
import { getSettings } from "./settings.get.ts";
import { updateSettings } from "./settings.update.ts";
import { createTenant } from "./tenants.create.ts";
import { deleteTenant } from "./tenants.delete.ts";
import { getTenant } from "./tenants.get.ts";
import { listTenants } from "./tenants.list.ts";
import { updateTenant } from "./tenants.update.ts";

/** Vendors: themselves and their sandboxes, keys, settings and payment providers. */
export const tenants = [
  createTenant,
  listTenants,
  getTenant,
  updateTenant,
  deleteTenant,
  createApiKey,
  listApiKeys,
  deleteApiKey,
  getSettings,
  updateSettings,
  putPaymentProvider,
  getPaymentProvider,
  getJwks,
];
