import { fc, test } from "@fast-check/vitest";
import { expect } from "vitest";
import { afterMail, GIVE_UP_AFTER_MS, MAIL_DELAYS_MS } from "#rules/mail/schedule";

const FIRST = new Date("2026-06-15T12:00:00.000Z");
const jitters = fc.double({ min: 0, max: 1, noNaN: true });

test.prop([jitters])(
  "what a server puts off is tried from a minute on, ever more rarely, for three days and not longer",
  (jitter) => {
    let now = FIRST;
    const waits: number[] = [];
    for (;;) {
      const after = afterMail({ kind: "deferred" }, { reachedAt: FIRST, now, jitter });
      if (after.state !== "pending") {
        expect(after).toEqual({ state: "failed" });
        break;
      }
      waits.push(after.at.getTime() - now.getTime());
      now = after.at;
    }
    expect(waits[0]).toBe(Math.round(MAIL_DELAYS_MS[0] * (1 + 0.2 * jitter)));
    expect(waits).toEqual([...waits].sort((a, b) => a - b));
    const lasted = now.getTime() - FIRST.getTime();
    expect(lasted).toBeLessThanOrEqual(GIVE_UP_AFTER_MS);
    expect(lasted).toBeGreaterThan(GIVE_UP_AFTER_MS * 0.8);
  },
);

test.prop([fc.integer({ min: 1, max: 100_000 }), jitters])(
  "a server that cannot be reached costs a mail nothing, however long that lasts",
  (days, jitter) => {
    const now = new Date(FIRST.getTime() + days * 86_400_000);
    expect(afterMail({ kind: "unreached" }, { reachedAt: FIRST, now, jitter })).toMatchObject({ state: "pending" });
  },
);

test("a refused recipient bounces, a refused mail fails, and an accepted one is sent", () => {
  const how = { reachedAt: FIRST, now: FIRST, jitter: 0 };
  expect(afterMail({ kind: "refused", what: "recipient" }, how)).toEqual({ state: "bounced" });
  expect(afterMail({ kind: "refused", what: "mail" }, how)).toEqual({ state: "failed" });
  expect(afterMail({ kind: "accepted" }, how)).toEqual({ state: "sent" });
});
