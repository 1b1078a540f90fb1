import { fc, test } from "@fast-check/vitest";
import { describe, expect } from "vitest";
import {
  LICENSE_MODELS,
  LICENSE_TYPES,
  type TemplateTerms,
  type TermsInput,
  effectiveTerms,
  freesDeadSeats,
  leaseLengthS,
  seatLimits,
  termsWithDefaults,
  whyNotTerms,
} from "#rules/licensing/terms";

const types = fc.constantFrom(...LICENSE_TYPES);
const models = fc.constantFrom(...LICENSE_MODELS);
const plain = (more: Partial<TermsInput> = {}) => termsWithDefaults({ type: "subscription", model: "per_device", ...more });

describe("defaults", () => {
  test("are a year on one device, with thirty days of grace and nothing else", () => {
    expect(plain()).toEqual({
      type: "subscription",
      model: "per_device",
      duration: "P1Y",
      expiryBasis: "creation",
      expirationStrategy: "restrict",
      endOfDay: false,
      maxActivations: 1,
      maxCores: null,
      maxUsers: null,
      requires: [],
      fingerprintUniqueness: "license",
      entitlements: [],
      restrictions: [],
      pricing: null,
      trial: { allowed: false, duration: "P30D" },
      gracePeriod: "P30D",
      graceApplies: "always",
      maintenance: null,
      autoRenew: true,
      overage: { mode: "none", percent: null, absolute: null },
      heartbeat: { required: false, intervalS: 600, onDead: "free_seat" },
      leaseS: null,
      componentThreshold: null,
      allowKick: false,
      maxActivationsPer30d: null,
      maxTransfers: null,
      offline: { allowed: false, maxTtl: "P30D", statusMaxAgeS: null },
      unknownVersion: "allow",
      onClone: "warn",
      onIntegrityFailure: "warn",
      keyFormat: null,
    } satisfies TemplateTerms);
  });

  test.prop([types, models])("of every type and model contradict nothing", (type, model) => {
    const terms = termsWithDefaults({ type, model });
    expect(whyNotTerms(terms)).toEqual([]);
    expect(terms.autoRenew).toBe(type === "subscription");
    expect(terms.gracePeriod).toBe(type === "trial" || type === "evaluation" ? "P0D" : "P30D");
    expect(terms.duration).toBe(type === "perpetual" ? null : "P1Y");
    expect(leaseLengthS(terms)).toBe(type === "concurrent" ? 1200 : null);
  });

  test("limit devices to one, unless users or cores are what is limited", () => {
    const seats = (over: Partial<TermsInput>) =>
      termsWithDefaults({ type: "subscription", model: "per_device", ...over }).maxActivations;
    expect(seats({ type: "named_user", maxUsers: 5 })).toBeNull();
    expect(seats({ type: "named_user" })).toBe(1);
    expect(seats({ model: "per_core", maxCores: 16 })).toBeNull();
    expect(seats({ model: "per_core", maxCores: 16, maxActivations: 2 })).toBe(2);
    expect(seats({ maxCores: 16, maxUsers: 5 })).toBe(1);
  });

  test.prop([types, models])("are what is taken where a field is there but undefined", (type, model) => {
    const silent = Object.fromEntries(Object.keys(plain()).map((field) => [field, undefined]));
    expect(termsWithDefaults({ ...silent, type, model })).toEqual(termsWithDefaults({ type, model }));
  });

  test("do not touch what was given, null and false included", () => {
    expect(plain({ duration: null, maxActivations: null, autoRenew: false, maxCores: 8 })).toMatchObject({
      duration: null,
      maxActivations: null,
      autoRenew: false,
      maxCores: 8,
    });
    expect(plain({ heartbeat: { required: true } }).heartbeat).toEqual({ required: true, intervalS: 600, onDead: "free_seat" });
    expect(plain({ keyFormat: { prefix: "ACME" } }).keyFormat).toEqual({ prefix: "ACME", groups: 5 });
    expect(plain({ keyFormat: {} }).keyFormat).toEqual({ prefix: null, groups: 5 });
    expect(plain({ type: "concurrent", heartbeat: { intervalS: 30 } }).leaseS).toBe(60);
    expect(plain({ type: "concurrent", leaseS: 3600 }).leaseS).toBe(3600);
  });

  test("are made anew for each template", () => {
    expect(plain().heartbeat).not.toBe(plain().heartbeat);
    expect(plain()).toEqual(JSON.parse(JSON.stringify(plain())));
  });
});

describe("overrides", () => {
  test.prop([types, models])("of nothing change nothing", (type, model) => {
    const terms = termsWithDefaults({ type, model });
    expect(effectiveTerms(terms, {})).toEqual(terms);
    expect(effectiveTerms(terms, { duration: undefined, heartbeat: undefined, offline: { maxTtl: undefined } })).toEqual(terms);
  });

  test("win field by field, lists as a whole, and null is a value", () => {
    const terms = plain({ requires: ["fingerprint", "user"], maxActivations: 3, heartbeat: { required: true, intervalS: 60 } });
    const effective = effectiveTerms(terms, {
      requires: ["product"],
      maxActivations: null,
      duration: null,
      heartbeat: { onDead: "keep" },
    });
    expect(effective).toEqual({
      ...terms,
      requires: ["product"],
      maxActivations: null,
      duration: null,
      heartbeat: { required: true, intervalS: 60, onDead: "keep" },
    });
    expect(terms.maxActivations).toBe(3);
  });
});

