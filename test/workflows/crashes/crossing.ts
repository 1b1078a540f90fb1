import { proxySinks, type Sinks } from "@temporalio/workflow";

/** Which side of an await: it begins to wait, or has its answer. A timer is set. */
export type Side = "before" | "after" | "set";

export type CrossingSinks = Sinks & { crossings: { at: (site: string, side: Side) => void } };

const { crossings } = proxySinks<CrossingSinks>();

/** Runs in the workflow, in front of what is awaited. */
export function enterAwait(site: string): void {
  crossings.at(site, "before");
}

/** Runs in the workflow, with what the await gave. */
export function leaveAwait<T>(site: string, value: T): T {
  crossings.at(site, "after");
  return value;
}
