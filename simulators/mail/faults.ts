import { BadControl, type ControlBody } from "../http.ts";

/** How mail to an address is taken while a fault is on; `times` is how many mails it still meets (null: until told otherwise). */
export type Fault = { times: number | null } & (
  | { mode: "defer"; status: number }
  | { mode: "refuse"; status: number; at: "recipient" | "data" }
  | { mode: "slow"; ms: number }
);

/** Reads a fault from a control call; `undefined` for `normal`, which clears. Throws `BadControl` on anything unknown. */
export function faultOf(mode: string, body: ControlBody): Fault | undefined {
  if (mode === "normal") return undefined;
  const times = body.integer("times", 1, 1_000_000) ?? null;
  switch (mode) {
    case "defer":
      return { mode, times, status: body.integer("status", 400, 499) ?? 451 };
    case "refuse": {
      const at = body.string("at") ?? "recipient";
      if (at !== "recipient" && at !== "data") throw new BadControl("at must be recipient or data.");
      return { mode, times, at, status: body.integer("status", 500, 599) ?? 550 };
    }
    case "slow":
      return { mode, times, ms: body.integer("ms", 1, 600_000) ?? 1000 };
    default:
      throw new BadControl("mode must be one of down, defer, refuse, slow, normal.");
  }
}
