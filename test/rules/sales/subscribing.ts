import type { CouponTerms } from "#rules/billing/coupons";
import type { DocumentLine } from "#rules/billing/documents";
import type { StoredPriceTerms } from "#rules/billing/price-terms";
import type { ProrationConvention } from "#rules/billing/proration";
import type { Planning } from "#rules/sales/subscription-lines";
import { type Planned, type SubscriptionPlan, billedBy } from "#rules/sales/subscription-plans";
import { type SubscribedPrice, type SubscriptionState, priceKey } from "#rules/sales/subscriptions";

const TAX = { category: "S", rate: "19", taxRateId: null, reason: null } as const;

/** A monthly price per unit in EUR, unless told otherwise. */
export function price(priceId: string, unitAmount: string | null, terms: Partial<StoredPriceTerms> = {}): SubscribedPrice {
  return {
    priceId,
    priceRev: 1,
    productId: `prod_${priceId}`,
    description: `Plan ${priceId}`,
    terms: {
      currency: "EUR",
      scheme: "per_unit",
      unitAmount,
      tiers: [],
      packageSize: null,
      interval: "month",
      intervalCount: 1,
      meteredFeatureId: null,
      taxBehavior: "exclusive",
      trial: null,
      ...terms,
    },
  };
}

/** A coupon of ten percent for good, unless told otherwise. */
export function coupon(id: string, terms: Partial<CouponTerms> = {}): CouponTerms {
  return {
    id,
    percent: "10",
    amount: null,
    currency: null,
    duration: "forever",
    durationMonths: null,
    productIds: [],
    priceIds: [],
    ...terms,
  };
}

/** The revision 1 of a price, in this quantity. */
export const of = (priceId: string, quantity = 1, id?: string) => ({ priceId, priceRev: 1, quantity, id });

/** Carries plans out as the edge does: lines become an invoice, and the items know the lines that bill them. */
export class Books {
  invoices: { id: string; lines: DocumentLine[] }[] = [];
  usage = new Map<string, number>();
  #state: SubscriptionState | null = null;
  readonly #prices: Map<string, SubscribedPrice>;
  readonly #coupons: Map<string, CouponTerms>;
  readonly #by: ProrationConvention;

  constructor(prices: readonly SubscribedPrice[], coupons: readonly CouponTerms[] = [], by: ProrationConvention = "second") {
    this.#prices = new Map(prices.map((known) => [priceKey(known), known]));
    this.#coupons = new Map(coupons.map((known) => [known.id, known]));
    this.#by = by;
  }

  get state(): SubscriptionState {
    if (this.#state === null) throw new Error("Nothing was started");
    return this.#state;
  }

  get started(): boolean {
    return this.#state !== null;
  }

  /** What is known at an instant. */
  at(at: Date | string): Planning {
    const lines = new Map(
      (this.#state?.items ?? []).flatMap((item) => {
        const line = this.invoices
          .find(({ id }) => id === item.billed?.invoiceId)
          ?.lines.find(({ id }) => id === item.billed?.lineId);
        return item.billed && line ? [[item.id, { on: item.billed, line, credited: 0 }] as const] : [];
      }),
    );
    return {
      at: new Date(at),
      prorationBy: this.#by,
      prices: this.#prices,
      billed: lines,
      coupons: this.#coupons,
      usage: this.usage,
    };
  }

  /** Executes what must be possible. */
  do(planned: Planned): SubscriptionPlan {
    if (!planned.ok) throw new Error(`${planned.refused.code}: ${planned.refused.detail}`);
    const { next, lines } = planned.plan;
    this.#state = next;
    if (lines.length > 0) {
      const id = `inv_${this.invoices.length + 1}`;
      const numbered = lines.map((line, index) => ({ ...line, id: String(index + 1), tax: line.tax ?? TAX }));
      this.invoices.push({ id, lines: numbered });
      this.#state = billedBy(next, id, numbered);
    }
    return planned.plan;
  }

  /** All that was invoiced, and what waits for the next invoice. */
  get total(): number {
    const waiting = this.#state?.pendingLines ?? [];
    return [...this.invoices.flatMap(({ lines }) => lines), ...waiting].reduce((sum, { net }) => sum + net, 0);
  }

  /** How many lines were rounded. */
  get lines(): number {
    return this.invoices.flatMap(({ lines }) => lines).length + (this.#state?.pendingLines.length ?? 0);
  }
}
