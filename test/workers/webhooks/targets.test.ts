import { expect, test } from "vitest";
import { isEventPattern } from "#rules/webhooks/patterns";
import { matchesEvent } from "#rules/webhooks/schedule";
import { whyNotTarget } from "#rules/webhooks/targets";
import { EVENT_TYPES } from "#rules/events";

const publicly = (url: string) => whyNotTarget(url, { allowLoopback: false })?.code ?? null;
const locally = (url: string) => whyNotTarget(url, { allowLoopback: true })?.code ?? null;

test.each([
  ["https://example.com", null],
  ["https://example.com:443/hook?a=1", null],
  ["https://hooks.bücher.example/", null],
  ["https://93.184.215.14/", null],
  ["https://[2606:2800:21f:cb07::1]/", null],
  ["http://example.com/", "not_https"],
  ["https://example.com:8443/", "port"],
  ["https://example.com:80/", "port"],
  ["https://user@example.com/", "credentials"],
  ["https://:secret@example.com/", "credentials"],
  ["https://example.com/#part", "fragment"],
  ["ftp://example.com/", "not_a_url"],
  ["javascript:alert(1)", "not_a_url"],
  ["//example.com/", "not_a_url"],
  ["https://", "not_a_url"],
  ["https://exa mple.com/", "not_a_url"],
  ["https://example.com\\@10.0.0.1/", "not_a_url"],
  ["\thttps://example.com/", "not_a_url"],
  ["https://intranet/", "not_public"],
  ["https://localhost/", "not_public"],
  ["https://localhost./", "not_public"],
  ["https://a.localhost/", "not_public"],
])("%s: %s", (url, code) => {
  expect(publicly(url)).toBe(code);
});

test.each([
  "127.0.0.1",
  "127.1",
  "2130706433",
  "0x7f.1",
  "0177.0.0.1",
  "0.0.0.0",
  "10.1.2.3",
  "100.64.0.1",
  "169.254.169.254",
  "172.16.0.1",
  "192.168.1.1",
  "192.0.2.1",
  "198.18.0.1",
  "224.0.0.1",
  "240.0.0.1",
  "255.255.255.255",
  "[::1]",
  "[::]",
  "[::ffff:10.0.0.1]",
  "[::127.0.0.1]",
  "[64:ff9b::a00:1]",
  "[2002:a00:1::]",
  "[fc00::1]",
  "[fe80::1]",
  "[ff02::1]",
  "[2001:db8::1]",
])("the address %s is not public, in whatever spelling", (host) => {
  expect(publicly(`https://${host}/`)).toBe("not_public");
});

test("where it is allowed this machine may be named, by any scheme and port, and nothing else is opened by that", () => {
  for (const host of ["127.0.0.1", "127.8.9.1", "[::1]", "localhost", "receiver.localhost"]) {
    expect(locally(`http://${host}:8791/demo`), host).toBeNull();
    expect(locally(`https://${host}/`), host).toBeNull();
  }
  expect(locally("http://10.0.0.1:8791/")).toBe("not_https");
  expect(locally("https://192.168.0.1/")).toBe("not_public");
  expect(locally("http://me@127.0.0.1/")).toBe("credentials");
  expect(locally("http://localhost.example.com/")).toBe("not_https");
});

test("every pattern that can be subscribed to meets an event, and others are refused", () => {
  for (const type of EVENT_TYPES) {
    for (const pattern of ["*", type, `${type.split(".")[0]}.*`]) {
      expect(isEventPattern(pattern)).toBe(true);
      expect(matchesEvent([pattern], type)).toBe(true);
    }
  }
  for (const text of [
    "",
    "**",
    "product",
    "product.",
    ".*",
    "*.created",
    "Product.*",
    "product.*.*",
    "rocket.*",
    "rocket.started",
  ]) {
    expect(isEventPattern(text), text).toBe(false);
  }
});
