import { listQuery } from "#kernel/endpoint";
import { z, Code, ExternalId, Instant, ownedInput, ownedOutput, text } from "#kernel/wire";

export const Product = z
  .object({
    object: z.literal("product"),
    id: z.string(),
    code: z.string(),
    name: z.string(),
    description: z.string().nullable(),
    archived_at: Instant.nullable(),
    ...ownedOutput,
  })
  .openapi("Product");

export const NewProduct = z
  .strictObject({ name: text(200), code: Code, description: text(2000).nullish(), ...ownedInput })
  .openapi("NewProduct", { example: { name: "Acme Studio", code: "acme-studio", description: "The editor for professionals" } });

export const ProductPatch = NewProduct.partial().openapi("ProductPatch", { example: { name: "Acme Studio 2" } });

export const ProductQuery = listQuery({
  code: Code.optional(),
  external_id: ExternalId.optional(),
  archived: z.stringbool({ truthy: ["true"], falsy: ["false"] }).optional().openapi({ type: "boolean" }),
});
