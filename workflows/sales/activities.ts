/** One order of one tenant. */
export type OrderRef = { tenantId: string; orderId: string };

/** What fulfilling an order needs to know of it. */
export type OrderToFulfill = {
  status: "pending" | "approved" | "fulfilled" | "canceled";
  /** How many licenses were bought, over all lines. */
  quantity: number;
  /** How many of them exist. */
  issued: number;
  /** How many the edge issues in one batch at most. */
  chunk: number;
};

/** What the stories of the sales room need done. Each may be done twice. */
export type SalesActivities = {
  readFulfillment: (order: OrderRef) => Promise<OrderToFulfill>;
  /** Issues the licenses with the indexes `from` (counted from 0) up to, not including, `to`. Their ids follow from order and index. */
  issueLicenses: (order: OrderRef & { from: number; to: number }) => Promise<void>;
  /** Marks the order fulfilled, if every license of it exists. Answers the order's status after that. */
  completeOrder: (order: OrderRef) => Promise<OrderToFulfill["status"]>;
};
