import { fc, test } from "@fast-check/vitest";
import { describe, expect } from "vitest";
import {
  balanceOf,
  clawBack,
  CREDIT_SOURCES,
  type CreditState,
  endOfRestored,
  expired,
  isSpendable,
  spend,
  whyNotGrantCredit,
} from "#rules/billing/credits";

const now = new Date("2026-06-01T00:00:00Z");
const at = (days: number) => new Date(now.getTime() + days * 86_400_000);
const credit = (id: string, changes: Partial<CreditState> = {}): CreditState => ({
  id,
  currency: "EUR",
  source: "overpayment",
  sourceId: "pay_1",
  amount: 100,
  remaining: 100,
  createdAt: at(-10),
  expiresAt: null,
  ...changes,
});
const credits: fc.Arbitrary<CreditState[]> = fc
  .array(
    fc.record({
      currency: fc.constantFrom("EUR", "EUR", "USD"),
      source: fc.constantFrom(...CREDIT_SOURCES),
      amount: fc.integer({ min: 1, max: 500 }),
      part: fc.nat(100),
      age: fc.nat(5),
      ends: fc.option(fc.integer({ min: -3, max: 5 })),
    }),
    { maxLength: 8 },
  )
  .map((list) =>
    list.map(({ currency, source, amount, part, age, ends }, index) => ({
      ...credit(`crd_${index}`),
      currency,
      source,
      amount,
      remaining: Math.floor((amount * part) / 100),
      createdAt: at(-age),
      expiresAt: ends === null ? null : at(ends),
    })),
  );
const sum = (parts: { amount: number }[]) => parts.reduce((total, { amount }) => total + amount, 0);

describe("spending credit", () => {
  test.prop([credits, fc.nat(2000)])("pays as much as there is and is due, out of what may be spent", (all, amount) => {
    const parts = spend(all, { amount, currency: "EUR" }, now);
    expect(sum(parts)).toBe(Math.min(amount, balanceOf(all, "EUR", now)));
    for (const part of parts) {
      const source = all.find(({ id }) => id === part.creditId)!;
      expect(part.amount).toBeGreaterThan(0);
      expect(part.amount).toBeLessThanOrEqual(source.remaining);
      expect([source.currency, isSpendable(source, now)]).toEqual(["EUR", true]);
    }
  });

  test.prop([credits, fc.nat(2000)])("touches none while one that ends sooner has something left", (all, amount) => {
    const parts = new Map(spend(all, { amount, currency: "EUR" }, now).map((part) => [part.creditId, part.amount]));
    const ends = (one: CreditState) => one.expiresAt?.getTime() ?? Infinity;
    const usable = all.filter((one) => one.currency === "EUR" && isSpendable(one, now));
    for (const used of usable.filter(({ id }) => parts.has(id)))
      for (const other of usable) {
        const isEarlier = ends(other) < ends(used) || (ends(other) === ends(used) && other.createdAt < used.createdAt);
        if (isEarlier) expect(parts.get(other.id)).toBe(other.remaining);
      }
  });

  test("goes by the end, then by age, and never over currencies", () => {
    const all = [
      credit("crd_never_old", { createdAt: at(-30) }),
      credit("crd_late", { expiresAt: at(9) }),
      credit("crd_soon", { expiresAt: at(2) }),
      credit("crd_over", { expiresAt: at(0) }),
      credit("crd_never_new", { createdAt: at(-1) }),
      credit("crd_dollars", { currency: "USD", expiresAt: at(1) }),
    ];
    expect(balanceOf(all, "EUR", now)).toBe(400);
    expect(spend(all, { amount: 350, currency: "EUR" }, now)).toEqual([
      { creditId: "crd_soon", amount: 100 },
      { creditId: "crd_late", amount: 100 },
      { creditId: "crd_never_old", amount: 100 },
      { creditId: "crd_never_new", amount: 50 },
    ]);
    expect(spend(all, { amount: 0, currency: "EUR" }, now)).toEqual([]);
  });

  test("ends at the very instant, and what is left is lost once", () => {
    const one = credit("crd_1", { expiresAt: now, remaining: 40 });
    expect([isSpendable(one, at(-0.001)), isSpendable(one, now)]).toEqual([true, false]);
    expect(expired([one, credit("crd_2"), credit("crd_3", { expiresAt: now, remaining: 0 })], now)).toEqual([
      { creditId: "crd_1", amount: 40 },
    ]);
    expect(expired([one], at(-1))).toEqual([]);
  });

  test.prop([credits])("what is in no currency's balance is used up or lost", (all) => {
    const held = all.reduce((total, { remaining }) => total + remaining, 0);
    expect(balanceOf(all, "EUR", now) + balanceOf(all, "USD", now) + sum(expired(all, now))).toBe(held);
  });

  test("is given in whole units, and for some time", () => {
    expect(whyNotGrantCredit({ amount: 1, expiresAt: at(1) }, 0, now)).toBeNull();
    expect(whyNotGrantCredit({ amount: 0, expiresAt: null }, 0, now)?.code).toBe("invalid_amount");
    expect(whyNotGrantCredit({ amount: 1, expiresAt: now }, 0, now)?.code).toBe("expires_in_the_past");
    expect(whyNotGrantCredit({ amount: 1, expiresAt: null }, Number.MAX_SAFE_INTEGER, now)?.code).toBe("balance_too_large");
  });
});

describe("a credit that comes back", () => {
  test("may be spent for 30 days at least, and never ends sooner than it would have", () => {
    expect(endOfRestored(null, now)).toBeNull();
    expect(endOfRestored(at(-1), now)).toEqual(at(30));
    expect(endOfRestored(at(31), now)).toEqual(at(31));
  });
});

describe("when the money of a credit is disputed", () => {
  test.prop([credits, fc.nat(2000)])("no more is taken than is there or disputed, and none becomes negative", (all, disputed) => {
    const spent = all.map(({ id, amount, remaining }) => ({ creditId: id, invoiceId: `inv_${id}`, amount: amount - remaining }));
    const { taken, debt } = clawBack(all, spent, disputed);
    for (const part of taken) expect(part.amount).toBeLessThanOrEqual(all.find(({ id }) => id === part.creditId)!.remaining);
    const granted = all.reduce((total, { amount }) => total + amount, 0);
    expect(sum(taken) + debt).toBe(Math.min(disputed, granted));
  });

  test("what was spent is a debt, and the invoices that it paid are named", () => {
    const all = [credit("crd_1", { remaining: 0 }), credit("crd_2", { remaining: 30, createdAt: at(-1) })];
    const spent = [
      { creditId: "crd_1", invoiceId: "inv_1", amount: 100 },
      { creditId: "crd_2", invoiceId: "inv_2", amount: 70 },
      { creditId: "crd_9", invoiceId: "inv_9", amount: 5 },
    ];
    expect(clawBack(all, spent, 500)).toEqual({
      taken: [{ creditId: "crd_2", amount: 30 }],
      debt: 170,
      spentOn: ["inv_1", "inv_2"],
    });
    expect(clawBack(all, spent, 20)).toEqual({ taken: [{ creditId: "crd_2", amount: 20 }], debt: 0, spentOn: [] });
  });

  test("what expired before is no debt: nobody had it", () => {
    expect(clawBack([credit("crd_1", { remaining: 0 })], [], 100)).toEqual({ taken: [], debt: 0, spentOn: [] });
    const half = [{ creditId: "crd_1", invoiceId: "inv_1", amount: 40 }];
    expect(clawBack([credit("crd_1", { remaining: 0 })], half, 100)).toEqual({ taken: [], debt: 40, spentOn: ["inv_1"] });
  });
});
