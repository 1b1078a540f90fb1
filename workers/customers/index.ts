import { createCustomer } from "./customers.create.ts";
import { listCustomerEntitlements } from "./customers.entitlements.ts";
import { getCustomer } from "./customers.get.ts";
import { listCustomers } from "./customers.list.ts";
import { updateCustomer } from "./customers.update.ts";

/** Who buys from a tenant. */
export const customers = [createCustomer, listCustomers, getCustomer, updateCustomer, listCustomerEntitlements];
