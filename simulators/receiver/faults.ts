import type { ServerResponse } from "node:http";
import { BadControl, type ControlBody, answer } from "../http.ts";

/** How a path answers while a fault is on; `times` is how many requests it still meets (null: until told otherwise). */
export type Fault = { times: number | null } & (
  | { mode: "fail"; status: number }
  | { mode: "hang"; ms: number }
  | { mode: "slow"; ms: number }
  | { mode: "redirect"; status: number; location: string }
  | { mode: "gone" }
  | { mode: "big"; bytes: number }
);

/** Reads a fault from a control call; `undefined` for `normal`, which clears. Throws `BadControl` on anything unknown. */
export function faultOf(mode: string, body: ControlBody): Fault | undefined {
  if (mode === "normal") return undefined;
  const times = body.integer("times", 1, 1_000_000) ?? null;
  switch (mode) {
    case "fail":
      return { mode, times, status: body.integer("status", 200, 599) ?? 500 };
    case "hang":
      return { mode, times, ms: body.integer("ms", 1, 600_000) ?? 60_000 };
    case "slow":
      return { mode, times, ms: body.integer("ms", 1, 600_000) ?? 1000 };
    case "redirect":
      return { mode, times, status: body.integer("status", 300, 399) ?? 302, location: body.string("location") ?? "/redirected" };
    case "gone":
      return { mode, times };
    case "big":
      return { mode, times, bytes: body.integer("bytes", 1, 100_000_000) ?? 1_048_576 };
    default:
      throw new BadControl("mode must be one of fail, hang, slow, redirect, gone, big, verify, normal.");
  }
}

/** The status a faulty path is about to answer with; null where it will not answer. */
export function statusUnder(fault: Fault | undefined): number | null {
  switch (fault?.mode) {
    case "fail":
    case "redirect":
      return fault.status;
    case "gone":
      return 410;
    case "hang":
      return null;
    default:
      return 200;
  }
}

/** Answers one webhook as its path's fault demands. `later` runs a step after some milliseconds, unless the server stops first. */
export function answerUnder(fault: Fault | undefined, res: ServerResponse, later: (ms: number, step: () => void) => void): void {
  const status = statusUnder(fault);
  switch (fault?.mode) {
    case "hang":
      return later(fault.ms, () => res.destroy());
    case "slow":
      return later(fault.ms, () => answer(res, 200, '{"received":true}'));
    case "redirect":
      return answer(res, fault.status, "", { location: fault.location });
    case "big":
      return answer(res, 200, "x".repeat(fault.bytes), { "content-type": "text/plain" });
    default:
      return answer(res, status ?? 200, JSON.stringify({ received: status === 200 }));
  }
}
