/** One thing subscribed to, under the revision of its price that it was sold at. */
export type SubscriptionItem = {
  id: string; // si_…, within its subscription
  priceId: string;
  priceRev: number;
  quantity: number;
  /** since when it is under this price (ISO 8601): what was used before is not its own */
  since: string;
  /** the line that billed the running period: what a change gives back derives from it; null: none did */
  billed: { invoiceId: string; lineId: string } | null;
};
