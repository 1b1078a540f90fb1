import { fc, test } from "@fast-check/vitest";
import { describe, expect } from "vitest";
import { periodOf } from "#rules/billing/periods";
import { canonicalText } from "#rules/billing/previews";
import { PRORATION_CONVENTIONS, recomputeLine } from "#rules/billing/proration";
import { add, compare, mul, ratio, sub, toRational } from "#rules/rational";
import {
  type Planned,
  planActivate,
  planCancel,
  planChange,
  planDue,
  planPause,
  planReactivate,
  planRenewal,
  planResume,
  planStart,
  planTrialEnd,
  planUnschedule,
} from "#rules/sales/subscription-plans";
import {
  SUBSCRIPTION_MOVES,
  SUBSCRIPTION_STATUSES,
  type SubscriptionMove,
  type SubscriptionStatus,
  sharedTerms,
  priceKey,
  whyNotMoveSubscription,
} from "#rules/sales/subscriptions";
import { ZONES } from "../billing/zones.ts";
import { Books, coupon, of, price } from "./subscribing.ts";

const BASIC = price("basic", "1000");
const PRO = price("pro", "3000");
const YEARLY = price("yearly", "30000", { interval: "year" });
const FLAT = price("flat", "500", { scheme: "flat" });
const CALLS = price("calls", "0.5", { meteredFeatureId: "fea_calls" });
const TRIAL = price("trial", "2000", { trial: "P14D" });
const PRICES = [BASIC, PRO, YEARLY, FLAT, CALLS, TRIAL];

const date = (text: string) => new Date(text);
const DAY = 86_400_000;
const ask = (...items: ReturnType<typeof of>[]) => ({ items, timeZone: "UTC", collectionMethod: "automatic" as const });
const nets = (lines: readonly { net: number }[]) => lines.map(({ net }) => net);
const code = (planned: Planned) => (planned.ok ? null : planned.refused.code);
const MOVES = Object.keys(SUBSCRIPTION_MOVES) as SubscriptionMove[];

/** A subscription that runs since 1 March 2026, paid. */
function running(items = [of("basic")], books = new Books(PRICES), start: Partial<Parameters<typeof planStart>[0]> = {}): Books {
  books.do(planStart({ ...ask(...items), collectionMethod: "send_invoice", ...start }, books.at("2026-03-01T00:00:00Z")));
  return books;
}

describe("a subscription's moves", () => {
  test.prop([fc.constantFrom(...SUBSCRIPTION_STATUSES), fc.constantFrom(...MOVES), fc.boolean()])(
    "start only where the table says, and what is refused says why",
    (status, move, ends) => {
      const no = whyNotMoveSubscription({ status, cancelAt: ends ? date("2026-04-01") : null }, move);
      const from: readonly SubscriptionStatus[] = SUBSCRIPTION_MOVES[move].from;
      if (no === null) expect(from).toContain(status);
      else expect(no.detail).toMatch(/^.+\.$/);
    },
  );

  test.each([
    ["activate", ["incomplete"], "active"],
    ["end_trial", ["trialing"], "active"],
    ["fall_behind", ["active"], "past_due"],
    ["catch_up", ["past_due"], "active"],
    ["change", ["trialing", "active", "past_due"], null],
    ["renew", ["active", "past_due"], null],
    ["pause", ["active"], "paused"],
    ["resume", ["paused"], "active"],
    ["cancel", ["incomplete", "trialing", "active", "past_due", "paused"], "canceled"],
  ] as const)("%s is possible from %j", (move, from, to) => {
    const why = (status: SubscriptionStatus) => whyNotMoveSubscription({ status, cancelAt: null }, move);
    expect(SUBSCRIPTION_STATUSES.filter((status) => why(status) === null)).toEqual(from);
    expect(SUBSCRIPTION_MOVES[move].to).toBe(to);
    if (to !== null && !(from as readonly string[]).includes(to)) expect(why(to)?.code).toBe("already_done");
  });

  test("each refusal names what stands against the move", () => {
    const why = (status: SubscriptionStatus, move: SubscriptionMove, cancelAt: Date | null = null) =>
      whyNotMoveSubscription({ status, cancelAt }, move)?.code;
    expect(why("canceled", "change")).toBe("subscription_canceled");
    expect(why("incomplete", "change")).toBe("subscription_incomplete");
    expect(why("paused", "change")).toBe("subscription_paused");
    expect(why("past_due", "pause")).toBe("subscription_past_due");
    expect(why("trialing", "pause")).toBe("subscription_trialing");
    expect(why("trialing", "resume")).toBe("not_paused");
    expect(why("past_due", "resume")).toBe("not_paused");
    expect(why("paused", "end_trial")).toBe("not_trialing");
    expect(why("past_due", "activate")).toBe("not_incomplete");
    expect(why("active", "pause", date("2026-04-01"))).toBe("cancel_scheduled");
    expect(why("active", "reactivate")).toBe("not_canceled");
    expect(why("active", "reactivate", date("2026-04-01"))).toBeUndefined();
    expect(why("incomplete", "reactivate")).toBe("subscription_incomplete");
    expect(why("canceled", "reactivate")).toBeUndefined();
  });
});