describe("contradictions", () => {
  test.each<[string, Partial<TermsInput>, string]>([
    ["/duration", { type: "perpetual", duration: "P1Y" }, "perpetual_has_no_duration"],
    ["/duration", { duration: "P0D" }, "invalid_duration"],
    ["/duration", { duration: "a year" }, "invalid_duration"],
    ["/maintenance", { maintenance: "PT0S" }, "invalid_duration"],
    ["/trial/duration", { trial: { duration: "P0D" } }, "invalid_duration"],
    ["/offline/max_ttl", { offline: { maxTtl: "P0D" } }, "invalid_duration"],
    ["/grace_period", { gracePeriod: "never" }, "invalid_duration"],
    ["/lease_s", { leaseS: 7200 }, "not_concurrent"],
    ["/lease_s", { type: "concurrent", leaseS: 1199 }, "lease_too_short"],
    ["/overage", { overage: { mode: "limited" } }, "overage_needs_one_measure"],
    ["/overage", { overage: { mode: "limited", percent: 10, absolute: 1 } }, "overage_needs_one_measure"],
    ["/overage", { overage: { mode: "unlimited", percent: 10 } }, "overage_has_no_measure"],
    ["/overage", { overage: { absolute: 1 } }, "overage_has_no_measure"],
  ])("%s: %j", (pointer, input, code) => {
    expect(whyNotTerms(plain(input))).toEqual([{ pointer, code, detail: expect.any(String) }]);
  });

  test("none in a lease of exactly two beats, grace of nothing, or either measure of overage", () => {
    expect(whyNotTerms(plain({ type: "concurrent", leaseS: 1200, gracePeriod: "P0D" }))).toEqual([]);
    expect(whyNotTerms(plain({ overage: { mode: "limited", percent: 0 } }))).toEqual([]);
    expect(whyNotTerms(plain({ overage: { mode: "limited", absolute: 2 } }))).toEqual([]);
  });

  test("all are told, not the first only", () => {
    expect(whyNotTerms(plain({ duration: "P0D", leaseS: 60, overage: { percent: 1 } })).map((fault) => fault.pointer)).toEqual([
      "/duration",
      "/lease_s",
      "/lease_s",
      "/overage",
    ]);
  });
});

describe("seats", () => {
  test.each<[Partial<TermsInput>, number | null, number | null]>([
    [{ maxActivations: 10 }, 10, 10],
    [{ maxActivations: null }, null, null],
    [{ maxActivations: 10, model: "site" }, null, null],
    [{ maxActivations: 10, model: "enterprise" }, null, null],
    [{ maxActivations: 10, overage: { mode: "unlimited" } }, 10, null],
    [{ maxActivations: 10, overage: { mode: "limited", absolute: 2 } }, 10, 12],
    [{ maxActivations: 10, overage: { mode: "limited", percent: 25 } }, 10, 12],
    [{ maxActivations: 3, overage: { mode: "limited", percent: 33 } }, 3, 3],
  ])("%j: limit %s, ceiling %s", (input, limit, ceiling) => {
    expect(seatLimits(plain(input))).toEqual({ limit, ceiling });
  });

  test("are held as long as a lease, where one runs", () => {
    expect(leaseLengthS(plain())).toBeNull();
    expect(leaseLengthS(plain({ heartbeat: { required: true, intervalS: 60 } }))).toBe(120);
    expect(leaseLengthS(plain({ type: "concurrent", leaseS: 900, heartbeat: { intervalS: 60 } }))).toBe(900);
    expect(leaseLengthS({ ...plain({ type: "concurrent" }), leaseS: null })).toBe(1200);
  });

  test("of the dead are free where the template says so, and always on a concurrent license", () => {
    expect(freesDeadSeats(plain())).toBe(true);
    expect(freesDeadSeats(plain({ heartbeat: { onDead: "keep" } }))).toBe(false);
    expect(freesDeadSeats(plain({ type: "concurrent", heartbeat: { onDead: "keep" } }))).toBe(true);
  });
});

describe("a license on trial", () => {
  test.prop([types, models, fc.constantFrom("P14D", "P1M")])(
    "has what its template sells for the length of the trial, and contradicts nothing",
    (type, model, duration) => {
      const sold = termsWithDefaults({ type, model, trial: { allowed: true, duration }, maxActivations: 7, gracePeriod: "P9D" });
      const trial = effectiveTerms(sold, { onTrial: true, maxUsers: 3 });
      expect(whyNotTerms(trial)).toEqual([]);
      expect(trial).toEqual({
        ...sold,
        type: "trial",
        duration,
        gracePeriod: "P0D",
        autoRenew: false,
        leaseS: null,
        expirationStrategy: "restrict",
        maxUsers: 3,
      });
      expect(effectiveTerms(sold, { maxUsers: 3 })).toEqual({ ...sold, maxUsers: 3 });
    },
  );
});
