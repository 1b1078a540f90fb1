import { expect, test } from "vitest";
import { commandsOf, whyNotCommand, type Commanded } from "#rules/stories/commands";
import { helpOf } from "#rules/stories/help";
import { STORY_COMMANDS, STORY_STATES } from "#rules/stories/states";

const KINDS = [
  "fulfill_order",
  "run_operation",
  "recover_endpoint",
  "deliver_webhooks",
  "send_mail",
  "advance_clock",
  "archive_activations",
  "release_clock",
  "new_kind",
];

const story = (more: Partial<Commanded> = {}): Commanded => ({
  kind: "recover_endpoint",
  state: "waiting",
  waitsFor: "the next try",
  isOver: false,
  isPending: false,
  ...more,
});

test("a story that recovers an endpoint takes every command, and one skips what it waits for alone", () => {
  expect(commandsOf(story())).toEqual(["retry", "skip_wait", "give_up"]);
  expect(commandsOf(story({ waitsFor: null }))).toEqual(["retry", "give_up"]);
});

test("an archive may be asked to wait no longer, and a clock to stop, and neither the other's", () => {
  expect(commandsOf(story({ kind: "archive_activations" }))).toEqual(["retry", "skip_wait"]);
  expect(commandsOf(story({ kind: "advance_clock" }))).toEqual(["retry", "give_up"]);
});

test.each(["fulfill_order", "deliver_webhooks", "send_mail", "constructor"])("%s is tried again, and never given up", (kind) => {
  expect(commandsOf(story({ kind }))).toEqual(["retry"]);
  expect(whyNotCommand(story({ kind }), "give_up")).toBe("cannot_give_up");
});

test("a failed story may be tried again, one that ended takes nothing, and no story takes two commands at once", () => {
  expect(commandsOf(story({ state: "failed", isOver: true }))).toEqual(["retry"]);
  expect(commandsOf(story({ state: "ended", isOver: true }))).toEqual([]);
  for (const command of STORY_COMMANDS) expect(whyNotCommand(story({ isPending: true }), command)).toBe("pending");
  expect(whyNotCommand(story({ state: "ended", isOver: true, isPending: true }), "retry")).toBe("ended");
});

test("whatever befell a story, a whole sentence says what would help", () => {
  for (const kind of KINDS)
    for (const state of STORY_STATES)
      for (const errorCode of [null, "bad_signature", "http_502", "toString", "card_eaten"])
        for (const waitsFor of [null, "the next try"])
          expect(helpOf({ kind, state, errorCode, waitsFor })).toMatch(/^[A-Z].+\.$/);
});

test("an error that is known says more than the kind, and one from between host and edge is the edge's being away", () => {
  const stuck = { kind: "fulfill_order", state: "stuck", waitsFor: null } as const;
  expect(helpOf({ ...stuck, errorCode: "bad_signature" })).toContain("LATCHKEY_INTERNAL_SECRETS");
  expect(helpOf({ ...stuck, errorCode: "http_502" })).toBe(helpOf({ ...stuck, errorCode: "EdgeUnreachable" }));
  expect(helpOf({ ...stuck, errorCode: "card_eaten" })).toContain("no license is issued twice");
  expect(helpOf({ ...stuck, kind: "new_kind", errorCode: null })).toBe("Mend what the error tells, then retry.");
});