describe("items", () => {
  const known = new Map(
    [
      ...PRICES,
      price("once", "100", { interval: "one_time" }),
      price("usd", "100", { currency: "USD" }),
      price("gross", "100", { taxBehavior: "inclusive" }),
    ].map((one) => [priceKey(one), one]),
  );
  test.each([
    ["no_items", "/items", []],
    ["unknown_price", "/items/1/price_id", [of("basic"), of("none")]],
    ["one_time_price", "/items/0/price_id", [of("once")]],
    ["invalid_quantity", "/items/0/quantity", [of("basic", 0)]],
    ["invalid_quantity", "/items/0/quantity", [of("basic", 1.5)]],
    ["duplicate_item", "/items/1", [of("basic"), of("basic", 2)]],
    ["duplicate_item", "/items/1", [of("basic", 1, "si_1"), of("pro", 1, "si_1")]],
    ["currency_differs", "/items/1/price_id", [of("basic"), of("usd")]],
    ["tax_behavior_differs", "/items/1/price_id", [of("basic"), of("gross")]],
    ["mixed_intervals", "/items/1/price_id", [of("basic"), of("yearly")]],
  ])("%s at %s", (refusal, pointer, items) => {
    expect(sharedTerms(items, known)).toMatchObject({
      ok: false,
      code: refusal,
      pointer,
      detail: expect.stringMatching(/^.+\.$/),
    });
  });

  test("a subscription keeps its currency, and may change its interval", () => {
    const as = { currency: "USD", taxBehavior: "exclusive" } as const;
    expect(sharedTerms([of("basic")], known, as)).toMatchObject({ ok: false, code: "currency_differs" });
    expect(sharedTerms([of("yearly")], known)).toEqual({
      ok: true,
      currency: "EUR",
      taxBehavior: "exclusive",
      interval: "year",
      intervalCount: 1,
    });
  });
});

describe("a start", () => {
  test("charges the first period in advance, and waits for its payment", () => {
    const books = new Books(PRICES);
    const plan = books.do(planStart(ask(of("basic", 3), of("calls")), books.at("2026-01-31T10:00:00.750Z")));
    expect(plan).toMatchObject({
      effectiveAt: date("2026-01-31T10:00:00Z"),
      next: {
        status: "incomplete",
        periodIndex: 0,
        currentPeriodStartAt: date("2026-01-31T10:00:00Z"),
        currentPeriodEndAt: date("2026-02-28T10:00:00Z"),
        dueAt: null,
      },
      licenseEffect: { seats: 3, expiresAt: date("2026-02-28T10:00:00Z"), when: "when_paid" },
    });
    expect(plan.lines).toMatchObject([{ net: 3000, quantity: 3, subscriptionItemId: "si_1", tax: null }]);
    expect(books.state.items).toMatchObject([{ billed: { invoiceId: "inv_1", lineId: "1" } }, { billed: null }]);
  });

  test("is active, and gives its license, when the first payment settles", () => {
    const books = new Books(PRICES);
    books.do(planStart(ask(of("basic", 3)), books.at("2026-03-01T00:00:00Z")));
    const plan = books.do(planActivate(books.state, books.at("2026-03-01T00:03:00Z")));
    expect(plan).toMatchObject({
      lines: [],
      next: { status: "active", dueAt: date("2026-04-01T00:00:00Z") },
      licenseEffect: { seats: 3, expiresAt: date("2026-04-01T00:00:00Z"), when: "at_once" },
    });
    expect(code(planActivate(books.state, books.at("2026-03-01T00:03:00Z")))).toBe("already_done");
  });

  test("on invoice, and for nothing, is active at once", () => {
    expect(running().state).toMatchObject({ status: "active", dueAt: date("2026-04-01T00:00:00Z") });
    const books = new Books([price("free", "0")]);
    expect(books.do(planStart(ask(of("free")), books.at("2026-03-01T00:00:00Z")))).toMatchObject({
      next: { status: "active" },
      licenseEffect: { when: "at_once" },
    });
  });

  test("with an anchor ahead charges the part until it, and whole periods after", () => {
    const books = running([of("pro")], undefined, { billingAnchorAt: date("2026-03-15T00:00:00Z") });
    expect(books.state.currentPeriodEndAt).toEqual(date("2026-03-15T00:00:00Z"));
    // 14 of the 28 days from 15 February on
    expect(books.total).toBe(1500);
    const next = books.do(planRenewal(books.state, date("2026-03-15T00:00:00Z"), books.at("2026-03-15T00:00:00Z")));
    expect(nets(next.lines)).toEqual([3000]);
    expect(books.state.currentPeriodEndAt).toEqual(date("2026-04-15T00:00:00Z"));
  });

  test("with a trial charges nothing before it ends", () => {
    const books = running([of("trial", 2)]);
    expect(books.state).toMatchObject({
      status: "trialing",
      trialEndAt: date("2026-03-15T00:00:00Z"),
      currentPeriodEndAt: date("2026-03-15T00:00:00Z"),
      dueAt: date("2026-03-15T00:00:00Z"),
    });
    expect(books.invoices).toEqual([]);
    const plan = books.do(planTrialEnd(books.state, books.at("2026-03-15T00:00:05Z")));
    expect(plan).toMatchObject({
      effectiveAt: date("2026-03-15T00:00:00Z"),
      next: { status: "active", currentPeriodEndAt: date("2026-04-15T00:00:00Z") },
      licenseEffect: { expiresAt: date("2026-04-15T00:00:00Z"), when: "when_paid" },
    });
    expect(nets(plan.lines)).toEqual([4000]);
  });

  test("a trial must end later than now, and may be refused", () => {
    const books = new Books(PRICES);
    const trialEndAt = date("2026-03-01T00:00:00Z");
    expect(code(planStart({ ...ask(of("basic")), trialEndAt }, books.at(trialEndAt)))).toBe("trial_not_ahead");
    const plan = books.do(planStart({ ...ask(of("trial")), trialEndAt: null }, books.at(trialEndAt)));
    expect(plan.next).toMatchObject({ status: "incomplete", trialEndAt: null });
  });

  test("a trial that is ended early anchors the periods there, and coupons begin with them", () => {
    const books = new Books(PRICES, [coupon("c", { percent: "50", duration: "repeating", durationMonths: 2 })]);
    running([of("trial")], books, { couponIds: ["c"] });
    expect(books.state.coupons).toMatchObject([{ startedAt: "2026-03-15T00:00:00.000Z", endsAt: "2026-05-15T00:00:00.000Z" }]);
    expect(nets(books.do(planTrialEnd(books.state, books.at("2026-03-10T12:00:00Z"))).lines)).toEqual([1000]);
    expect(books.state).toMatchObject({
      currentPeriodEndAt: date("2026-04-10T12:00:00Z"),
      coupons: [{ startedAt: "2026-03-10T12:00:00.000Z", endsAt: "2026-05-10T12:00:00.000Z" }],
    });
  });

  test("use during a trial is free, and a canceled trial ends without an invoice", () => {
    const books = running([of("trial"), of("calls")]);
    books.usage.set("si_2", 1000);
    expect(nets(books.do(planTrialEnd(books.state, books.at("2026-03-15T00:00:00Z"))).lines)).toEqual([2000]);

    const other = running([of("trial"), of("calls")]);
    other.usage.set("si_2", 1000);
    other.do(planCancel(other.state, { at: "period_end", prorate: true, reason: "too dear" }, other.at("2026-03-05T00:00:00Z")));
    expect(other.state).toMatchObject({
      status: "trialing",
      cancelAt: date("2026-03-15T00:00:00Z"),
      dueAt: date("2026-03-15T00:00:00Z"),
    });
    expect(code(planTrialEnd(other.state, other.at("2026-03-10T00:00:00Z")))).toBe("cancel_scheduled");
    const end = other.do(planTrialEnd(other.state, other.at("2026-03-15T00:00:00Z")));
    expect(end).toMatchObject({ lines: [], next: { status: "canceled", endedAt: date("2026-03-15T00:00:00Z"), dueAt: null } });
  });
});

