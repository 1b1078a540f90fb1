import type { Repo } from "#db/repo";
import type { OrderRow } from "#db/sales/orders";
import { saleOf, taxed } from "#kernel/billing/selling";
import { productArchived, templateArchived, templateNotFound } from "#kernel/not-found";
import type { ProblemError } from "#kernel/problem";
import { invalidRequest } from "#kernel/problems";
import { entitlementsFromWire, refuseUnsoundTerms } from "#kernel/terms";
import type { z } from "#kernel/wire";
import { taxOfLines, type DocumentLine } from "#rules/billing/documents";
import { effectiveTerms } from "#rules/licensing/terms";
import { dateIn } from "#rules/time";
import { priceOrder, type PricedOrder, type StoredDiscount, type StoredOrderLine } from "#rules/sales/orders";
import type { NewOrder } from "./schemas.ts";

/** How long the stored lines may be, in characters: row and event hold them whole, and the database takes 2 MB at once. */
const LINES_MAX = 500_000;

type Body = z.infer<typeof NewOrder>;
type Offered = Awaited<ReturnType<Repo["orders"]["ingredients"]>>["offered"];
type Unpriced = Omit<StoredOrderLine, "amount" | "discount" | "tax" | "total">;

/** What an order is for and what it costs, as it is stored. */
export type Pricing = Omit<PricedOrder, "lines"> & { lines: StoredOrderLine[]; discount: StoredDiscount | null } & Pick<
    OrderRow,
    "legalEntityId" | "taxEvidence"
  >;

/**
 * The lines of an order with their prices as they stand now. Throws `template_not_found`, `template_archived`, `product_archived`, what
 * entitlements throw, and `invalid_request` for terms that contradict themselves and for lines without a price in one currency.
 */
export async function pricedLines(repo: Repo, body: Body, offered: Offered, now: Date): Promise<Pricing> {
  const currency = currencyOf(repo.tenant.currency, body, offered);
  const lines = await Promise.all(
    body.items.map((item, index) => unpricedLine(repo, item, `/items/${index}`, offered, currency)),
  );
  const discount = storedDiscount(body.discount ?? null);
  const priced = priceOrder(lines, discount, currency);
  if (!priced.ok) throw wrong(priced.pointer, priced.code, priced.detail);
  if (JSON.stringify(lines).length > LINES_MAX)
    throw wrong("/items", "too_large", "The lines say too much in all; leave to the template what it says as well.");
  return { ...(await withTax(repo, body.customer_id, lines, priced.price, now)), discount };
}

/** The lines with their tax on top, as of now: what is charged is what the invoice will say. Throws `sale_not_taxable`. */
async function withTax(repo: Repo, customerId: string, lines: readonly Unpriced[], price: PricedOrder, now: Date) {
  const sale = await saleOf(repo, customerId, null);
  const taxPointOn = dateIn(now, sale.seller.timeZone);
  const documentLines = lines.map((line, index) => orderedLine(line, index, price));
  const { currency } = price;
  const { content, evidence } = taxed(documentLines, { taxBehavior: "exclusive", currency }, sale, { now, taxPointOn });
  const shares = taxOfLines(content.lines, { ...content, groups: content.taxGroups }, "exclusive");
  return {
    currency,
    subtotal: price.subtotal,
    discountTotal: price.discountTotal,
    taxTotal: content.taxTotal,
    total: content.total,
    legalEntityId: sale.seller.id,
    taxEvidence: evidence,
    lines: lines.map((line, index): StoredOrderLine => {
      const { amount = 0, discount = 0 } = price.lines[index] ?? {};
      const { tax = 0, total = amount - discount } = shares[index] ?? {};
      return { ...line, amount, discount, tax, total, taxedAs: content.lines[index]?.tax ?? UNTAXED };
    }),
  };
}

const UNTAXED = { category: "O", rate: "0", taxRateId: null, reason: null } as const;

/** What was ordered as a line of a document: how it is taxed follows from it, and so will its invoice. */
function orderedLine(line: Unpriced, index: number, price: PricedOrder): DocumentLine {
  const { amount = 0, discount = 0 } = price.lines[index] ?? {};
  return {
    id: String(index + 1),
    description: line.name,
    quantity: line.quantity,
    unitAmount: String(line.unitAmount),
    amount,
    discount,
    net: amount - discount,
    tax: UNTAXED,
    priceId: null,
    priceRev: null,
    productId: line.productId,
    subscriptionItemId: null,
    periodStartAt: null,
    periodEndAt: null,
    derivation: { kind: "flat", quantity: line.quantity, unitAmount: line.unitAmount },
    creditsLine: null,
  };
}

/** The order's own currency: as given, else that of the first template with a price, else the tenant's. */
function currencyOf(tenantCurrency: string, { currency, items }: Body, offered: Offered): string {
  if (currency !== undefined) return currency;
  const priced = items.flatMap(({ template_id }) => offered.get(template_id)?.terms.pricing ?? []);
  return priced[0]?.currency ?? tenantCurrency;
}

async function unpricedLine(
  repo: Repo,
  item: Body["items"][number],
  at: string,
  offered: Offered,
  currency: string,
): Promise<Unpriced> {
  const offer = offered.get(item.template_id);
  if (!offer) throw templateNotFound({});
  const { template, terms } = offer;
  if (template.archivedAt !== null) throw templateArchived({});
  if (offer.isProductArchived !== 0) throw productArchived({});

  const overrides = {
    duration: item.duration,
    entitlements: item.entitlements && (await entitlementsFromWire(repo, item.entitlements, { at: `${at}/entitlements` })),
    restrictions: item.restrictions,
  };
  refuseUnsoundTerms(effectiveTerms(terms, overrides), at);
  return {
    templateId: template.id,
    templateRev: template.rev,
    productId: template.productId,
    name: template.name,
    quantity: item.quantity,
    unitAmount: item.unit_amount ?? templatePrice(terms.pricing, at, currency),
    overrides,
  };
}

function templatePrice(pricing: { currency: string; unitAmount: number } | null, at: string, currency: string): number {
  if (pricing === null)
    throw wrong(`${at}/unit_amount`, "price_missing", "The template has no price, so the line must name one.");
  if (pricing.currency === currency) return pricing.unitAmount;
  throw wrong(
    `${at}/template_id`,
    "currency_mismatch",
    `The template is priced in ${pricing.currency}, the order is in ${currency}.`,
  );
}

function storedDiscount(discount: NonNullable<Body["discount"]> | null): StoredDiscount | null {
  if (discount === null) return null;
  const reason = discount.reason ?? null;
  return "percent" in discount ? { percent: String(discount.percent), reason } : { amount: discount.amount, reason };
}

function wrong(pointer: string, code: string, detail: string): ProblemError {
  return invalidRequest({ what: detail }, { errors: [{ pointer, code, detail }] });
}
