import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";

/** A living process. `born` together with `pid` names it for ever; a pid alone is given out again. */
export type LivingProcess = { pid: number; parent: number; group: number; born: string; command: string };

/** Every process that lives; one that has ended and only waits to be collected by its parent does not. */
export const livingProcesses = (): LivingProcess[] => (process.platform === "linux" ? fromProc() : fromPs());

/** The living members of a process group. */
export const membersOf = (group: number): LivingProcess[] => livingProcesses().filter((process) => process.group === group);

/** Stands for the group of a program that could not be started. */
export const noGroup = 0;

/** Sends a signal to a whole group; a group that is gone already is no error. */
export function signalGroup(group: number, signal: NodeJS.Signals): void {
  if (group === noGroup) return; // to the system, 0 would mean our own
  try {
    process.kill(-group, signal);
  } catch (error) {
    if (!(error instanceof Error && "code" in error && error.code === "ESRCH")) throw error;
  }
}

const pollMs = 50;

/** Waits until nothing lives in the group any more. Says false when time was up first. */
export async function groupEnds(group: number, withinMs: number): Promise<boolean> {
  const deadline = Date.now() + withinMs;
  while (membersOf(group).length > 0) {
    if (Date.now() >= deadline) return false;
    await new Promise((resolve) => setTimeout(resolve, pollMs));
  }
  return true;
}

/** Asks a group to end, and ends it when it has not by then. Nothing of it lives afterwards. */
export async function endGroup(group: number, withinMs: number): Promise<void> {
  signalGroup(group, "SIGTERM");
  if (await groupEnds(group, withinMs)) return;
  signalGroup(group, "SIGKILL");
  await groupEnds(group, 5_000);
}

function fromProc(): LivingProcess[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => {
      try {
        const stat = readFileSync(`/proc/${name}/stat`, "utf8");
        // the second field is the program's name in brackets and may hold anything, so count from its end
        const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
        const [state, parent, group] = fields;
        if (state === undefined || "ZX".includes(state)) return [];
        const command = readFileSync(`/proc/${name}/cmdline`, "utf8").replaceAll("\0", " ").trim();
        return [{ pid: Number(name), parent: Number(parent), group: Number(group), born: fields[19] ?? "", command }];
      } catch {
        return []; // it ended while we were reading
      }
    });
}

function fromPs(): LivingProcess[] {
  const table = execFileSync("ps", ["-A", "-o", "pid=,ppid=,pgid=,stat=,lstart=,command="], {
    encoding: "utf8",
    maxBuffer: 64 << 20,
  });
  return table.split("\n").flatMap((row) => {
    const found = /^\s*(\d+)\s+(\d+)\s+(\d+)\s+(\S+)\s+(\S+\s+\S+\s+\S+\s+\S+\s+\S+)\s+(.*)$/.exec(row);
    if (!found || found[4]?.startsWith("Z")) return [];
    const [, pid, parent, group, , born = "", command = ""] = found;
    return [{ pid: Number(pid), parent: Number(parent), group: Number(group), born, command }];
  });
}

/** Ends what this process started itself and did not put into a group of its own: a download, a migration. */
export function endOwnChildren(): void {
  const children = livingProcesses().filter(({ parent }) => parent === process.pid);
  for (const { pid } of children) {
    try {
      process.kill(pid, "SIGTERM");
    } catch {
      // it ended by itself
    }
  }
}