describe("a change", () => {
  const middle = "2026-03-16T12:00:00Z";

  test("now credits what is left of the old line and charges what is left of the period", () => {
    const books = running();
    const plan = books.do(planChange(books.state, { items: [of("pro", 2)] }, "now", books.at(middle)));
    expect(nets(plan.lines)).toEqual([-500, 3000]);
    expect(plan.lines[0]).toMatchObject({ creditsLine: { invoiceId: "inv_1", lineId: "1" }, tax: { rate: "19" } });
    expect(plan.licenseEffect).toMatchObject({ seats: 2, when: "when_paid" });
    expect(plan.licenseEffect).not.toHaveProperty("expiresAt");
    // another price is another item, with the line that billed it
    expect(books.state.items).toEqual([
      {
        id: "si_2",
        priceId: "pro",
        priceRev: 1,
        quantity: 2,
        since: "2026-03-16T12:00:00.000Z",
        billed: { invoiceId: "inv_2", lineId: "2" },
      },
    ]);
    for (const line of plan.lines) expect(recomputeLine(line).amount).toBe(line.amount);
  });

  test("what stays as it was has no line", () => {
    const books = running([of("basic"), of("flat")]);
    const plan = books.do(planChange(books.state, { items: [of("basic", 3), of("flat")] }, "now", books.at(middle)));
    expect(plan.lines.map(({ net, subscriptionItemId }) => [net, subscriptionItemId])).toEqual([
      [-500, "si_1"],
      [1500, "si_1"],
    ]);
    expect(books.state.items[1]?.billed).toEqual({ invoiceId: "inv_1", lineId: "2" });
  });

  test("on the next invoice waits for it, and a second change gives back what waits", () => {
    const books = running();
    expect(books.do(planChange(books.state, { items: [of("pro")] }, "next_invoice", books.at(middle))).lines).toEqual([]);
    expect(nets(books.state.pendingLines)).toEqual([-500, 1500]);
    books.do(planChange(books.state, { items: [of("basic")] }, "next_invoice", books.at(middle)));
    expect(nets(books.state.pendingLines)).toEqual([-500, 1500, -1500, 500]);
    expect(books.state.items[0]?.id).toBe("si_3");
    const plan = books.do(planRenewal(books.state, date("2026-04-01T00:00:00Z"), books.at("2026-04-01T00:00:00Z")));
    expect(nets(plan.lines)).toEqual([-500, 1500, -1500, 500, 1000]);
    expect(books.state).toMatchObject({ pendingLines: [], items: [{ billed: { invoiceId: "inv_2", lineId: "5" } }] });
  });

  test("now takes what waits along", () => {
    const books = running();
    books.do(planChange(books.state, { items: [of("pro")] }, "next_invoice", books.at(middle)));
    const plan = books.do(planChange(books.state, { items: [of("pro", 2)] }, "now", books.at("2026-03-24T06:00:00Z")));
    expect(nets(plan.lines)).toEqual([-500, 1500, -750, 1500]);
    expect(plan.lines[2]?.creditsLine).toBeNull();
    expect(books.state.pendingLines).toEqual([]);
  });

  test("at the period's end changes nothing before, and replaces what was scheduled", () => {
    const books = running();
    books.do(planChange(books.state, { items: [of("pro", 2)] }, "period_end", books.at(middle)));
    const plan = books.do(planChange(books.state, { items: [of("pro", 5)] }, "period_end", books.at(middle)));
    expect(plan).toMatchObject({ lines: [], effectiveAt: date("2026-04-01T00:00:00Z"), next: { items: [{ priceId: "basic" }] } });
    const renewal = books.do(planRenewal(books.state, date("2026-04-01T00:00:00Z"), books.at("2026-04-01T00:00:00Z")));
    expect(nets(renewal.lines)).toEqual([15_000]);
    expect(renewal.licenseEffect).toMatchObject({ seats: 5 });
    expect(books.state).toMatchObject({ scheduled: null, items: [{ priceId: "pro", quantity: 5 }] });
    expect(code(planUnschedule(books.state, books.at(middle)))).toBe("already_done");
  });

  test("without proration charges nothing, and what was paid still comes back later", () => {
    const books = running();
    expect(books.do(planChange(books.state, { items: [of("basic", 4)] }, "none", books.at(middle))).lines).toEqual([]);
    const plan = books.do(planCancel(books.state, { at: "now", prorate: true, reason: null }, books.at(middle)));
    expect(nets(plan.lines)).toEqual([-500]);
  });

  test("to another interval begins a new period, charged in full, and gives back the old one", () => {
    const books = running();
    expect(code(planChange(books.state, { items: [of("yearly")] }, "next_invoice", books.at(middle)))).toBe("interval_needs_now");
    const plan = books.do(planChange(books.state, { items: [of("yearly")] }, "now", books.at(middle)));
    expect(nets(plan.lines)).toEqual([-500, 30_000]);
    expect(books.state).toMatchObject({
      interval: "year",
      billingAnchorAt: date(middle),
      currentPeriodStartAt: date(middle),
      currentPeriodEndAt: date("2027-03-16T12:00:00Z"),
      dueAt: date("2027-03-16T12:00:00Z"),
    });
    expect(plan.licenseEffect).toMatchObject({ expiresAt: date("2027-03-16T12:00:00Z") });
  });

  test("to another interval at the period's end anchors the new one there", () => {
    const books = running();
    books.do(planChange(books.state, { items: [of("yearly")] }, "period_end", books.at(middle)));
    books.do(planRenewal(books.state, date("2026-04-01T00:00:00Z"), books.at("2026-04-02T00:00:00Z")));
    expect(books.state).toMatchObject({ interval: "year", currentPeriodEndAt: date("2027-04-01T00:00:00Z"), periodIndex: 0 });
  });

  test("in a trial is free, in every mode that is at once", () => {
    for (const mode of ["now", "next_invoice", "none"] as const) {
      const books = running([of("trial")]);
      const plan = books.do(planChange(books.state, { items: [of("pro", 2)] }, mode, books.at("2026-03-05T00:00:00Z")));
      expect(plan).toMatchObject({ lines: [], next: { pendingLines: [], currentPeriodEndAt: date("2026-03-15T00:00:00Z") } });
      expect(nets(books.do(planTrialEnd(books.state, books.at("2026-03-15T00:00:00Z"))).lines)).toEqual([6000]);
    }
  });

  test("what was used of an item that goes is charged with the change", () => {
    const books = running([of("basic"), of("calls")]);
    books.usage.set("si_2", 101);
    const plan = books.do(planChange(books.state, { items: [of("basic")] }, "now", books.at(middle)));
    // half a unit for each of 101, rounded away from zero
    expect(plan.lines).toMatchObject([{ net: 51, quantity: 101, subscriptionItemId: "si_2" }]);
  });

  test("use under one price is charged under it, and counted anew under the next", () => {
    const books = running([of("calls")], new Books([...PRICES, price("dear", "2", { meteredFeatureId: "fea_calls" })]));
    books.usage.set("si_1", 100);
    const more = books.do(planChange(books.state, { items: [of("calls", 2)] }, "now", books.at(middle)));
    expect(more.lines).toEqual([]);
    expect(books.state.items[0]?.since).toBe("2026-03-01T00:00:00.000Z");
    const plan = books.do(planChange(books.state, { items: [of("dear", 1, "si_1")] }, "now", books.at(middle)));
    expect(nets(plan.lines)).toEqual([50]);
    expect(books.state.items).toMatchObject([{ id: "si_1", priceId: "dear", since: "2026-03-16T12:00:00.000Z" }]);
  });

  test("an item may take another price, and its old price become a new item", () => {
    const books = running();
    const plan = books.do(planChange(books.state, { items: [of("pro", 1, "si_1"), of("basic")] }, "now", books.at(middle)));
    expect(plan.lines.map(({ net, subscriptionItemId }) => [net, subscriptionItemId])).toEqual([
      [-500, "si_1"],
      [1500, "si_1"],
      [500, "si_2"],
    ]);
  });

  test("an item of another subscription, and a line that nobody brought, are refused", () => {
    const books = running();
    expect(code(planChange(books.state, { items: [of("basic", 2, "si_9")] }, "now", books.at(middle)))).toBe("unknown_item");
    expect(() => planChange(books.state, { items: [of("pro")] }, "now", { ...books.at(middle), billed: new Map() })).toThrow(
      RangeError,
    );
  });

  test("a deduction of an amount is for the whole subscription, however its items change", () => {
    const books = new Books(PRICES, [coupon("c", { percent: null, amount: 600, currency: "EUR" })]);
    running([of("basic"), of("flat")], books, { couponIds: ["c"] });
    expect(nets(books.invoices[0]?.lines ?? [])).toEqual([600, 300]);
    const plan = books.do(planChange(books.state, { items: [of("basic", 2), of("flat")] }, "now", books.at(middle)));
    // of the 600 the other item has 200 already: 2000 - 400 for the whole period
    expect(nets(plan.lines)).toEqual([-300, 800]);
    const again = books.do(planChange(books.state, { items: [of("basic", 2), of("flat", 2)] }, "now", books.at(middle)));
    expect(nets(again.lines)).toEqual([-150, 150]);
  });
});

