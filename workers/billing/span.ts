import { invalidRequest } from "#kernel/problems";
import { z, InstantInput } from "#kernel/wire";

/** The longest span that is summed at once: a year and its leap day. */
const AT_MOST_MS = 366 * 86_400_000;
const DAY_MS = 86_400_000;

/** Which span of time is to be summed. */
export const SpanQuery = z.strictObject({ from_at: InstantInput.optional(), to_at: InstantInput.optional() });

/** The span that is asked for; by default the last 30 days. Throws `invalid_request` for one that ends before it begins, or is too long. */
export function spanAsked({ from_at, to_at }: z.infer<typeof SpanQuery>, now: Date): { from: Date; to: Date } {
  const to = to_at ?? new Date(now.getTime() + 1);
  const from = from_at ?? new Date(to.getTime() - 30 * DAY_MS);
  if (from < to && to.getTime() - from.getTime() <= AT_MOST_MS) return { from, to };
  const detail = "The span begins before it ends, and is 366 days at most.";
  throw invalidRequest({ what: detail }, { errors: [{ pointer: "/from_at", code: "wrong_span", detail }] });
}
