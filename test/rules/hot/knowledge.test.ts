import { fc, test } from "@fast-check/vitest";
import { describe, expect } from "vitest";
import { changeOf } from "#rules/hot/changes";
import { type Change, type Drop, Knowledge, type Subjects } from "#rules/hot/knowledge";
import { reachOf } from "#rules/hot/reach";
import { EVENT_TYPES } from "#rules/events";

const subjects = (more: Partial<Subjects> = {}): Subjects => ({
  tenantId: "ten_1",
  licenseId: "lic_1",
  productId: "prod_1",
  activationId: "act_1",
  sharesLimits: false,
  onTrial: false,
  ...more,
});

const change = (position: number, more: Partial<Change>): Change => ({
  tenantId: "ten_1",
  position,
  reach: "license",
  licenseId: null,
  activationId: null,
  productId: null,
  ...more,
});

const told = (from: number, position: number, changes: Change[], drops: Drop[] = []) => ({
  from,
  position,
  changes,
  drops,
  dropsUpTo: drops.at(-1)?.n ?? 0,
});

const changes = fc.record({
  tenantId: fc.constantFrom("ten_1", "ten_2"),
  reach: fc.constantFrom("license", "device", "product", "keys", "tenant"),
  licenseId: fc.constantFrom("lic_1", "lic_2"),
  activationId: fc.constantFrom("act_1", "act_2"),
  productId: fc.constantFrom("prod_1", "prod_2"),
});

/** Whether a change concerns a license, by the plain meaning of its reach. */
function concerns({ tenantId, reach, licenseId, activationId, productId }: Omit<Change, "position">, asked: Subjects): boolean {
  if (reach === "tenant") return tenantId === asked.tenantId;
  if (reach === "license") return licenseId === asked.licenseId;
  if (reach === "product") return productId === asked.productId;
  if (reach !== "device") return false;
  if (asked.onTrial && tenantId === asked.tenantId) return true;
  return asked.sharesLimits ? licenseId === asked.licenseId : activationId === asked.activationId;
}

test.prop(
  [
    fc.array(changes, { maxLength: 30 }),
    fc.nat(30),
    fc.nat(30),
    fc.array(fc.nat(5), { maxLength: 10 }),
    fc.boolean(),
    fc.boolean(),
  ],
  { numRuns: 2000 },
)(
  "a snapshot counts as changed exactly where something that concerns it came after it",
  (log, readAt, first, cuts, sharesLimits, onTrial) => {
    const history = log.map((each, index) => change(index + 1, each));
    const asked = subjects({ sharesLimits, onTrial });
    const knowledge = new Knowledge();
    const from = Math.min(first, history.length);
    // the first answer of a feed that keeps only the end of the log, then the rest in pieces
    let upTo = from;
    knowledge.learn(told(from, from, []));
    for (const cut of [...cuts, history.length]) {
      const until = Math.min(history.length, upTo + cut);
      knowledge.learn(told(upTo, until, history.slice(upTo, until)));
      upTo = until;
    }
    const position = Math.min(readAt, history.length);
    const expected =
      position < from || history.some((each) => each.position > position && each.position > from && concerns(each, asked));
    expect(knowledge.hasChanged({ position, drops: 0 }, asked)).toBe(expected);
    expect(knowledge.keysHaveChanged({ position, drops: 0 }, "ten_1")).toBe(
      position < from ||
        history.some(
          (each) =>
            each.position > position &&
            each.position > from &&
            each.tenantId === "ten_1" &&
            (each.reach === "keys" || each.reach === "tenant"),
        ),
    );
  },
);