describe("a renewal", () => {
  const first = date("2026-04-01T00:00:00Z");

  test("charges use of the past period and the next one in advance", () => {
    const books = running([of("basic", 2), of("calls")]);
    books.usage.set("si_2", 1000);
    const plan = books.do(planRenewal(books.state, first, books.at("2026-04-01T00:00:09Z")));
    expect(plan.lines).toMatchObject([
      { net: 500, quantity: 1000, periodStartAt: "2026-03-01T00:00:00.000Z", periodEndAt: "2026-04-01T00:00:00.000Z" },
      { net: 2000, quantity: 2, periodStartAt: "2026-04-01T00:00:00.000Z", periodEndAt: "2026-05-01T00:00:00.000Z" },
    ]);
    expect(plan).toMatchObject({
      effectiveAt: first,
      licenseEffect: { expiresAt: date("2026-05-01T00:00:00Z"), when: "when_paid" },
    });
    expect(books.state.items).toMatchObject([{ billed: { invoiceId: "inv_2", lineId: "2" } }, { billed: null }]);
  });

  test("comes once, when it is due, and for the period that ends", () => {
    const books = running();
    expect(code(planRenewal(books.state, first, books.at("2026-03-31T23:59:59Z")))).toBe("not_due");
    expect(code(planRenewal(books.state, date("2026-05-01T00:00:00Z"), books.at("2026-05-01T00:00:00Z")))).toBe("not_due");
    books.do(planRenewal(books.state, first, books.at(first)));
    expect(code(planRenewal(books.state, first, books.at(first)))).toBe("already_done");
  });

  test("keeps the anchor's day over short months", () => {
    const books = new Books(PRICES);
    books.do(planStart({ ...ask(of("basic")), collectionMethod: "send_invoice" }, books.at("2026-01-31T10:00:00Z")));
    const ends = [books.state.currentPeriodEndAt];
    for (let n = 0; n < 3; n++) {
      books.do(planRenewal(books.state, books.state.currentPeriodEndAt, books.at(books.state.currentPeriodEndAt)));
      ends.push(books.state.currentPeriodEndAt);
    }
    expect(ends.map((end) => end.toISOString().slice(0, 10))).toEqual(["2026-02-28", "2026-03-31", "2026-04-30", "2026-05-31"]);
  });

  test("counts coupons down: once, for some months, for good", () => {
    const books = new Books(PRICES, [
      coupon("once", { percent: "50", duration: "once" }),
      coupon("twice", { percent: "20", duration: "repeating", durationMonths: 2 }),
      coupon("ever", { percent: "10" }),
    ]);
    running([of("basic")], books, { couponIds: ["once", "twice", "ever"] });
    for (let n = 0; n < 3; n++)
      books.do(planRenewal(books.state, books.state.currentPeriodEndAt, books.at(books.state.currentPeriodEndAt)));
    expect(books.invoices.map(({ lines }) => nets(lines))).toEqual([[360], [720], [900], [900]]);
    expect(books.state.coupons).toMatchObject([{ couponId: "ever" }]);
  });

  test("up and down again in the period of a coupon for one invoice costs nothing", () => {
    const books = running([of("basic")], new Books(PRICES, [coupon("once", { percent: "50", duration: "once" })]), {
      couponIds: ["once"],
    });
    books.do(planChange(books.state, { items: [of("pro")] }, "now", books.at("2026-03-16T12:00:00Z")));
    books.do(planChange(books.state, { items: [of("basic")] }, "now", books.at("2026-03-16T12:00:00Z")));
    expect(books.total).toBe(500);
  });

  test("ends what was to be canceled, with what was used", () => {
    const books = running([of("basic"), of("calls")]);
    books.usage.set("si_2", 10);
    books.do(planCancel(books.state, { at: "period_end", prorate: true, reason: "moved" }, books.at("2026-03-10T00:00:00Z")));
    expect(books.state).toMatchObject({
      status: "active",
      cancelAt: first,
      canceledAt: date("2026-03-10T00:00:00Z"),
      endedAt: null,
    });
    const plan = books.do(planRenewal(books.state, first, books.at(first)));
    expect(plan).toMatchObject({
      next: { status: "canceled", endedAt: first, cancelReason: "moved", dueAt: null },
      licenseEffect: { expiresAt: first, when: "at_once" },
    });
    expect(nets(plan.lines)).toEqual([5]);
  });
});

