import type { Stripe } from "stripe";
import type { MoneyChange } from "#db/billing/books";
import type { PaymentMethodRow } from "#db/billing/payment-methods";
import { NotUnique, type Fact } from "#db/commit";
import type { Repo } from "#db/repo";
import { changeFact } from "../facts.ts";
import { presentPaymentMethod } from "./payment-method.ts";

/** Said of a card that its customer has saved already. */
const SAVED_BEFORE = "It was saved before.";

/** What a setup intent makes of a method; undefined: nothing new. */
export type Saved = { row: PaymentMethodRow; change: MoneyChange; facts: Fact[] };

/** A setup intent with the method that it saved. */
export const fetchSetup = (stripe: Stripe, id: string): Promise<Stripe.SetupIntent> =>
  stripe.setupIntents.retrieve(id, { expand: ["payment_method"] });

/**
 * Moves a method to where its setup intent stands, forward only: what is active, has failed for good or was taken away stays so. The first one
 * that a customer has is the default. The row must have been read before the intent was fetched.
 */
export async function savedBy(
  repo: Repo,
  before: PaymentMethodRow,
  setup: Stripe.SetupIntent,
  now: Date,
): Promise<Saved | undefined> {
  if (before.status !== "pending" && before.status !== "requires_action") return undefined;
  const hasDefault = setup.status === "succeeded" && (await repo.paymentMethods.defaultOf(before.customerId)) !== undefined;
  const row = { ...before, ...fieldsOf(setup, !hasDefault), updatedAt: now };
  if (row.status === before.status && row.endedReason === before.endedReason) return undefined;
  return changed(before, row);
}

/** Writes it with `write`. A card that was saved under another id ends this one: it is the same card, and charged by that. */
export async function writeSaved<T>(saved: Saved, before: PaymentMethodRow, write: (saved: Saved) => Promise<T>): Promise<T> {
  try {
    return await write(saved);
  } catch (error) {
    if (!(error instanceof NotUnique) || !error.columns.includes("payment_methods.ref")) throw error;
    return write(changed(before, { ...before, status: "failed", endedReason: SAVED_BEFORE, updatedAt: saved.row.updatedAt }));
  }
}

function changed(before: PaymentMethodRow, row: PaymentMethodRow): Saved {
  const facts = [changeFact("payment_method.updated", presentPaymentMethod(before), presentPaymentMethod(row))];
  return { row, change: { update: { paymentMethods: [row] } }, facts };
}

function fieldsOf(setup: Stripe.SetupIntent, becomesDefault: boolean): Partial<PaymentMethodRow> {
  switch (setup.status) {
    case "succeeded":
      return { status: "active", endedReason: null, isDefault: becomesDefault, ...cardOf(setup.payment_method) };
    case "requires_action":
      return { status: "requires_action" };
    case "canceled":
      return { status: "failed", endedReason: "It was canceled at the provider." };
    default:
      // declined: the customer may try another card under the same intent
      return { status: "pending", endedReason: setup.last_setup_error?.message?.slice(0, 300) ?? null };
  }
}

function cardOf(method: Stripe.SetupIntent["payment_method"]): Partial<PaymentMethodRow> {
  if (method === null) return {};
  if (typeof method === "string") return { ref: method };
  const { card } = method;
  return {
    ref: method.id,
    type: method.type,
    brand: card?.brand ?? null,
    last4: card?.last4 ?? null,
    expMonth: card?.exp_month ?? null,
    expYear: card?.exp_year ?? null,
    country: card?.country ?? null,
    fingerprint: card?.fingerprint ?? null,
  };
}
