/** Answers that go wrong on purpose: the next `times` calls of a path that starts with `path`, of one account or (null) of all. */
export type PathFault = { path: string; times: number; account: string | null };

/** What the control calls have turned on. Only memory: a restart is `normal`. */
export type Switches = {
  /** How often each event is brought to each endpoint. */
  duplicate: number;
  delayMs: number;
  /** How many further deliveries are lost for good. */
  drop: number;
  /** How many deliveries are gathered and then brought in random order; 0 is off. */
  shuffle: number;
  latencyMs: number;
  failures: (PathFault & { status: number; afterEffect: boolean })[];
  timeouts: (PathFault & { ms: number })[];
};

export function normalSwitches(): Switches {
  return { duplicate: 1, delayMs: 0, drop: 0, shuffle: 0, latencyMs: 0, failures: [], timeouts: [] };
}

/** The first fault that meets this path and account, counted down; gone when it has met its last. */
export function meet<T extends PathFault>(faults: T[], path: string, account: string | undefined): T | undefined {
  const index = faults.findIndex((fault) => path.startsWith(fault.path) && (fault.account ?? account) === account);
  const fault = faults[index];
  if (!fault) return undefined;
  fault.times -= 1;
  if (fault.times === 0) faults.splice(index, 1);
  return fault;
}