describe("what is due", () => {
  test("takes effect when it was due, one thing after the other, however late it is done", () => {
    const books = running([of("trial")]);
    const late = "2026-06-01T00:00:00Z";
    expect(code(planDue(books.state, books.at("2026-03-14T23:59:59Z")))).toBe("not_due");
    const ends: string[] = [];
    while (books.state.dueAt !== null && books.state.dueAt <= date(late)) {
      const { effectiveAt } = books.do(planDue(books.state, books.at(late)));
      ends.push(effectiveAt.toISOString().slice(0, 10));
    }
    expect(ends).toEqual(["2026-03-15", "2026-04-15", "2026-05-15"]);
    expect(books.total).toBe(6000);
  });

  test("a pause that is ended late begins its period when it was to end", () => {
    const books = running();
    books.do(planPause(books.state, { resumeAt: date("2026-05-10T00:00:00Z") }, books.at("2026-03-05T00:00:00Z")));
    books.do(planDue(books.state, books.at("2026-05-11T07:00:00Z")));
    expect(books.state).toMatchObject({
      currentPeriodStartAt: date("2026-05-10T00:00:00Z"),
      currentPeriodEndAt: date("2026-06-10T00:00:00Z"),
    });
  });

  test("a pause that ends before the subscription does is resumed first", () => {
    const books = running([of("yearly")]);
    books.do(planPause(books.state, { resumeAt: date("2026-05-01T00:00:00Z") }, books.at("2026-03-05T00:00:00Z")));
    books.do(planCancel(books.state, { at: "period_end", prorate: false, reason: null }, books.at("2026-03-06T00:00:00Z")));
    expect(books.do(planDue(books.state, books.at("2026-05-01T00:00:00Z"))).next).toMatchObject({
      status: "active",
      dueAt: date("2027-03-01T00:00:00Z"),
    });
    expect(books.do(planDue(books.state, books.at("2027-03-01T00:00:00Z"))).next.status).toBe("canceled");
  });
});

