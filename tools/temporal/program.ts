/** One of the two programs of Temporal that the project runs. */
export type TemporalProgram = {
  kind: "server" | "test-server";
  /** What it is called on PATH. */
  command: string;
  version: string;
  /** What a person is told when there is no way to get it here. */
  homepage: string;
};
