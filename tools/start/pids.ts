import { readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { Advice, type Say } from "../say.ts";
import { type Home, root, shown } from "./home.ts";
import { endGroup, type LivingProcess, livingProcesses } from "./processes.ts";

/** A process, named so that another one with the same number is told apart. */
type Named = { pid: number; born: string };
/** A group is named by its leader, whose number it carries. */
type PidFile = { starter: Named; groups: Record<string, Named> };

const leftoversEndWithinMs = 2_000;

/** The process groups of this run, kept in a file so that the next start finds what a killed one left behind. */
export type Groups = {
  add: (part: string, group: number) => void;
  remove: (part: string) => void;
  /** The run is over and nothing is left. */
  close: () => void;
};

/**
 * Claims the home for this process and ends what a killed start left running in it.
 * @throws {Advice} when another start lives here
 */
export async function claimHome(home: Home, say: Say): Promise<Groups> {
  const before = read(home.pids);
  if (before) {
    const living = livingProcesses();
    const owner = living.find((process) => process.pid === before.starter.pid && process.born === before.starter.born);
    if (owner && owner.pid !== process.pid) throw alreadyRunning(home, owner.pid);
    await endLeftovers(home, before, say);
  }
  return groupsOf(home.pids);
}

async function endLeftovers(home: Home, before: PidFile, say: Say): Promise<void> {
  const living = livingProcesses();
  const left = Object.entries(before.groups).filter(([, leader]) => isOurs(leader, living, home));
  if (left.length === 0) return;
  await Promise.all(left.map(([, { pid }]) => endGroup(pid, leftoversEndWithinMs)));
  say.line(`Ended what an earlier start left behind: ${left.map(([part]) => part).join(", ")}`);
}

/**
 * Whether a recorded group is still the one that was recorded: its number may belong to a stranger by now. Where its leader
 * is dead, what is left of it is known by running in our checkout or home.
 */
function isOurs(leader: Named, living: LivingProcess[], home: Home): boolean {
  const now = living.find(({ pid }) => pid === leader.pid);
  if (now) return now.born === leader.born;
  const members = living.filter(({ group }) => group === leader.pid);
  return members.some(({ command }) => command.includes(root) || command.includes(home.folder));
}

function named(pid: number): Named {
  return { pid, born: livingProcesses().find((process) => process.pid === pid)?.born ?? "" };
}

function groupsOf(file: string): Groups {
  const state: PidFile = { starter: named(process.pid), groups: {} };
  const save = () => {
    writeFileSync(`${file}.new`, `${JSON.stringify(state, null, 2)}\n`);
    renameSync(`${file}.new`, file);
  };
  save();
  return {
    add(part, group) {
      state.groups[part] = named(group);
      save();
    },
    remove(part) {
      delete state.groups[part];
      save();
    },
    close: () => rmSync(file, { force: true }),
  };
}

function read(file: string): PidFile | undefined {
  try {
    const before: PidFile = JSON.parse(readFileSync(file, "utf8"));
    return before;
  } catch {
    return undefined; // none, or half of one: there is nothing to learn from it
  }
}

function alreadyRunning(home: Home, pid: number): Advice {
  return new Advice(
    [
      `Latchkey already runs from ${shown(home.folder)} (process ${pid}).`,
      `Stop it with Ctrl-C in its terminal or \`kill ${pid}\`, or run a second one with another home:`,
      "  LATCHKEY_HOME=.latchkey-2 npm start",
    ].join("\n"),
  );
}