describe("an end, a pause and a return", () => {
  const middle = "2026-03-16T12:00:00Z";

  test("canceled now gives back what is left, where it is asked for", () => {
    const books = running();
    const plan = books.do(planCancel(books.state, { at: "now", prorate: true, reason: null }, books.at(middle)));
    expect(nets(plan.lines)).toEqual([-500]);
    expect(plan).toMatchObject({
      licenseEffect: { expiresAt: date(middle) },
      next: { status: "canceled", endedAt: date(middle) },
    });
    expect(code(planCancel(books.state, { at: "now", prorate: true, reason: null }, books.at(middle)))).toBe("already_done");

    const kept = running();
    expect(kept.do(planCancel(kept.state, { at: "now", prorate: false, reason: null }, kept.at(middle))).lines).toEqual([]);
  });

  test("a cancellation that is to come is taken back", () => {
    const books = running();
    books.do(planCancel(books.state, { at: "period_end", prorate: false, reason: "x" }, books.at(middle)));
    expect(code(planCancel(books.state, { at: "period_end", prorate: false, reason: "x" }, books.at(middle)))).toBe(
      "already_done",
    );
    expect(books.do(planReactivate(books.state, books.at(middle))).lines).toEqual([]);
    expect(books.state).toMatchObject({ cancelAt: null, cancelReason: null, canceledAt: null });
    expect(code(planReactivate(books.state, books.at(middle)))).toBe("not_canceled");
    expect(
      nets(books.do(planRenewal(books.state, date("2026-04-01T00:00:00Z"), books.at("2026-04-01T00:00:00Z"))).lines),
    ).toEqual([1000]);
  });

  test("one that came begins anew now", () => {
    const books = running();
    books.do(planCancel(books.state, { at: "now", prorate: true, reason: null }, books.at(middle)));
    const plan = books.do(planReactivate(books.state, books.at("2026-05-07T08:00:00Z")));
    expect(nets(plan.lines)).toEqual([1000]);
    expect(books.state).toMatchObject({ status: "active", endedAt: null, currentPeriodEndAt: date("2026-06-07T08:00:00Z") });
  });

  test("a pause within a paid period costs nothing, and what was paid stays", () => {
    const books = running();
    const plan = books.do(planPause(books.state, { resumeAt: null }, books.at(middle)));
    expect(plan).toMatchObject({ lines: [], licenseEffect: { when: "at_once" }, next: { status: "paused", dueAt: null } });
    expect(plan.licenseEffect).not.toHaveProperty("expiresAt");
    expect(books.do(planResume(books.state, books.at("2026-03-31T23:59:59Z"))).lines).toEqual([]);
    expect(books.state).toMatchObject({
      status: "active",
      currentPeriodEndAt: date("2026-04-01T00:00:00Z"),
      dueAt: date("2026-04-01T00:00:00Z"),
    });
  });

  test("nothing is billed while it lasts, and after its period a new one begins with the return", () => {
    const books = running([of("basic"), of("calls")]);
    books.usage.set("si_2", 10);
    books.do(planPause(books.state, { resumeAt: date("2026-06-10T00:00:00Z") }, books.at(middle)));
    expect(books.state.dueAt).toEqual(date("2026-06-10T00:00:00Z"));
    expect(code(planRenewal(books.state, date("2026-04-01T00:00:00Z"), books.at("2026-04-01T00:00:00Z")))).toBe(
      "subscription_paused",
    );
    const plan = books.do(planResume(books.state, books.at("2026-06-10T00:00:00Z")));
    expect(nets(plan.lines)).toEqual([5, 1000]);
    expect(books.state).toMatchObject({
      currentPeriodStartAt: date("2026-06-10T00:00:00Z"),
      currentPeriodEndAt: date("2026-07-10T00:00:00Z"),
    });
  });

  test("a pause ends later than now, and one that is to end with its period does", () => {
    const books = running();
    expect(code(planPause(books.state, { resumeAt: date(middle) }, books.at(middle)))).toBe("resume_not_ahead");
    books.do(planPause(books.state, { resumeAt: date("2026-06-10T00:00:00Z") }, books.at(middle)));
    books.do(planCancel(books.state, { at: "period_end", prorate: false, reason: null }, books.at(middle)));
    expect(books.state).toMatchObject({ status: "paused", dueAt: date("2026-04-01T00:00:00Z") });
    books.do(planRenewal(books.state, date("2026-04-01T00:00:00Z"), books.at("2026-04-01T00:00:00Z")));
    expect(books.state).toMatchObject({ status: "canceled", endedAt: date("2026-04-01T00:00:00Z") });
  });
});

