import { isAmount } from "../money.ts";

/** What a credit came from. `overpayment` and `credit_note` are settled money, the others were given for nothing. */
export const CREDIT_SOURCES = ["credit_note", "overpayment", "manual", "promotion"] as const;
export type CreditSource = (typeof CREDIT_SOURCES)[number];

/** A customer's credit as its rules need it. `remaining` is what nobody spent, in minor units of its currency. */
export type CreditState = {
  id: string;
  currency: string;
  source: CreditSource;
  /** the payment or credit note that it came from */
  sourceId: string | null;
  amount: number;
  remaining: number;
  createdAt: Date;
  /** exclusive: it may be spent strictly before; null = never ends */
  expiresAt: Date | null;
};

/** A part of a credit. */
export type CreditPart = { creditId: string; amount: number };

/** Why a credit cannot be given. */
export type CreditRefused = { code: "invalid_amount" | "expires_in_the_past" | "balance_too_large"; detail: string };

/** Null where a credit may be given to a customer who has `balance` of the currency already, else why not. */
export function whyNotGrantCredit(
  credit: { amount: number; expiresAt: Date | null },
  balance: number,
  now: Date,
): CreditRefused | null {
  const { amount, expiresAt } = credit;
  if (!isAmount(amount) || amount <= 0) return no("invalid_amount", "A credit is a whole number of minor units from 1.");
  if (!isAmount(balance + amount)) return no("balance_too_large", "The customer's balance would be too large.");
  return expiresAt === null || expiresAt > now ? null : no("expires_in_the_past", "It would be over before it begins.");
}

/** Whether something of it may be spent at an instant. */
export function isSpendable({ remaining, expiresAt }: Pick<CreditState, "remaining" | "expiresAt">, now: Date): boolean {
  return remaining > 0 && (expiresAt === null || expiresAt > now);
}

/** What a customer may spend at an instant, in a currency. One currency never pays for another. */
export function balanceOf(credits: readonly CreditState[], currency: string, now: Date): number {
  return credits
    .filter((credit) => credit.currency === currency && isSpendable(credit, now))
    .reduce((sum, { remaining }) => sum + remaining, 0);
}

/**
 * How a due amount is paid out of a customer's credits, as far as they reach: those that end soonest first, so that as little as possible is
 * lost, and of those that end together (or never) the oldest. A credit that is used is used up before the next one.
 */
export function spend(credits: readonly CreditState[], due: { amount: number; currency: string }, now: Date): CreditPart[] {
  let left = due.amount;
  return credits
    .filter((credit) => credit.currency === due.currency && isSpendable(credit, now))
    .toSorted(inOrderOfUse)
    .map(({ id, remaining }) => {
      const amount = Math.max(Math.min(remaining, left), 0);
      left -= amount;
      return { creditId: id, amount };
    })
    .filter(({ amount }) => amount > 0);
}

/** What is lost at an instant: the rest of each credit whose time is over. */
export function expired(credits: readonly CreditState[], now: Date): CreditPart[] {
  return credits
    .filter((credit) => credit.remaining > 0 && !isSpendable(credit, now))
    .map(({ id, remaining }) => ({ creditId: id, amount: remaining }));
}

/** How long a credit that comes back after its end may still be spent. */
const GRACE_MS = 30 * 86_400_000;

/** When a credit ends into which something comes back (a dispute was won, a refund out of it failed): not before 30 days from now. */
export function endOfRestored(expiresAt: Date | null, now: Date): Date | null {
  if (expiresAt === null) return null;
  return new Date(Math.max(expiresAt.getTime(), now.getTime() + GRACE_MS));
}

/** What a dispute does to the credits that came from its money. */
export type ClawBack = {
  /** taken off what remains of each */
  taken: CreditPart[];
  /** what was spent before, and nobody has any more */
  debt: number;
  /** on what it was spent: as unpaid as the disputed money itself */
  spentOn: string[];
};

/**
 * Takes back the credit that came from disputed money, as far as it is still there, newest credit first, and no more than is disputed.
 *
 * What was spent is a debt. It is not taken out of the customer's other credits, which are other money; it makes no balance negative; and no
 * invoice is opened again. It stays in the books with the dispute, and is bad debt when that is lost. But the invoices that it paid
 * are named, so that their licenses are held as those of the disputed payment are.
 */
export function clawBack(
  credits: readonly CreditState[],
  spent: readonly (CreditPart & { invoiceId: string })[],
  disputed: number,
): ClawBack {
  let left = Math.min(
    disputed,
    credits.reduce((sum, { amount }) => sum + amount, 0),
  );
  const taken = credits
    .toSorted((a, b) => inOrderOfAge(b, a))
    .map(({ id, remaining }) => {
      const amount = Math.min(remaining, left);
      left -= amount;
      return { creditId: id, amount };
    })
    .filter(({ amount }) => amount > 0);
  const ids = new Set(credits.map(({ id }) => id));
  const ofThese = spent.filter(({ creditId, amount }) => ids.has(creditId) && amount > 0);
  // what expired was neither kept nor spent: nobody owes it
  const debt = Math.min(
    left,
    ofThese.reduce((sum, { amount }) => sum + amount, 0),
  );
  return { taken, debt, spentOn: debt > 0 ? [...new Set(ofThese.map(({ invoiceId }) => invoiceId))] : [] };
}

function inOrderOfUse(a: CreditState, b: CreditState): number {
  const ends = (credit: CreditState) => credit.expiresAt?.getTime() ?? Number.POSITIVE_INFINITY;
  return ends(a) === ends(b) ? inOrderOfAge(a, b) : ends(a) - ends(b);
}

function inOrderOfAge(a: CreditState, b: CreditState): number {
  const age = a.createdAt.getTime() - b.createdAt.getTime();
  return age === 0 ? (a.id < b.id ? -1 : 1) : age;
}

function no(code: CreditRefused["code"], detail: string): CreditRefused {
  return { code, detail };
}
