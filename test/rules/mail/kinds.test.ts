import { expect, test } from "vitest";
import { EVENT_TYPES } from "#rules/events";
import { KINDS, mailLocale, noticesFor, NOTICE_KINDS } from "#rules/mail/kinds";

test("every kind of mail but the test is called for by some event, and no event calls for the same mail of one reader twice", () => {
  const called = EVENT_TYPES.flatMap((type) => {
    const each = [...noticesFor({ type, object: {} }), ...noticesFor({ type, object: { type: "trial" } })];
    const once = noticesFor({ type, object: {} }).map(({ kind, to }) => `${kind}/${to}`);
    expect(new Set(once).size).toBe(once.length);
    return each.map(({ kind }) => kind);
  });
  expect(new Set([...called, "test"])).toEqual(new Set(NOTICE_KINDS));
});

test("a trial's beginning is told instead of a license's", () => {
  expect(noticesFor({ type: "license.created", object: { type: "trial" } })).toEqual([{ kind: "trial_started", to: "customer" }]);
  expect(noticesFor({ type: "license.created", object: { type: "perpetual" } })).toEqual([
    { kind: "license_issued", to: "customer" },
  ]);
});

test("the licenses of an order are told by the order alone, whatever they are", () => {
  for (const type of ["perpetual", "trial"])
    expect(noticesFor({ type: "license.created", object: { type, order_id: "ord_1" } })).toEqual([]);
  expect(noticesFor({ type: "order.fulfilled", object: {} })).toEqual([{ kind: "order_fulfilled", to: "customer" }]);
});

test("what touches a contract reaches whoever unsubscribed", () => {
  const legal = NOTICE_KINDS.filter((kind) => KINDS[kind].isLegal);
  expect(legal).toEqual([
    "order_fulfilled",
    "license_issued",
    "license_suspended",
    "license_revoked",
    "license_transferred",
    "test",
  ]);
});

test("the language is the first wish that there are mails in, and English where there is none", () => {
  expect(mailLocale("de-AT", "en")).toBe("de");
  expect(mailLocale(null, "fr", "de")).toBe("de");
  expect(mailLocale("fr", null)).toBe("en");
});
