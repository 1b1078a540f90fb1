import { createProduct } from "./products.create.ts";
import { getProduct } from "./products.get.ts";
import { listProducts } from "./products.list.ts";
import { updateProduct } from "./products.update.ts";

/** What a tenant sells: products, features, templates. */
export const catalog = [createProduct, listProducts, getProduct, updateProduct];
