import type { Mail, MailResult, TransportState } from "../../worker-host/edge/routes.ts";

type MailRow = Mail & { dueAt: number; leasedUntil: number; state: "due" | "sent" | "ended" };

/** What the mail pump says when it claims. */
export type MailClaim = TransportState & { results: MailResult[]; limit: number; wait_ms: number };

type WaitFor = <T>(due: () => T[], waitMs: number) => Promise<T[]>;

/** The notices of an edge that stands in for the real one: in memory, where tests read and change them. */
export function mailRows({ leaseMs, retryMs }: { leaseMs: number; retryMs: number }) {
  const rows: MailRow[] = [];
  const results: MailResult[] = [];
  const states: TransportState[] = [];

  function record(result: MailResult): void {
    const row = rows.find(({ notice_id }) => notice_id === result.notice_id);
    if (!row || row.state !== "due" || row.attempt !== result.attempt) return; // recorded before
    results.push(result);
    const { kind } = result.outcome;
    if (kind === "accepted") row.state = "sent";
    else if (kind === "refused") row.state = "ended";
    row.attempt++;
    row.leasedUntil = 0;
    row.dueAt = Date.now() + retryMs;
  }

  return {
    rows,
    results,
    states,
    add(about: Partial<Mail> = {}): MailRow {
      const notice_id = `ntc_00${rows.length + 1}`;
      const row: MailRow = {
        tenant_id: "ten_00a",
        notice_id,
        attempt: 1,
        message_ref: notice_id,
        from: { name: "Acme", address: null },
        reply_to: null,
        to: `ada${rows.length + 1}@customer.example`,
        subject: "Your license for Acme Studio",
        html: "<p>Grüße</p>",
        text: "Grüße",
        unsubscribe_url: null,
        dueAt: 0,
        leasedUntil: 0,
        state: "due",
        ...about,
      };
      rows.push(row);
      return row;
    },
    claim: async ({ results: told, limit, wait_ms, transport, problem }: MailClaim, waitFor: WaitFor) => {
      for (const result of told) record(result);
      states.push({ transport, problem });
      const isFree = (row: MailRow) => row.state === "due" && row.dueAt <= Date.now() && row.leasedUntil <= Date.now();
      const leased = limit === 0 ? [] : await waitFor(() => rows.filter(isFree).slice(0, limit), wait_ms);
      for (const row of leased) row.leasedUntil = Date.now() + leaseMs;
      return { mails: leased.map(({ dueAt: _1, leasedUntil: _2, state: _3, ...mail }) => mail), next_at: null };
    },
  };
}
