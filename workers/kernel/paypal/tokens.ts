import type { PaypalAccount } from "./account.ts";

/** A token is given up this long before it lapses, so that none lapses on its way. */
const MARGIN_MS = 120_000;
const MAX_TOKENS = 1000;

/** Access tokens of this isolate. What is kept is a value, never a promise: a request must not wait for another one's socket. */
const tokens = new Map<string, { token: string; until: number }>();

/** By the sealed secret, which opens for its own tenant alone: who does not have it does not come by the token. */
const nameOf = (origin: string, { clientId, secretKey }: PaypalAccount) => `${origin}\n${clientId}\n${secretKey}`;

/** A token that is good for some while yet. */
export function keptToken(origin: string, account: PaypalAccount): string | undefined {
  const kept = tokens.get(nameOf(origin, account));
  return kept && Date.now() < kept.until ? kept.token : undefined;
}

/** Keeps a token for the calls that follow; real time, as PayPal counts. */
export function keepToken(origin: string, account: PaypalAccount, token: string, seconds: number): void {
  const [oldest] = tokens.keys();
  if (oldest !== undefined && tokens.size >= MAX_TOKENS) tokens.delete(oldest);
  tokens.set(nameOf(origin, account), { token, until: Date.now() + seconds * 1000 - MARGIN_MS });
}

/** PayPal does not take it any more. */
export function forgetToken(origin: string, account: PaypalAccount): void {
  tokens.delete(nameOf(origin, account));
}
