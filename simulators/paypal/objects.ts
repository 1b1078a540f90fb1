import type { Money } from "./money.ts";

/** How the payer's wallet behaves when it is asked for money: PayPal's own code of a refusal, or one of three that answer. */
export type Wallet =
  | "ok"
  | "pending"
  | "declined"
  | "INSTRUMENT_DECLINED"
  | "PAYER_CANNOT_PAY"
  | "PAYER_ACCOUNT_RESTRICTED"
  | "PAYER_ACCOUNT_LOCKED_OR_CLOSED"
  | "TRANSACTION_REFUSED"
  | "REDIRECT_PAYER_FOR_ALTERNATE_FUNDING"
  | "AGREEMENT_ALREADY_CANCELLED";

export const WALLETS: readonly Wallet[] = [
  "ok",
  "pending",
  "declined",
  "INSTRUMENT_DECLINED",
  "PAYER_CANNOT_PAY",
  "PAYER_ACCOUNT_RESTRICTED",
  "PAYER_ACCOUNT_LOCKED_OR_CLOSED",
  "TRANSACTION_REFUSED",
  "REDIRECT_PAYER_FOR_ALTERNATE_FUNDING",
  "AGREEMENT_ALREADY_CANCELLED",
];

/** Who pays. */
export type Payer = { email: string; accountId: string; givenName: string; surname: string; country: string; wallet: Wallet };

export type Breakdown = Readonly<Record<string, Money>>;

/** What an order asks for; one per order here. */
export type PurchaseUnit = {
  reference_id: string;
  amount: Money & { breakdown?: Breakdown };
  description?: string;
  custom_id?: string;
  invoice_id?: string;
  soft_descriptor?: string;
  items?: unknown[];
};

/** An order, with what its presenter needs and the wire never shows. */
export type Order = {
  id: string;
  status: "CREATED" | "PAYER_ACTION_REQUIRED" | "APPROVED" | "COMPLETED" | "VOIDED";
  unit: PurchaseUnit;
  payer: Payer | null;
  returnUrl: string | null;
  cancelUrl: string | null;
  /** The payer's method is to be kept when the money has come; for which customer. */
  keep: { customerId: string; merchantCustomerId: string | null; usageType: string } | null;
  /** The token that pays, or that was made by paying. */
  vaultTokenId: string | null;
  hasSource: boolean;
  captureId: string | null;
  createdAt: number;
  updatedAt: number;
};

/** Money taken: of an order, or (then PayPal calls it a sale) of a subscription. */
export type Capture = {
  id: string;
  status: "COMPLETED" | "PENDING" | "DECLINED" | "PARTIALLY_REFUNDED" | "REFUNDED" | "FAILED";
  pendingReason: string | null;
  amount: Money;
  fee: Money;
  refunded: number;
  /** What the next refund is to come to, see the control call `next_refund`. */
  nextRefund: "COMPLETED" | "PENDING" | "FAILED";
  orderId: string | null;
  subscriptionId: string | null;
  custom_id?: string;
  invoice_id?: string;
  payer: Payer;
  disputed: boolean;
  reversed: boolean;
  createdAt: number;
  updatedAt: number;
};

/** Money given back. */
export type Refund = {
  id: string;
  captureId: string;
  status: "COMPLETED" | "PENDING" | "FAILED" | "CANCELLED";
  amount: Money;
  totalRefunded: Money;
  custom_id?: string;
  invoice_id?: string;
  note_to_payer?: string;
  createdAt: number;
  updatedAt: number;
};

export type Product = {
  id: string;
  name: string;
  type: string;
  more: Record<string, unknown>;
  createdAt: number;
  updatedAt: number;
};

export type BillingCycle = {
  frequency: { interval_unit: "DAY" | "WEEK" | "MONTH" | "YEAR"; interval_count: number };
  tenure_type: "TRIAL" | "REGULAR";
  sequence: number;
  /** 0: without end. */
  total_cycles: number;
  /** Null: a trial that costs nothing. */
  price: Money | null;
};

export type Plan = {
  id: string;
  product_id: string;
  name: string;
  status: "CREATED" | "ACTIVE" | "INACTIVE";
  description?: string;
  cycles: BillingCycle[];
  autoBillOutstanding: boolean;
  failureThreshold: number;
  quantitySupported: boolean;
  currency: string;
  createdAt: number;
  updatedAt: number;
};

export type Subscription = {
  id: string;
  plan_id: string;
  status: "APPROVAL_PENDING" | "APPROVED" | "ACTIVE" | "SUSPENDED" | "CANCELLED" | "EXPIRED";
  statusNote: string | null;
  quantity: number;
  custom_id?: string;
  payer: Payer | null;
  email: string | null;
  startAt: number;
  /** From where the periods of its plan are counted: its start, or where a revision to another plan began. */
  anchorAt: number;
  /** How many periods of its plan were billed, over all cycles. */
  billed: number;
  nextBillingAt: number | null;
  outstanding: number;
  failedPayments: number;
  lastPayment: { amount: Money; at: number } | null;
  lastFailure: { amount: Money; at: number } | null;
  /** Revised, but not yet agreed to by the payer. */
  revision: { planId: string; quantity: number } | null;
  activatesItself: boolean;
  returnUrl: string | null;
  cancelUrl: string | null;
  createdAt: number;
  updatedAt: number;
};

export type SetupToken = {
  id: string;
  status: "PAYER_ACTION_REQUIRED" | "APPROVED" | "VAULTED";
  customerId: string;
  merchantCustomerId: string | null;
  usageType: string;
  returnUrl: string | null;
  cancelUrl: string | null;
  payer: Payer | null;
  createdAt: number;
};

export type VaultToken = {
  id: string;
  customerId: string;
  merchantCustomerId: string | null;
  usageType: string;
  payer: Payer;
  createdAt: number;
};

export type PayoutItem = {
  id: string;
  transactionId: string | null;
  status: "PENDING" | "SUCCESS" | "UNCLAIMED" | "FAILED" | "RETURNED";
  error: { name: string; message: string } | null;
  amount: Money;
  fee: Money;
  item: { recipient_type: string; receiver: string; note?: string; sender_item_id?: string };
  at: number;
};

export type Payout = {
  id: string;
  senderBatchId: string;
  header: Record<string, unknown>;
  status: "PENDING" | "PROCESSING" | "SUCCESS" | "DENIED";
  items: PayoutItem[];
  createdAt: number;
  completedAt: number | null;
};

export type Dispute = {
  id: string;
  captureId: string;
  reason: string;
  status: "OPEN" | "WAITING_FOR_SELLER_RESPONSE" | "UNDER_REVIEW" | "RESOLVED";
  outcome: string | null;
  amount: Money;
  createdAt: number;
  updatedAt: number;
};
