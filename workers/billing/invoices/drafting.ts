import type { InvoiceRow } from "#db/billing/invoices";
import type { Repo } from "#db/repo";
import { productNotFound } from "#kernel/not-found";
import { invalidRequest } from "#kernel/problems";
import { taxed, taxPointOf, type Sale } from "#kernel/billing/selling";
import type { z } from "#kernel/wire";
import type { DocumentLine } from "#rules/billing/documents";
import { isAmount } from "#rules/money";
import type { NewInvoice } from "./schemas.ts";

type NewLine = z.infer<typeof NewInvoice>["lines"][number];

/** Lines as somebody typed them, still without tax. Throws `product_not_found`, and `invalid_request` for amounts that are none. */
export async function linesFrom(repo: Repo, lines: readonly NewLine[]): Promise<DocumentLine[]> {
  const named = [...new Set(lines.flatMap(({ product_id }) => product_id ?? []))];
  const ids = named.length === 0 ? [] : await repo.products.idsOf(named);
  return lines.map((line, index) => {
    const productId = line.product_id == null ? null : ids[named.indexOf(line.product_id)];
    if (productId === undefined) throw productNotFound({});
    return lineFrom(line, index, productId);
  });
}

function lineFrom(line: NewLine, index: number, productId: string | null): DocumentLine {
  const amount = line.quantity * line.unit_amount;
  if (!isAmount(amount)) throw wrong(`/lines/${index}`, "amount_too_large", "Quantity times price is too large.");
  if (line.discount > Math.abs(amount))
    throw wrong(`/lines/${index}/discount`, "discount_too_large", "The discount is larger than the line.");
  const discount = amount < 0 ? 0 - line.discount : line.discount;
  return {
    id: String(index + 1),
    description: line.description,
    quantity: line.quantity,
    unitAmount: String(line.unit_amount),
    amount,
    discount,
    net: amount - discount,
    tax: { category: "O", rate: "0", taxRateId: null, reason: null, goods: line.goods },
    priceId: null,
    priceRev: null,
    productId,
    subscriptionItemId: null,
    periodStartAt: line.period_start_at?.toISOString() ?? null,
    periodEndAt: line.period_end_at?.toISOString() ?? null,
    derivation: { kind: "manual" },
    creditsLine: null,
  };
}

/** A draft with the sums that it would have if it became final now. */
export function drafted(repo: Repo, row: InvoiceRow, sale: Sale, now: Date): InvoiceRow {
  const { content } = taxed(row.lines, row, sale, { now, taxPointOn: taxPointOf(repo, row.lines, sale.seller, now) });
  // the day whose rates count is known when the document becomes final, and not before
  return { ...row, ...content, taxPointOn: null };
}

function wrong(pointer: string, code: string, detail: string) {
  return invalidRequest({ what: detail }, { errors: [{ pointer, code, detail }] });
}
