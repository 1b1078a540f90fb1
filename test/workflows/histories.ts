import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";

/** Where recorded histories lie: `<story>.<way>.json`. */
export const HISTORIES = path.join(import.meta.dirname, "..", "histories");

type Payload = { data?: string };
type Event = {
  eventType: string;
  timerStartedEventAttributes?: object;
  activityTaskScheduledEventAttributes?: { activityType: { name: string } };
  markerRecordedEventAttributes?: { markerName: string; details?: Record<string, { payloads?: Payload[] }> };
  workflowExecutionStartedEventAttributes?: { workflowType: { name: string } };
};
export type RecordedHistory = { events: Event[] };

/** The names of all recorded histories. */
export const historyNames = (): string[] => readdirSync(HISTORIES).filter((name) => name.endsWith(".json"));

export const historyOf = (name: string): RecordedHistory => JSON.parse(readFileSync(path.join(HISTORIES, name), "utf8"));

/** Which workflow a history is of. */
export function workflowOf({ events }: RecordedHistory): string | undefined {
  return events[0]?.workflowExecutionStartedEventAttributes?.workflowType.name;
}

/** What a history says that its story waited for, as a play's points are named: each activity that was done, at least once, and that timers were set. */
export function waitsOf({ events }: RecordedHistory): Set<string> {
  const waits = new Set<string>();
  for (const event of events) {
    if (event.timerStartedEventAttributes) waits.add("timer/1/set");
    const scheduled = event.activityTaskScheduledEventAttributes?.activityType.name;
    const local = localActivityOf(event);
    if (scheduled !== undefined) waits.add(`${scheduled}/1/done`);
    if (local !== undefined) waits.add(`${local}/1/done`);
  }
  return waits;
}

/** The local activity that a marker tells of; only one that came to a result was done. */
function localActivityOf({ markerRecordedEventAttributes: marker }: Event): string | undefined {
  if (marker?.markerName !== "core_local_activity" || !marker.details?.["result"]) return undefined;
  const data = marker.details["data"]?.payloads?.[0]?.data;
  if (data === undefined) return undefined;
  const told = JSON.parse(Buffer.from(data, "base64").toString()) as { activity_type?: string };
  return told.activity_type;
}
