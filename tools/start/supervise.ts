import { type ChildProcess, spawn } from "node:child_process";
import { closeSync, openSync, readFileSync } from "node:fs";
import { Advice, type Say } from "../say.ts";
import { root, shown } from "./home.ts";
import type { Groups } from "./pids.ts";
import { endGroup, groupEnds, noGroup, signalGroup } from "./processes.ts";

/** A program that is kept running: how it starts, and how one sees that it works. */
export type Part = {
  name: string;
  command: string;
  args: string[];
  env: NodeJS.ProcessEnv;
  log: string;
  /** Whether it lives: one that does not answer is started again. A rejection counts as no. */
  probe: () => Promise<boolean>;
  /** Whether it does its work, which it may be unable to while another part is away; the same as `probe` where not given. */
  ready?: () => Promise<boolean>;
  /** How long it may take until it is ready for the first time. */
  readyWithinMs: number;
  /** How long it may take to end when asked to. */
  stopWithinMs: number;
};

/** A part under supervision. */
export type Running = {
  name: string;
  /** Resolves when it is ready for the first time. Rejects with advice and the end of its log when it does not. */
  started: Promise<void>;
  /** Ends it, and leaves it ended. */
  stop: () => Promise<void>;
  /** Starts it again after `stop`; resolves when it is ready. */
  start: () => Promise<void>;
  /** Kills the whole process group as a crash would; the supervisor starts it again. Resolves when nothing of it lives. */
  kill: () => Promise<void>;
  /** Resolves when it is ready. */
  ready: () => Promise<void>;
};

const probeEveryMs = 1_000;
const probeWhileStartingMs = 100;
/** A part that refuses or errs is restarted after these; one that hangs uses up each probe's own time-out as well. */
const failedProbesBeforeRestart = 4;
const firstBackOffMs = 200;
const longestBackOffMs = 10_000;
const steadyAfterMs = 30_000;

/**
 * Starts a part and keeps it running: starts it again when it exits and also when it lives but no longer answers, because
 * a supervisor of its own (wrangler has one) may outlive the program that does the work.
 */
export function supervise(part: Part, groups: Groups, say: Say): Running {
  let current = launch(part, groups);
  const state = { stopping: false, stopAsked: Promise.withResolvers<undefined>() };
  const stopping = () => state.stopping;
  const ready = part.ready ?? part.probe;
  let watching = Promise.resolve();
  let backOffMs = firstBackOffMs;

  const restart = async (why: string): Promise<void> => {
    say.line(`${part.name} ${why}: starting it again`);
    for (; !state.stopping; backOffMs = Math.min(backOffMs * 2, longestBackOffMs)) {
      await clearAway(current, part, groups);
      await Promise.race([pause(backOffMs), state.stopAsked.promise]);
      if (state.stopping) return;
      current = launch(part, groups);
      // alive is enough: it may have to wait for another part that is down as well
      if (await comes(part.probe, part, current, stopping)) {
        say.line(`${part.name} is back`);
        return;
      }
    }
  };

  const watch = async (): Promise<void> => {
    while (!state.stopping) {
      const startedAt = Date.now();
      const why = await whatGoesWrong(part, current, stopping);
      if (why === undefined) return;
      if (Date.now() - startedAt > steadyAfterMs) backOffMs = firstBackOffMs;
      await restart(why);
    }
  };

  const start = async (): Promise<void> => {
    if (!(await comes(ready, part, current, stopping)) && !state.stopping) {
      await clearAway(current, part, groups);
      throw didNotStart(part, current);
    }
    watching = watch();
  };

  const started = start();
  return {
    name: part.name,
    started,
    async stop() {
      state.stopping = true;
      state.stopAsked.resolve(undefined);
      await endGroup(current.group, part.stopWithinMs);
      await watching;
      await clearAway(current, part, groups);
    },
    async start() {
      state.stopping = false;
      state.stopAsked = Promise.withResolvers();
      backOffMs = firstBackOffMs;
      current = launch(part, groups);
      await start();
    },
    async kill() {
      const { group } = current;
      signalGroup(group, "SIGKILL");
      await groupEnds(group, 5_000);
    },
    async ready() {
      const deadline = Date.now() + part.readyWithinMs;
      while (!(await isTrue(ready))) {
        if (Date.now() > deadline) throw didNotStart(part, current);
        await pause(probeWhileStartingMs);
      }
    },
  };
}

type Launched = { child: ChildProcess; group: number; ended: Promise<string>; hasEnded: () => boolean };

/** Starts the program as leader of a group of its own, so that Ctrl-C reaches only us and the order of stopping is ours. */
function launch(part: Part, groups: Groups): Launched {
  const log = openSync(part.log, "a");
  const child = spawn(part.command, part.args, { cwd: root, env: part.env, detached: true, stdio: ["ignore", log, log] });
  closeSync(log);
  let over = false;
  const ended = new Promise<string>((resolve) => {
    const end = (how: string) => {
      over = true;
      resolve(how);
    };
    child.once("error", (error) => end(`could not be run (${error.message})`));
    child.once("exit", (code, signal) => end(signal === null ? `exited with ${code}` : `was killed by ${signal}`));
  });
  const group = child.pid ?? noGroup;
  if (group !== noGroup) groups.add(part.name, group);
  return { child, group, ended, hasEnded: () => over };
}

/** Ends what is left of a group: its leader may be dead while a child of it still holds the port. */
async function clearAway(launched: Launched, part: Part, groups: Groups): Promise<void> {
  signalGroup(launched.group, "SIGKILL");
  await groupEnds(launched.group, 5_000);
  groups.remove(part.name);
}

async function comes(probe: Part["probe"], part: Part, launched: Launched, stopping: () => boolean): Promise<boolean> {
  const deadline = Date.now() + part.readyWithinMs;
  while (!launched.hasEnded() && !stopping() && Date.now() < deadline) {
    if (await isTrue(probe)) return true;
    await Promise.race([pause(probeWhileStartingMs), launched.ended]);
  }
  return false;
}

/** Waits for trouble and says which; undefined when it was stopped on purpose. */
async function whatGoesWrong(part: Part, launched: Launched, stopping: () => boolean): Promise<string | undefined> {
  let failed = 0;
  while (!stopping()) {
    const how = await Promise.race([launched.ended, pause(probeEveryMs)]);
    if (stopping()) return undefined;
    if (how !== undefined) return how;
    failed = (await isTrue(part.probe)) ? 0 : failed + 1;
    if (failed >= failedProbesBeforeRestart) return "no longer answers";
  }
  return undefined;
}

const isTrue = (probe: Part["probe"]): Promise<boolean> => probe().catch(() => false);

const pause = (ms: number): Promise<undefined> => new Promise((resolve) => setTimeout(() => resolve(undefined), ms));

function didNotStart(part: Part, launched: Launched): Advice {
  const how = launched.hasEnded() ? "ended before it was ready" : `did not answer within ${part.readyWithinMs / 1000} s`;
  return new Advice(
    [
      `${part.name} ${how}. The end of its log (${shown(part.log)}):`,
      tailOf(part.log),
      "If that does not say it, `npm start -- --reset` begins anew with empty data.",
    ].join("\n"),
  );
}

const longestLine = 400;

/** The last lines of a log, indented; a line that has no end is cut. */
export function tailOf(file: string, lines = 15): string {
  try {
    return readFileSync(file, "utf8")
      .trimEnd()
      .split("\n")
      .slice(-lines)
      .map((line) => `  ${line.slice(0, longestLine)}`)
      .join("\n");
  } catch {
    return "  (there is no log)";
  }
}
