/** The version of the objects inside events: they are written once, in the shape of the API that wrote them. */
export const API_VERSION = "v1";

/** A fact, as far as a webhook tells of it. */
export type MessageFacts = {
  id: string;
  seq: number;
  type: string;
  at: Date;
  subject: { type: string; id: string };
  data: { object: Record<string, unknown>; previous: Record<string, unknown> | null };
  requestId: string | null;
  /** Nothing happened: it is an example. */
  isTest?: true;
};

/** The body of a webhook. It depends on the fact alone, so that every retry sends the same bytes. */
export function messageOf(event: MessageFacts, livemode: boolean): string {
  return JSON.stringify({
    type: event.type,
    timestamp: event.at.toISOString(),
    id: event.id,
    seq: event.seq,
    livemode,
    ...(event.isTest && { test: true }),
    api_version: API_VERSION,
    data: { object: event.data.object, previous: event.data.previous },
    subject: { type: event.subject.type, id: event.subject.id },
    request_id: event.requestId,
  });
}
