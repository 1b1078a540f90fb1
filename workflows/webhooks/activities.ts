export type EndpointRef = { tenantId: string; endpointId: string };

/** How an endpoint that recovers stands after it was tried; `restMs` is how long to leave it alone. */
export type RecoveryProgress = { state: "recovering"; restMs: number } | { state: "recovered" | "ended" };

/** What the stories of the webhooks room need done. */
export type WebhookActivities = {
  /**
   * Sends what is due in one shard, for about a minute: claims due deliveries, sends them side by side, records how it went.
   * Answers how many were sent, and how many of those the endpoint accepted with a 2xx.
   */
  drainDeliveries: (shard: { shard: string }) => Promise<{ sent: number; accepted: number }>;

  /** Tries an endpoint that recovers with the delivery that it was to get first. `probes`: how many tries failed before. */
  probeEndpoint: (endpoint: EndpointRef & { probes: number }) => Promise<RecoveryProgress>;

  /** Disables an endpoint that nobody expects back; its queue is kept. One that takes deliveries again, or is gone, stays as it is. */
  giveUpEndpoint: (endpoint: EndpointRef) => Promise<void>;
};
