import { fc, test } from "@fast-check/vitest";
import { expect } from "vitest";
import { type Seated, whoGivesWay } from "#rules/licensing/kick";

const at = (s: number) => new Date(1_000_000 + s * 1000);
const seat = (id: string, seenAt: number, more: Partial<Seated> = {}): Seated => ({
  id,
  type: "online",
  userRef: null,
  lastSeenAt: at(seenAt),
  ...more,
});
const ids = (devices: readonly Seated[]) => devices.map(({ id }) => id).toSorted();

test("the device that was seen least recently gives way, and of two the older one", () => {
  expect(ids(whoGivesWay([seat("b", 3), seat("a", 5), seat("c", 4)], false))).toEqual(["b"]);
  expect(ids(whoGivesWay([seat("b", 3), seat("a", 3)], false))).toEqual(["a"]);
  expect(whoGivesWay([], false)).toEqual([]);
});

test("where users are counted all devices of one give way together, by the last of them that was seen", () => {
  const [ada, bob] = [{ userRef: "ada" }, { userRef: "bob" }];
  const devices = [seat("a1", 1, ada), seat("a2", 9, ada), seat("b1", 4, bob), seat("b2", 5, bob), seat("c", 6)];
  expect(ids(whoGivesWay(devices, true))).toEqual(["b1", "b2"]);
  expect(ids(whoGivesWay(devices, false))).toEqual(["a1"]);
});

const seated = fc.array(
  fc.record({
    id: fc.uuid(),
    type: fc.constantFrom("online" as const, "offline" as const, "emergency" as const),
    userRef: fc.constantFrom(null, "ada", "bob"),
    lastSeenAt: fc.nat(9).map(at),
  }),
  { maxLength: 8 },
);

test.prop([seated, fc.boolean()])(
  "what works offline never gives way, nor do those who share its seat",
  (devices, countsUsers) => {
    const leaving = whoGivesWay(devices, countsUsers);
    expect(leaving.every(({ type }) => type === "online")).toBe(true);
    const users = new Set(leaving.map(({ userRef, id }) => (countsUsers && userRef !== null ? userRef : id)));
    expect(users.size).toBeLessThanOrEqual(1);
    if (!countsUsers) expect(leaving.length).toBe(devices.some(({ type }) => type === "online") ? 1 : 0);
  },
);
