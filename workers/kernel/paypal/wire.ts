import type { PaypalMoney } from "./amounts.ts";

/** What we read of PayPal's answers. A status that PayPal adds later is a text that none of our lists knows. */
export type PaypalLink = { href: string; rel: string; method?: string };

/** `COMPLETED` alone is money. */
export type PaypalCapture = {
  id: string;
  status: "COMPLETED" | "PENDING" | "DECLINED" | "PARTIALLY_REFUNDED" | "REFUNDED" | "FAILED" | (string & {});
  status_details?: { reason?: string };
  amount: PaypalMoney;
  custom_id?: string;
  invoice_id?: string;
  seller_receivable_breakdown?: { gross_amount?: PaypalMoney; paypal_fee?: PaypalMoney; net_amount?: PaypalMoney };
  supplementary_data?: { related_ids?: { order_id?: string } };
  processor_response?: { response_code?: string };
  create_time?: string;
  update_time?: string;
};

export type PaypalRefund = {
  id: string;
  status: "COMPLETED" | "PENDING" | "FAILED" | "CANCELLED" | (string & {});
  status_details?: { reason?: string };
  amount?: PaypalMoney;
  seller_payable_breakdown?: { paypal_fee?: PaypalMoney; net_amount?: PaypalMoney; total_refunded_amount?: PaypalMoney };
  custom_id?: string;
  invoice_id?: string;
  links?: PaypalLink[];
};

export type PaypalOrder = {
  id: string;
  status: "CREATED" | "PAYER_ACTION_REQUIRED" | "APPROVED" | "COMPLETED" | "VOIDED" | (string & {});
  purchase_units?: {
    reference_id?: string;
    custom_id?: string;
    invoice_id?: string;
    amount?: PaypalMoney;
    payments?: { captures?: PaypalCapture[] };
  }[];
  payment_source?: {
    paypal?: {
      email_address?: string;
      account_id?: string;
      address?: { country_code?: string };
      attributes?: { vault?: { id?: string; status?: string; customer?: { id?: string } } };
    };
  };
  links?: PaypalLink[];
};

export type PaypalProduct = { id: string; name: string; type: string };

export type PaypalPlan = {
  id: string;
  product_id: string;
  name: string;
  status: "CREATED" | "ACTIVE" | "INACTIVE" | (string & {});
};

export type PaypalSubscription = {
  id: string;
  plan_id: string;
  status: "APPROVAL_PENDING" | "APPROVED" | "ACTIVE" | "SUSPENDED" | "CANCELLED" | "EXPIRED" | (string & {});
  quantity?: string;
  custom_id?: string;
  start_time?: string;
  billing_info?: {
    outstanding_balance?: PaypalMoney;
    last_payment?: { amount: PaypalMoney; time: string };
    next_billing_time?: string;
    failed_payments_count?: number;
  };
  links?: PaypalLink[];
};

export type PaypalSubscriptionPayment = {
  id: string;
  status: "COMPLETED" | "DECLINED" | "PARTIALLY_REFUNDED" | "PENDING" | "REFUNDED" | (string & {});
  amount_with_breakdown?: { gross_amount: PaypalMoney; fee_amount?: PaypalMoney; net_amount?: PaypalMoney };
  time?: string;
};

/** Money that a subscription took, as its webhooks and the older API tell it. */
export type PaypalSale = {
  id: string;
  state: "completed" | "partially_refunded" | "pending" | "refunded" | "denied" | (string & {});
  amount: { total: string; currency: string };
  transaction_fee?: { value: string; currency: string };
  billing_agreement_id?: string;
  custom?: string;
};

export type PaypalSetupToken = {
  id: string;
  status: "CREATED" | "PAYER_ACTION_REQUIRED" | "APPROVED" | "VAULTED" | "TOKENIZED" | (string & {});
  customer?: { id?: string; merchant_customer_id?: string };
  links?: PaypalLink[];
};

export type PaypalPaymentToken = {
  id: string;
  customer?: { id?: string; merchant_customer_id?: string };
  payment_source?: { paypal?: { email_address?: string; account_id?: string; address?: { country_code?: string } } };
};

export type PaypalPayoutItem = {
  payout_item_id: string;
  transaction_id?: string;
  transaction_status:
    | "SUCCESS"
    | "PENDING"
    | "UNCLAIMED"
    | "FAILED"
    | "RETURNED"
    | "ONHOLD"
    | "BLOCKED"
    | "REFUNDED"
    | "REVERSED"
    | (string & {});
  payout_item_fee?: { currency: string; value: string };
  payout_item: { receiver: string; sender_item_id?: string; amount: { currency: string; value: string } };
  errors?: { name?: string; message?: string };
};

export type PaypalPayout = {
  batch_header: {
    payout_batch_id: string;
    batch_status: "PENDING" | "PROCESSING" | "SUCCESS" | "DENIED" | "CANCELED" | (string & {});
  };
  items?: PaypalPayoutItem[];
};

export type PaypalReportedTransaction = {
  transaction_id: string;
  paypal_reference_id?: string;
  paypal_reference_id_type?: string;
  transaction_event_code: string;
  transaction_initiation_date: string;
  transaction_amount: PaypalMoney;
  fee_amount?: PaypalMoney;
  transaction_status: "S" | "P" | "D" | "V" | (string & {});
  custom_field?: string;
  invoice_id?: string;
};

export type PaypalDispute = {
  dispute_id: string;
  reason?: string;
  status: "OPEN" | "WAITING_FOR_SELLER_RESPONSE" | "WAITING_FOR_BUYER_RESPONSE" | "UNDER_REVIEW" | "RESOLVED" | (string & {});
  dispute_amount?: PaypalMoney;
  dispute_outcome?: { outcome_code?: string; amount_refunded?: PaypalMoney };
  disputed_transactions?: { seller_transaction_id?: string }[];
};

export type PaypalWebhook = { id: string; url: string; event_types: { name: string }[] };

/** A webhook's body. What it says is a hint: the object is fetched before anything is believed. */
export type PaypalEvent = {
  id: string;
  event_type: string;
  resource_type?: string;
  create_time?: string;
  resource: Record<string, unknown>;
};

/** The address behind one of an answer's links. */
export const linkOf = (object: { links?: PaypalLink[] }, ...rels: string[]): string | undefined =>
  object.links?.find(({ rel }) => rels.includes(rel))?.href;
