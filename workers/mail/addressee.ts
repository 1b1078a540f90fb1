import type { Env } from "#kernel/env";

/** Whose mail it is, and on whose side it arises. */
type Addressed = { notice: { recipient: string }; tenant: { livemode: boolean; ownerEmail: string } };

/** Nobody outside is mailed of what happens in a sandbox: its mails go to the owner, but on a developer's own machine, where none gets out. */
export function addresseeOf({ LATCHKEY_ENV }: Env, { notice, tenant }: Addressed): string {
  return tenant.livemode || LATCHKEY_ENV === "development" ? notice.recipient : tenant.ownerEmail;
}

/**
 * The recipient's address in lower case, where a mail went there. Null for a sandbox's mail that went to its owner: that the owner's address is refused
 * says nothing of the customer's.
 */
export function reachedAddressOf(env: Env, addressed: Addressed): string | null {
  const address = addressed.notice.recipient.toLowerCase();
  return addresseeOf(env, addressed).toLowerCase() === address ? address : null;
}
