import { Context } from "@temporalio/activity";
import type { MailActivities } from "#workflows/mail/activities";
import type { MailResult } from "../edge/routes.ts";
import { drainMail, type DrainMailParts } from "./drain.ts";

/** How often the server hears from a running drain; the SDK lets through what the heartbeat time-out needs. */
const BEAT_MS = 2_000;

export const mailActivities = (parts: DrainMailParts): MailActivities => ({
  /**
   * Mail is at least once: a host that dies between a server's answer and its recording leaves a lease to expire, and the mail is sent again under
   * the same Message-ID. What the last heartbeat still held is recorded by the next attempt.
   */
  async drainNotices({ shard }) {
    const context = Context.current();
    const results = heldResults(context.info.heartbeatDetails);
    const beating = setInterval(() => context.heartbeat(results.map(withoutWords)), BEAT_MS);
    try {
      return await drainMail(parts, shard, results, context.cancellationSignal);
    } finally {
      clearInterval(beating);
    }
  },
});

/** What a server says may name the recipient: it is recorded at the edge, never in a workflow's history. */
const withoutWords = (result: MailResult): MailResult => ({ ...result, outcome: { ...result.outcome, detail: null } });

/** What an earlier attempt of this activity had sent, and perhaps not recorded: recording twice is a no-op. */
function heldResults(details: unknown): MailResult[] {
  const held: MailResult[] = Array.isArray(details) ? details : [];
  return [...held];
}
