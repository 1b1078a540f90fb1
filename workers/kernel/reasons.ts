import { REASON_ORDER } from "#rules/licensing/reasons";
import { z } from "./wire.ts";

/** All that a license may be said to be. */
export const DecisionCode = z.enum(["VALID", ...REASON_ORDER.map(({ code }) => code)]);

/** What stands against a license, or is to be known of it, the gravest first. */
export const Reasons = z.array(
  z.object({
    code: DecisionCode,
    severity: z.enum(["deny", "warn"]),
    detail: z.string(),
    pointer: z.string().nullable(),
  }),
);
