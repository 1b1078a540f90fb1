import type { Books } from "./books.ts";
import { bookById } from "./books.ts";
import { type Call, outsideCall } from "./call.ts";
import { PaypalProblem } from "./errors.ts";
import { WALLETS, type Payer } from "./objects.ts";
import { approveOrder, orderOf } from "./orders.ts";
import { newPayer } from "./payers.ts";
import { approveSubscription } from "./subscriptions.ts";
import { approveSetupToken } from "./vault.ts";

type Means = Pick<Call, "books" | "courier" | "origin">;

/** What a payer can be asked to agree to. */
export type Asked = {
  kind: "order" | "setup_token" | "subscription";
  id: string;
  bookId: string;
  returnUrl: string | null;
  cancelUrl: string | null;
};

const PAGES = new Set([
  "/checkoutnow",
  "/agreements/approve",
  "/webapps/billing/subscriptions",
  "/webapps/billing/subscriptions/update",
]);
const PARAMETERS = ["token", "approval_session_id", "ba_token"];

/** Whether a path is one of those that a payer's browser is sent to. */
export const isPayerPage = (path: string) => PAGES.has(path);

/** What an id asks a payer for, or `undefined`. */
export function askedBy(books: Books, id: string): Asked | undefined {
  const order = books.get("orders", id);
  if (order) return { kind: "order", id, bookId: order.book, ...urlsOf(order.object) };
  const token = books.get("setupTokens", id);
  if (token) return { kind: "setup_token", id, bookId: token.book, ...urlsOf(token.object) };
  const subscription = books.get("subscriptions", id);
  return subscription && { kind: "subscription", id, bookId: subscription.book, ...urlsOf(subscription.object) };
}

const urlsOf = ({ returnUrl, cancelUrl }: { returnUrl: string | null; cancelUrl: string | null }) => ({ returnUrl, cancelUrl });

/** The payer says yes. Throws what stands against it. */
export function approve(means: Means, { kind, id, bookId }: Asked, payer?: Payer): { id: string; status: string } {
  const call = outsideCall(means, bookById(bookId));
  switch (kind) {
    case "order":
      return approveOrder(call, orderOf(call, id), payer);
    case "setup_token": {
      const token = means.books.get("setupTokens", id);
      return approveSetupToken(call, structuredClone(mustBe(token).object), payer);
    }
    case "subscription":
      return approveSubscription(call, structuredClone(mustBe(means.books.get("subscriptions", id)).object), payer);
  }
}

function mustBe<T>(owned: T | undefined): T {
  if (owned === undefined) throw new Error("what a payer was asked for is gone");
  return owned;
}

export type Page = { status: number; html?: string; location?: string };

/** The page where a payer agrees, and what its two buttons do. */
export function payerPage(means: Means, url: URL, form: URLSearchParams | undefined): Page {
  const id = PARAMETERS.map((name) => url.searchParams.get(name)).find((value) => value !== null) ?? "";
  const asked = askedBy(means.books, id);
  if (!asked) return { status: 404, html: html("Nothing to approve", "<p>There is no such request, or it has lapsed.</p>") };
  if (!form) return { status: 200, html: approvalForm(asked) };
  if (form.get("answer") === "cancel") return leave(asked.cancelUrl, asked, {}, "Cancelled");
  const wallet = WALLETS.find((name) => name === form.get("wallet")) ?? "ok";
  const payer = newPayer(wallet, form.get("email") ?? undefined);
  try {
    approve(means, asked, payer);
  } catch (error) {
    if (!(error instanceof PaypalProblem)) throw error;
    return { status: 409, html: html("This cannot be approved", `<pre>${escaped(JSON.stringify(error.body, null, 2))}</pre>`) };
  }
  return leave(asked.returnUrl, asked, { PayerID: payer.accountId }, "Approved");
}

/** Back to where the seller wanted, with the names that PayPal adds. */
function leave(to: string | null, { kind, id }: Asked, more: Record<string, string>, word: string): Page {
  if (to === null || !URL.canParse(to)) return { status: 200, html: html(word, `<p>${word}: ${escaped(id)}</p>`) };
  const url = new URL(to);
  const name = kind === "order" ? "token" : kind === "subscription" ? "subscription_id" : "approval_token_id";
  url.searchParams.set(name, id);
  for (const [key, value] of Object.entries(kind === "order" ? more : {})) url.searchParams.set(key, value);
  return { status: 303, location: url.href };
}

const approvalForm = ({ kind, id }: Asked) =>
  html(
    "Approve",
    `<p>A seller asks you to approve ${escaped(kind.replace("_", " "))} <code>${escaped(id)}</code>.</p>
<form method="post">
<p><label>E-mail <input name="email" type="email" value="buyer@personal.example"></label></p>
<p><label>Wallet <select name="wallet">${WALLETS.map((name) => `<option>${name}</option>`).join("")}</select></label></p>
<p><button name="answer" value="approve">Approve</button> <button name="answer" value="cancel">Cancel</button></p>
</form>`,
  );

const html = (title: string, inner: string) =>
  `<!doctype html><html lang="en"><meta charset="utf-8"><title>${title} (PayPal simulator)</title><h1>${title}</h1>${inner}</html>\n`;

const escaped = (text: string) =>
  text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll('"', "&quot;");
