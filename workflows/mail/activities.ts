/** What the stories of the mail room need done. */
export type MailActivities = {
  /**
   * Sends what is due in one shard, for about a minute: claims due mails, sends them side by side, records how it went. Answers how many were
   * sent, how many of those the server took, and what it waits for while there is no server to send by.
   */
  drainNotices: (shard: { shard: string }) => Promise<{ sent: number; accepted: number; waiting_for: string | null }>;
};
