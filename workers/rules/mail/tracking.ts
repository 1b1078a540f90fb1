import type { NoticeState } from "./states.ts";

/** What a transport tells of a mail after it took it; what people do with it (opened, clicked) is nobody's business and not read. */
export const REPORTS = [
  "processed",
  "delivered",
  "soft-bounced",
  "hard-bounced",
  "dropped",
  "complained",
  "unsubscribed",
] as const;

export type Report = (typeof REPORTS)[number];

/** Whether the text names such a report. */
export const isReport = (text: string): text is Report => REPORTS.some((report) => report === text);

/** What a report makes of a notice: a state, words to keep, wishes of its recipient, or nothing. */
export type AfterReport = { state: "delivered" | "bounced" | "failed" } | "noted" | "unsubscribed" | null;

/**
 * What to make of a report of a mail that was taken. States go forward alone, whatever comes late or twice: a mail may come back that was delivered
 * first, and is not delivered any more once it came back.
 */
export function afterReport(state: NoticeState, report: Report): AfterReport {
  switch (report) {
    case "processed":
      return null;
    case "delivered":
      return state === "sent" ? { state: "delivered" } : null;
    case "hard-bounced":
      return state === "sent" || state === "delivered" ? { state: "bounced" } : null;
    case "dropped":
      return state === "sent" ? { state: "failed" } : null;
    case "soft-bounced":
      return state === "sent" ? "noted" : null;
    case "complained":
    case "unsubscribed":
      return "unsubscribed";
  }
}
