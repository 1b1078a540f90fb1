import type { Repo } from "#db/repo";
import {
  featureArchived,
  featureNotFound,
  productArchived,
  productNotFound,
  templateArchived,
  templateNotFound,
} from "#kernel/not-found";

type Named = { product_id?: string | null | undefined; template_id?: string | null | undefined };

/** What a plan belongs to, by the ids or codes that a caller gave; a null takes it away, what is left out stays as it was. */
export async function belongingsOf(repo: Repo, named: Named, held: { productId: string | null; templateId: string | null }) {
  const [product, template] = await Promise.all([
    named.product_id ? repo.products.byIdOrCode(named.product_id) : null,
    named.template_id ? repo.templates.byId(named.template_id) : null,
  ]);
  if (product === undefined) throw productNotFound({});
  if (product?.archivedAt && product.id !== held.productId) throw productArchived({});
  if (template === undefined) throw templateNotFound({});
  if (template?.archivedAt && template.id !== held.templateId) throw templateArchived({});
  return {
    productId: named.product_id === undefined ? held.productId : (product?.id ?? null),
    templateId: named.template_id === undefined ? held.templateId : (template?.id ?? null),
  };
}

/** The id of the feature whose use a price counts, by id or code. */
export async function meteredIdOf(repo: Repo, name: string | null | undefined): Promise<string | null> {
  if (!name) return null;
  const found = await repo.features.byNames([name]);
  const feature = found.find(({ id }) => id === name) ?? found[0];
  if (!feature) throw featureNotFound({});
  if (feature.archivedAt) throw featureArchived({});
  return feature.id;
}
