import type { ProductRow } from "#db/catalog/products";
import { presentOwned } from "#kernel/present";
import type { z } from "#kernel/wire";
import type { Product } from "./schemas.ts";

export const presentProduct = (row: ProductRow): z.infer<typeof Product> => ({
  object: "product",
  id: row.id,
  code: row.code,
  name: row.name,
  description: row.description,
  archived_at: row.archivedAt?.toISOString() ?? null,
  ...presentOwned(row),
});
