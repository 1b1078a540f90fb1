import http from "node:http";
import { fc, test } from "@fast-check/vitest";
import { expect } from "vitest";
import { headerFaults } from "#rules/webhooks/headers";

test.each([
  "host",
  "Host",
  "content-type",
  "Content-Length",
  "content-encoding",
  "transfer-encoding",
  "connection",
  "keep-alive",
  "upgrade",
  "te",
  "trailer",
  "expect",
  "proxy-authorization",
  "user-agent",
  "cookie",
  "webhook-id",
  "Webhook-Signature",
  "latchkey-anything",
  "x-forwarded-for",
  "forwarded",
  "",
  "a b",
  "a:b",
  "__proto__",
  "x-ü",
  "x".repeat(65),
])("%j is no header of a tenant's", (name) => {
  expect(headerFaults(Object.fromEntries([[name, "a"]]))).toMatchObject([{ name }]);
});

test.each(["", " a", "a ", "a\r\nhost: b", "a\nb", "a\0b", "a\tb", "ü", "\u{1f511}", "x".repeat(513)])(
  "%j is no value",
  (value) => {
    expect(headerFaults({ "x-team": value })).toMatchObject([{ name: "x-team" }]);
  },
);

test("a header that is named twice is refused, in whatever letters", () => {
  expect(headerFaults({ "X-Team": "a", "x-team": "b" })).toMatchObject([{ name: "x-team" }]);
});

test.each(["authorization", "X-Api-Key", "x_team", "accept-language", "constructor"])("%s may be said", (name) => {
  expect(headerFaults({ [name]: "Bearer a b!~" })).toEqual([]);
});

test.prop([fc.string({ unit: "binary", maxLength: 70 }), fc.string({ unit: "binary", maxLength: 20 })])(
  "what is taken Node can send",
  (name, value) => {
    if (headerFaults(Object.fromEntries([[name, value]])).length > 0) return;
    http.validateHeaderName(name);
    http.validateHeaderValue(name, value);
  },
);
