export type ClockRef = { tenantId: string; clockId: string };

/** A clock to be moved; events up to `behind` were looked at: the stories that they started are at rest. */
export type ClockMove = ClockRef & { behind: number };

/** How a clock stands: on its way, arrived, kept by a story that does not go on, or gone. */
export type ClockProgress = {
  status: "advancing" | "ready" | "failed" | "deleted";
  /** the sandbox's time */
  now: string;
  behind: number;
  /** how many stories were woken */
  woken: number;
};

/** What the stories of test clocks need done. */
export type StoriesActivities = {
  /** Moves a clock from due story to due story, for half a minute or until it has arrived. Done twice it goes on from where it stands. */
  moveClock: (move: ClockMove & { workflowId: string }) => Promise<ClockProgress>;
  /** Leaves a clock that is on its way where it stands, and says on it why. Answers how it stands then. */
  giveUpClock: (clock: ClockRef & { workflowId: string }) => Promise<ClockProgress["status"]>;
  /** Tells every story of a sandbox that waits that its time runs on by itself. */
  tellTimeRuns: (sandbox: { tenantId: string }) => Promise<{ told: number }>;
};