describe("over its life", () => {
  const step = fc.record({
    hours: fc.integer({ min: 0, max: 24 * 25 }),
    seconds: fc.nat(3599),
    quantity: fc.integer({ min: 1, max: 20 }),
    priceId: fc.constantFrom("basic", "pro", "odd"),
    mode: fc.constantFrom("now", "next_invoice"),
  });

  test.prop(
    [
      fc.array(step, { maxLength: 8 }),
      fc.integer({ min: Date.parse("2020-01-01") / 1000, max: Date.parse("2035-01-01") / 1000 }),
      fc.constantFrom(...ZONES),
      fc.constantFrom(...PRORATION_CONVENTIONS),
    ],
    { numRuns: 40 },
  )("a subscription costs its price over time, within a unit per line, and its periods tile", (steps, start, timeZone, by) => {
    const prices = [BASIC, PRO, price("odd", "333.3333")];
    const books = new Books(prices, [], by);
    const from = new Date(start * 1000);
    books.do(planStart({ items: [of("basic")], timeZone, collectionMethod: "send_invoice" }, books.at(from)));
    const unit = (priceId: string) => toRational(prices.find((one) => one.priceId === priceId)?.terms.unitAmount ?? "0");
    let cost = toRational(0);
    let last = from;
    // what the items cost from the last change on, period by period
    const live = (until: Date) => {
      while (last < until) {
        const { currentPeriodStartAt: startsAt, currentPeriodEndAt: endsAt, items } = books.state;
        const to = until < endsAt ? until : endsAt;
        const each = items.map((item) => mul(unit(item.priceId), toRational(item.quantity))).reduce(add, toRational(0));
        const part = ratio(BigInt(to.getTime() - last.getTime()), BigInt(endsAt.getTime() - startsAt.getTime()));
        cost = add(cost, mul(each, part));
        last = to;
        if (last < endsAt) continue;
        books.do(planRenewal(books.state, endsAt, books.at(endsAt)));
        expect(books.state.currentPeriodStartAt).toEqual(endsAt);
        expect(periodOf({ anchorAt: from, zone: timeZone, interval: "month", count: 1 }, endsAt)).toMatchObject({
          endsAt: books.state.currentPeriodEndAt,
        });
      }
    };
    for (const { hours, seconds, quantity, priceId, mode } of steps) {
      const at = new Date(last.getTime() + hours * 3_600_000 + seconds * 1000);
      live(at);
      books.do(planChange(books.state, { items: [of(priceId, quantity)] }, mode, books.at(at)));
    }
    live(new Date(last.getTime() + 40 * DAY));
    books.do(planCancel(books.state, { at: "now", prorate: true, reason: null }, books.at(last)));
    for (const line of books.invoices.flatMap(({ lines }) => lines)) expect(recomputeLine(line).amount).toBe(line.amount);
    if (by === "day") return; // days are measured otherwise than time: `proration.test.ts` holds them to days
    const off = sub(toRational(books.total), cost);
    expect(compare({ n: off.n < 0n ? -off.n : off.n, d: off.d }, toRational(books.lines))).toBeLessThanOrEqual(0);
  });
});

