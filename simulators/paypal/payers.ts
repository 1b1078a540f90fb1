import { newId } from "./books.ts";
import { businessFault, type PaypalProblem } from "./errors.ts";
import type { Payer, Wallet } from "./objects.ts";

/** The buyer who approves unless a control call names another. */
export function newPayer(wallet: Wallet = "ok", email = "buyer@personal.example"): Payer {
  return { email, accountId: newId.payer(), givenName: "Ada", surname: "Buyer", country: "DE", wallet };
}

/** A payer as `payer` of an order. */
export const presentPayer = ({ email, accountId, givenName, surname, country }: Payer) => ({
  name: { given_name: givenName, surname },
  email_address: email,
  payer_id: accountId,
  address: { country_code: country },
});

/** A payer as `payment_source.paypal`. */
export const presentWallet = ({ email, accountId, givenName, surname, country }: Payer) => ({
  email_address: email,
  account_id: accountId,
  account_status: "VERIFIED",
  name: { given_name: givenName, surname },
  address: { country_code: country },
});

const WORDS: Readonly<Record<string, string>> = {
  INSTRUMENT_DECLINED: "The instrument was declined by its bank or processor, or cannot be used for this payment.",
  PAYER_CANNOT_PAY: "The payer cannot pay for this: something about payer and seller together stands against it.",
  PAYER_ACCOUNT_RESTRICTED: "The payer's account is restricted.",
  PAYER_ACCOUNT_LOCKED_OR_CLOSED: "The payer's account is locked or closed.",
  TRANSACTION_REFUSED: "The transaction was refused.",
  REDIRECT_PAYER_FOR_ALTERNATE_FUNDING: "The payer has to choose another way of funding.",
  AGREEMENT_ALREADY_CANCELLED: "The payer has ended the agreement.",
};

/** The refusal that a wallet has for a payment; undefined where it pays, now or later, or the payment fails as a capture. */
export function refusalOf(wallet: Wallet, approveUrl?: string): PaypalProblem | undefined {
  if (wallet === "ok" || wallet === "pending" || wallet === "declined") return undefined;
  const redirects = wallet === "INSTRUMENT_DECLINED" || wallet === "REDIRECT_PAYER_FOR_ALTERNATE_FUNDING";
  const links = redirects && approveUrl !== undefined ? [{ href: approveUrl, rel: "redirect", method: "GET" }] : [];
  return businessFault(wallet, WORDS[wallet] ?? "The payment was refused.", {}, links);
}
