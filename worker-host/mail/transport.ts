import type { Mail, TransportState } from "../edge/routes.ts";

/** A way to send mail. */
export type Transport = {
  kind: NonNullable<TransportState["transport"]>;
  /** Asks the server whether it would take mail from us. Why not, or null. */
  ask: () => Promise<string | null>;
  /** Sends one mail. Never throws: whatever happened is an outcome. */
  send: (mail: Mail) => Promise<{ messageId: string; outcome: SentOutcome }>;
  close: () => void;
};

type Said = { status: number | null; detail: string | null };
export type SentOutcome =
  | ({ kind: "accepted" | "deferred" | "unreached" } & Said)
  | ({ kind: "refused"; what: "recipient" | "mail" } & Said);

/** How much of a server's words is kept. */
export const said = (text: string | undefined): string | null =>
  text === undefined ? null : text.replaceAll(/\s+/g, " ").slice(0, 500);