describe("whatever is done to a subscription", () => {
  const COUPONS = [
    coupon("percent", { percent: "12.5" }),
    coupon("once", { percent: "50", duration: "once" }),
    coupon("amount", { percent: null, amount: 700, currency: "EUR", duration: "repeating", durationMonths: 2 }),
  ];
  const items = fc
    .uniqueArray(fc.constantFrom("basic", "pro", "flat", "calls", "trial"), { minLength: 1, maxLength: 4 })
    .chain((ids) => fc.tuple(...ids.map((id) => fc.integer({ min: 1, max: 9 }).map((quantity) => of(id, quantity)))));
  const asked = fc.oneof(items, fc.constant([of("yearly", 2)]));
  const deeds = fc.array(
    fc.record({
      deed: fc.constantFrom(
        "change",
        "change",
        "change",
        "cancel",
        "pause",
        "resume",
        "reactivate",
        "trial",
        "pay",
        "wait",
        "wait",
      ),
      items: asked,
      mode: fc.constantFrom("now", "next_invoice", "period_end", "none"),
      at: fc.constantFrom("now", "period_end"),
      flag: fc.boolean(),
      hours: fc.integer({ min: 0, max: 24 * 40 }),
      used: fc.nat(5000),
    }),
    { maxLength: 12 },
  );

  /** Fails where anything writes into what it was given. */
  function frozen<T>(value: T): T {
    if (value !== null && typeof value === "object" && !(value instanceof Date) && !(value instanceof Map)) {
      for (const field of Object.values(value)) frozen(field);
      Object.freeze(value);
    }
    return value;
  }

  test.prop([asked, fc.subarray(COUPONS.map(({ id }) => id)), deeds, fc.constantFrom(...PRORATION_CONVENTIONS)], {
    numRuns: 150,
  })(
    "no line gives back more than it was, a plan is the same twice, and what is due lies ahead",
    (first, couponIds, list, by) => {
      const books = new Books(PRICES, COUPONS, by);
      let now = date("2026-01-31T10:00:00Z");
      const execute = (plan: () => Planned) => {
        if (books.started) frozen(books.state);
        const planned = plan();
        expect(canonicalText(plan())).toBe(canonicalText(planned));
        if (planned.ok) books.do(planned);
        return planned.ok;
      };
      const known = () => books.at(now);
      expect(execute(() => planStart({ ...ask(...first), couponIds }, known()))).toBe(true);

      // what falls due by itself is done when it is due, as the story of the subscription does
      const live = (until: Date) => {
        for (let due = books.state.dueAt; due !== null && due <= until; due = books.state.dueAt) {
          now = due > now ? due : now;
          expect(execute(() => planDue(books.state, known()))).toBe(true);
        }
        now = until;
      };
      for (const { deed, items: asks, mode, at, flag, hours, used } of list) {
        for (const { id } of books.state.items) books.usage.set(id, used);
        live(new Date(now.getTime() + hours * 3_600_000));
        const before = books.state;
        switch (deed) {
          case "change":
            execute(() => planChange(before, { items: asks }, mode, known()));
            break;
          case "cancel":
            execute(() => planCancel(before, { at, prorate: flag, reason: null }, known()));
            break;
          case "pause":
            execute(() => planPause(before, { resumeAt: flag ? new Date(now.getTime() + 50 * DAY) : null }, known()));
            break;
          case "resume":
            execute(() => planResume(before, known()));
            break;
          case "reactivate":
            execute(() => planReactivate(before, known()));
            break;
          case "trial":
            execute(() => planTrialEnd(before, known()));
            break;
          case "pay":
            execute(() => planActivate(before, known()));
            break;
          case "wait":
            break;
        }
      }

      live(now);
      const lines = books.invoices.flatMap((invoice) => invoice.lines.map((line) => ({ ...line, invoiceId: invoice.id })));
      for (const line of lines) {
        expect(line.net).toBe(line.amount - line.discount);
        expect(recomputeLine(line).amount).toBe(line.amount);
        const back = lines.filter(
          ({ creditsLine }) => creditsLine?.invoiceId === line.invoiceId && creditsLine.lineId === line.id,
        );
        expect(back.length).toBeLessThanOrEqual(1);
        for (const credit of back) expect(-credit.net).toBeLessThanOrEqual(line.net);
      }
      const { currentPeriodStartAt, currentPeriodEndAt, dueAt } = books.state;
      expect(currentPeriodStartAt < currentPeriodEndAt).toBe(true);
      if (dueAt !== null) expect(dueAt > now).toBe(true);
    },
  );
});
