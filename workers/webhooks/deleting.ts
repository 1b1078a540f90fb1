import type { WebhookEndpointRow } from "#db/webhooks/endpoints";

/** An endpoint as it is once it was deleted: the row stays for its deliveries, and of what was secret nothing is left. */
export const deletedEndpoint = (row: WebhookEndpointRow, now: Date): WebhookEndpointRow => ({
  ...row,
  secret: "",
  previousSecret: null,
  previousSecretUntil: null,
  signingKey: null,
  publicKey: null,
  previousSigningKey: null,
  headers: null,
  deletedAt: now,
  updatedAt: now,
});