describe("what an isolate knows", () => {
  test("a gap between what is known and what is told makes everything from before it unknown", () => {
    const knowledge = new Knowledge();
    knowledge.learn(told(0, 10, []));
    expect(knowledge.hasChanged({ position: 10, drops: 0 }, subjects())).toBe(false);
    knowledge.learn(told(50, 60, []));
    expect(knowledge.hasChanged({ position: 10, drops: 0 }, subjects())).toBe(true);
    expect(knowledge.hasChanged({ position: 50, drops: 0 }, subjects())).toBe(false);
  });

  test("what it committed itself is known before any feed tells it", () => {
    const knowledge = new Knowledge();
    knowledge.note(change(4, { licenseId: "lic_1" }));
    expect(knowledge.hasChanged({ position: 3, drops: 0 }, subjects())).toBe(true);
    expect(knowledge.hasChanged({ position: 4, drops: 0 }, subjects())).toBe(false);
  });

  test("a drop takes what was read before it, of its subject or of everything", () => {
    const knowledge = new Knowledge();
    knowledge.learn(told(0, 5, [], [{ n: 1, tenantId: "ten_1", subject: "lic_1" }]));
    expect(knowledge.hasChanged({ position: 5, drops: 0 }, subjects())).toBe(true);
    expect(knowledge.hasChanged({ position: 5, drops: 1 }, subjects())).toBe(false);
    expect(knowledge.hasChanged({ position: 5, drops: 0 }, subjects({ licenseId: "lic_2" }))).toBe(false);
    knowledge.learn(told(5, 5, [], [{ n: 2, tenantId: "ten_1", subject: null }]));
    expect(knowledge.hasChanged({ position: 5, drops: 1 }, subjects({ licenseId: "lic_2" }))).toBe(true);
    expect(knowledge.keysHaveChanged({ position: 5, drops: 1 }, "ten_1")).toBe(true);
    expect(knowledge.hasChanged({ position: 5, drops: 1 }, subjects({ tenantId: "ten_2", licenseId: "lic_9" }))).toBe(false);
    knowledge.learn(told(5, 5, [], [{ n: 3, tenantId: null, subject: null }]));
    expect(knowledge.hasChanged({ position: 5, drops: 2 }, subjects({ tenantId: "ten_2", licenseId: "lic_9" }))).toBe(true);
  });

  test("another tenant's changes make nothing of this one unknown", () => {
    const knowledge = new Knowledge();
    const others = (["tenant", "keys", "device"] as const).map((reach, n) =>
      change(n + 1, { tenantId: "ten_2", reach, licenseId: "lic_2", activationId: "act_2" }),
    );
    knowledge.learn(told(0, 3, others));
    expect(knowledge.hasChanged({ position: 0, drops: 0 }, subjects({ onTrial: true, sharesLimits: true }))).toBe(false);
    expect(knowledge.keysHaveChanged({ position: 0, drops: 0 }, "ten_1")).toBe(false);
    expect(knowledge.keysHaveChanged({ position: 0, drops: 0 }, "ten_2")).toBe(true);
  });

  test("a database that was set back makes what was read before it unknown, and what comes after it is heard", () => {
    const knowledge = new Knowledge();
    knowledge.learn(told(0, 100, []));
    knowledge.learn(told(10, 60, []));
    expect(knowledge.hasChanged({ position: 50, drops: 0 }, subjects())).toBe(true);
    expect(knowledge.hasChanged({ position: 60, drops: 0 }, subjects())).toBe(false);
    knowledge.learn(told(60, 61, [change(61, { licenseId: "lic_1" })]));
    expect(knowledge.hasChanged({ position: 60, drops: 0 }, subjects())).toBe(true);
  });

  test("more subjects than it remembers make older snapshots unknown, never true", () => {
    const knowledge = new Knowledge();
    const many = Array.from({ length: 25_000 }, (_, n) => change(n + 1, { licenseId: `lic_x${n}` }));
    knowledge.learn(told(0, 25_000, [change(1, { licenseId: "lic_1" }), ...many]));
    expect(knowledge.hasChanged({ position: 0, drops: 0 }, subjects())).toBe(true);
    expect(knowledge.hasChanged({ position: 25_000, drops: 0 }, subjects())).toBe(false);
  });
});

describe("what an event makes untrue", () => {
  test("a type that this version does not know may be anything", () => {
    expect(reachOf("license.teleported")).toBe("tenant");
    expect(EVENT_TYPES.filter((type) => reachOf(type) === "tenant")).toEqual([
      "blacklist_entry.created",
      "blacklist_entry.deleted",
    ]);
  });

  test("an event that does not say of what it is told is told of everything", () => {
    const about = {
      tenantId: "ten_1",
      position: 1,
      type: "license.suspended",
      subject: { type: "license", id: "lic_1" },
      productId: null,
    };
    expect(changeOf({ ...about, licenseId: "lic_1" }).reach).toBe("license");
    expect(changeOf({ ...about, licenseId: null }).reach).toBe("tenant");
  });
});
