import type { Caller } from "./auth.ts";

/** Whether a caller may know of licenses of a product: a publishable key may be bound to some, and sees no others. */
export function mayKnow({ productIds }: Pick<Caller, "productIds">, productId: string): boolean {
  return productIds.length === 0 || productIds.includes(productId);
}
