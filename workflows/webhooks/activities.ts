/** What the stories of the webhooks room need done. */
export type WebhookActivities = {
  /**
   * Sends what is due in one shard, for about a minute: claims due deliveries, sends them side by side, records how it went.
   * Answers how many were sent, and how many of those the endpoint accepted with a 2xx.
   */
  drainDeliveries: (shard: { shard: string }) => Promise<{ sent: number; accepted: number }>;
};
