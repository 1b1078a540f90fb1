import type { Say } from "../say.ts";
import type { Groups } from "./pids.ts";
import { type Part, type Running, supervise } from "./supervise.ts";

/** The parts of an installation by name. */
export type PartName = "temporal" | "edge" | "host" | "stripe" | "paypal" | "receiver" | "mail";

const shownAs: Record<PartName, string> = {
  temporal: "Temporal",
  edge: "edge",
  host: "worker host",
  stripe: "Stripe simulator",
  paypal: "PayPal simulator",
  receiver: "webhook receiver",
  mail: "mail sink",
};

/** Who asks stops before who answers, so that nothing is cut off in the middle of a call. */
const stopOrder: PartName[][] = [["host"], ["edge"], ["temporal"], ["stripe", "paypal", "receiver", "mail"]];

/** The parts that run, and the one way to stop them all. */
export type Crew = {
  /** Starts a part and resolves when it answers. Rejects when it does not, or when everything is being stopped. */
  begin: (name: PartName, part: Part) => Promise<void>;
  part: (name: PartName) => Running;
  /** Stops what runs, in order; nothing is left afterwards. May be called at any time and more than once. */
  stop: () => Promise<void>;
};

/** A crew that writes its process groups down. */
export function crewOf(groups: Groups, say: Say): Crew {
  const running = new Map<PartName, Running>();
  let stopped: Promise<void> | undefined;

  const stopAll = async () => {
    for (const names of stopOrder) await Promise.all(names.map(async (name) => running.get(name)?.stop()));
    groups.close();
  };
  return {
    async begin(name, part) {
      if (stopped) throw new Error("stopped while starting");
      const startedMs = performance.now();
      const supervised = supervise(part, groups, say);
      running.set(name, supervised);
      await supervised.started;
      if (!stopped) say.line(`  ${shownAs[name].padEnd(20)} ready in ${((performance.now() - startedMs) / 1000).toFixed(1)} s`);
    },
    part(name) {
      const found = running.get(name);
      if (!found) throw new Error(`${name} was not started here`);
      return found;
    },
    stop: () => (stopped ??= stopAll()),
  };
}
