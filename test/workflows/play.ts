import { readdirSync } from "node:fs";
import path from "node:path";
import type { Client } from "@temporalio/client";
import type { Edge } from "../../worker-host/edge/routes.ts";
import type { Failpoint } from "../../worker-host/failpoint.ts";
import type { Log } from "../../worker-host/log.ts";
import type { Postman } from "../../worker-host/mail/postman.ts";
import type { Send } from "../../worker-host/outbound/send.ts";
import type { EdgeStandIn } from "../host/edge-stand-in.ts";
import type { Receiver } from "../host/receiver.ts";

/** What the real activities of a story are made with. */
export type Means = { edge: Edge; send: Send; postman: Postman; failpoint: Failpoint; log: Log; roundMs: number };

/** Where one run of a story happens: a stand-in of the edge of its own, and endpoints on demand. */
export type World = { edge: EdgeStandIn; endpoint: () => Promise<Receiver>; workflowId: string };

/** Tells a running story something, as the relay or the edge's clock would. */
export type Signal = ReturnType<Client["workflow"]["getHandle"]>["signal"];

/** Asks something of a running story, as an operator would, until it agrees. */
export type Ask = (what: "skipWait" | "giveUp") => Promise<void>;

/** One run, ready to begin. */
export type Scene = {
  args: unknown[];
  /** What there is in the world when it has ended: the rows, and each effect as often as it happened. */
  rows: () => unknown;
  /** What happens while it runs. Waits for what it needs by `until`, since the host may die before it. */
  meanwhile?: (signal: Signal, ask: Ask) => Promise<void>;
  /** For a story that never ends: when there is nothing more to wait for. */
  enough?: () => boolean;
};

/** One way that a story may go. */
export type Way = {
  begin: (world: World) => Scene | Promise<Scene>;
  /** How it must end, however often the host dies: its result (`{ failed: type }` for a failure, "runs" for a story without an end), and its rows. */
  end: { result: unknown; rows: unknown };
  /** "short": every timer ends after a moment, since nothing but the story waits for it. */
  timers: "short" | "as they are";
  /** How often an await in a loop is a point of its own; the turns after that are like those before. */
  turns?: number;
};

/** A story as the tests play it: recorded and replayed in each of its ways, and killed at each of its awaits. */
export type Play = {
  /** As workflows/index.ts exports it. */
  workflow: string;
  /** The real activities. */
  activities: (means: Means) => object;
  ways: Readonly<Record<string, Way>>;
};

const FOLDER = path.join(import.meta.dirname, "stories");

/** Every play by the name of its file: one file a story, in `stories/`. */
export async function allPlays(): Promise<Map<string, Play>> {
  const names = readdirSync(FOLDER).map((file) => path.basename(file, ".ts"));
  const files = await Promise.all(names.map(async (name): Promise<{ play: Play }> => import(path.join(FOLDER, `${name}.ts`))));
  return new Map(files.map(({ play }, n) => [String(names[n]), play]));
}
