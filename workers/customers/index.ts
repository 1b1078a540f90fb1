import { createCustomer } from "./customers.create.ts";
import { getCustomer } from "./customers.get.ts";
import { listCustomers } from "./customers.list.ts";
import { updateCustomer } from "./customers.update.ts";

/** Who buys from a tenant. */
export const customers = [createCustomer, listCustomers, getCustomer, updateCustomer];
