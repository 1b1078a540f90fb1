import type Stripe from "stripe";
import { BadControl } from "../http.ts";
import { type World, authenticateBy } from "./outside.ts";

/** Where the customer's bank asks them who they are. */
export const BANK_PATH = "/_bank/";

/** What the bank's page answers: a page, or the way back to the vendor. */
type Shown = { status: number; html: string; location?: string };

type Asking = Stripe.PaymentIntent | Stripe.SetupIntent;

/**
 * The page of the customer's bank for an intent that wants authentication: two buttons, of which each leads back to the
 * vendor's `return_url` with the parameters that Stripe adds to it.
 */
export function showBank(world: World, method: string, path: string, body: string): Shown {
  const id = path.slice(BANK_PATH.length);
  const before = asking(world, id);
  if (!before) return { status: 404, html: page("There is nothing to authenticate here.") };
  if (method !== "POST") {
    if (before.status !== "requires_action") return { status: 409, html: page("This step is over.") };
    const form = `<form method="post"><button name="passed" value="true">It is me</button> <button name="passed" value="false">It is not me</button></form>`;
    return { status: 200, html: page(`Your bank asks: is it you?</p>${form}<p>${id}`) };
  }

  const passed = new URLSearchParams(body).get("passed");
  if (passed !== "true" && passed !== "false") return { status: 400, html: page("passed must be true or false.") };
  const back = before.next_action?.redirect_to_url?.return_url;
  try {
    authenticateBy(world, id, passed === "false");
  } catch (error) {
    if (error instanceof BadControl) return { status: 409, html: page("This step is over.") };
    throw error;
  }
  const after = asking(world, id);
  if (!back || !URL.canParse(back) || !after) return { status: 200, html: page("Done. You can close this page.") };
  return { status: 303, html: page("Back to the shop."), location: wayBack(back, after) };
}

function asking({ books }: World, id: string): Asking | undefined {
  return (id.startsWith("seti_") ? books.get("setups", id) : books.get("intents", id))?.object;
}

function wayBack(returnUrl: string, intent: Asking): string {
  const url = new URL(returnUrl);
  url.searchParams.set(intent.object, intent.id);
  url.searchParams.set(`${intent.object}_client_secret`, intent.client_secret ?? "");
  // a payment that is still under way counts as pending, and one that is to be tried anew as failed
  const failed = intent.status === "requires_payment_method";
  const pending = intent.status === "processing";
  url.searchParams.set("redirect_status", failed ? "failed" : pending ? "pending" : "succeeded");
  return url.href;
}

const page = (text: string) =>
  `<!doctype html><html lang="en"><meta charset="utf-8"><title>Your bank (simulated)</title><body><p>${text}</p></body></html>`;
