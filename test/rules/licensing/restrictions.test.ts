import { fc, test as property } from "@fast-check/vitest";
import { describe, expect, test } from "vitest";
import { type Circumstances, restrictionReasons } from "#rules/licensing/restrictions";
import { decide, NO_COUNTS, type Snapshot } from "#rules/licensing/decide";
import { type Restriction, termsWithDefaults } from "#rules/licensing/terms";

const here: Circumstances = {
  country: "DE",
  ip: "203.0.113.7",
  domain: "shop.example.com",
  version: "2.4.1",
  mayName: { domain: true, version: true },
};

const judged = (
  type: Restriction["type"],
  operator: Restriction["operator"],
  values: string[],
  where: Partial<Circumstances> = {},
) => restrictionReasons([{ type, operator, values }], { ...here, ...where }).map(({ code, severity }) => `${code} ${severity}`);

describe("places", () => {
  test.each<[Restriction["type"], "allow" | "deny", string[], Partial<Circumstances>, string[]]>([
    ["geographic", "allow", ["DE", "AT"], {}, []],
    ["geographic", "allow", ["FR"], {}, ["GEO_NOT_ALLOWED deny"]],
    ["geographic", "allow", ["UK"], { country: "GB" }, []],
    ["geographic", "deny", ["DE"], {}, ["GEO_NOT_ALLOWED deny"]],
    ["geographic", "deny", ["FR"], {}, []],
    ["geographic", "allow", ["DE"], { country: null }, ["GEO_NOT_ALLOWED deny"]],
    ["geographic", "deny", ["DE"], { country: null }, ["GEO_NOT_ALLOWED warn"]],
    ["ip_range", "allow", ["203.0.113.0/24"], {}, []],
    ["ip_range", "allow", ["203.0.113.0/29"], { ip: "203.0.113.8" }, ["IP_NOT_ALLOWED deny"]],
    ["ip_range", "deny", ["2001:db8::/32"], { ip: "2001:db8:1::9" }, ["IP_NOT_ALLOWED deny"]],
    ["ip_range", "allow", ["203.0.113.7"], { ip: "::ffff:203.0.113.7" }, []],
    ["ip_range", "allow", ["203.0.113.7"], { ip: null }, ["IP_NOT_ALLOWED deny"]],
    ["domain", "allow", ["example.com"], {}, []],
    ["domain", "allow", ["example.com"], { domain: "notexample.com" }, ["DOMAIN_NOT_ALLOWED deny"]],
    ["domain", "allow", ["*.example.com"], { domain: "example.com" }, ["DOMAIN_NOT_ALLOWED deny"]],
    ["domain", "allow", ["*.example.com"], {}, []],
    ["domain", "allow", ["bücher.example"], { domain: "WWW.XN--BCHER-KVA.example." }, []],
    ["domain", "deny", ["example.com"], {}, ["DOMAIN_NOT_ALLOWED deny"]],
    ["domain", "allow", ["example.com"], { domain: "evil.test/example.com" }, ["DOMAIN_NOT_ALLOWED deny"]],
    ["domain", "allow", ["example.com"], { domain: undefined }, ["DOMAIN_SCOPE_REQUIRED deny"]],
    ["version", "allow", ["^2.0.0"], {}, []],
    ["version", "allow", ["^2.0.0"], { version: "3.0.0" }, ["VERSION_NOT_ALLOWED deny"]],
    ["version", "allow", ["^2.0.0"], { version: "2.5.0-beta.1" }, []],
    ["version", "allow", ["2.x"], { version: "2.4" }, []],
    ["version", "deny", ["<2"], { version: "1.9.9" }, ["VERSION_NOT_ALLOWED deny"]],
    ["version", "deny", ["<2"], { version: "latest" }, ["VERSION_NOT_ALLOWED deny"]],
    ["version", "allow", ["^2.0.0"], { version: undefined }, ["VERSION_SCOPE_REQUIRED deny"]],
  ])("%s %s %j, asked from %j: %j", (type, operator, values, where, expected) => {
    expect(judged(type, operator, values, where)).toEqual(expected);
  });
});

test("a question that cannot name domain and version is not refused for them", () => {
  const mute = { domain: undefined, version: undefined, mayName: { domain: false, version: false } };
  expect(judged("domain", "allow", ["example.com"], mute)).toEqual([]);
  expect(judged("version", "allow", ["^2.0.0"], mute)).toEqual([]);
});

const ipv4 = fc.tuple(fc.nat(255), fc.nat(255), fc.nat(255), fc.nat(255));

property.prop([ipv4, ipv4, fc.integer({ min: 0, max: 32 })])(
  "an address is in a range when their leading bits are the same",
  (address, base, bits) => {
    const number = (parts: readonly number[]) => parts.reduce((sum, part) => sum * 256 + part, 0);
    const inside = bits === 0 || Math.floor(number(address) / 2 ** (32 - bits)) === Math.floor(number(base) / 2 ** (32 - bits));
    expect(judged("ip_range", "allow", [`${base.join(".")}/${bits}`], { ip: address.join(".") })).toEqual(
      inside ? [] : ["IP_NOT_ALLOWED deny"],
    );
  },
);

property.prop([fc.constantFrom("geographic" as const, "ip_range" as const, "domain" as const, "version" as const), fc.boolean()])(
  "what is known is either allowed or denied, never both",
  (type, listed) => {
    const values = { geographic: ["DE"], ip_range: ["203.0.113.7"], domain: ["example.com"], version: ["2.4.1"] }[type];
    const others = { geographic: ["FR"], ip_range: ["198.51.100.1"], domain: ["example.org"], version: ["9.9.9"] }[type];
    const asked = listed ? values : others;
    expect(judged(type, "allow", asked).length + judged(type, "deny", asked).length).toBe(1);
  },
);

test("restrictions stand among the other reasons in their order, and an input is asked for once", () => {
  const terms = { ...termsWithDefaults({ type: "perpetual", model: "site" }), requires: ["domain" as const] };
  const restrictions: Restriction[] = [
    { type: "geographic", operator: "allow", values: ["FR"] },
    { type: "domain", operator: "allow", values: ["example.com"] },
  ];
  const now = new Date("2026-01-01T00:00:00Z");
  const snapshot: Snapshot = {
    license: {
      startsAt: now,
      expiresAt: null,
      graceUntil: null,
      canceledAt: null,
      revokedAt: now,
      holds: [],
      expiryBasis: "creation",
      activatedAt: null,
      maintenanceUntil: null,
      convertedAt: null,
    },
    product: { id: "prod_1", code: "p" },
    terms,
    activation: null,
    counts: NO_COUNTS,
    versionReleasedAt: null,
    versionUnknown: false,
    trialHeldElsewhere: false,
    blacklisted: null,
    usedUp: [],
  };
  const restricted = restrictionReasons(restrictions, { ...here, domain: undefined });
  const { valid, reasons } = decide(snapshot, { by: "key" }, now, restricted);
  expect(valid).toBe(false);
  expect(reasons.map(({ code }) => code)).toEqual(["REVOKED", "GEO_NOT_ALLOWED", "DOMAIN_SCOPE_REQUIRED"]);
});
