import { taken, type Case } from "./cases.ts";
import { CODE, DAY, file, keys, keyset, license, NOW, PRODUCT, stateAfter, T0, type Over } from "./world.ts";

type Reasons = (readonly [code: string, severity: "deny" | "warn"])[];

/** Genuine files, and what the license in them is worth. */
export async function decidingCases(): Promise<Case[]> {
  return [...(await lifeCases()), ...(await versionCases()), ...(await inputCases()), ...(await emergencyCases())];
}

const judged = async (name: string, over: Over, reasons: Reasons, options: Record<string, unknown> = {}) =>
  taken(name, await file(over), { reasons, options });

async function lifeCases(): Promise<Case[]> {
  const at = (day: number, seconds = 0) => ({ now: T0 + day * DAY + seconds });
  const ended = { lic: { expires_at: T0 + 20 * DAY, grace_until: null } };
  const lenient = (strategy: "maintain" | "allow") => ({ lic: { ...ended.lic, expiration_strategy: strategy } });
  return [
    await judged("valid", {}, []),
    await judged("never ends", { lic: { expires_at: null, grace_until: null } }, [], at(29)),
    await judged("in its last second", {}, [], at(20, -1)),
    await judged("in grace from the second in which it ends", {}, [["GRACE", "warn"]], at(20)),
    await judged("in the last second of grace", {}, [["GRACE", "warn"]], at(25, -1)),
    await judged("after grace", {}, [["EXPIRED", "deny"]], at(25)),
    await judged("ended without grace", ended, [["EXPIRED", "deny"]], at(20)),
    await judged("ended, and maintained", lenient("maintain"), [["EXPIRED", "warn"]], at(20)),
    await judged("ended, and allowed", lenient("allow"), [["EXPIRED", "warn"]], at(29)),
    await judged("starts in the next second", { lic: { starts_at: NOW + 1 } }, [["NOT_YET_EFFECTIVE", "deny"]]),
    await judged("starts in this second", { lic: { starts_at: NOW } }, []),
    await taken("a clock three minutes slow, of a license that starts with its file", await file({ lic: { starts_at: T0 } }), {
      options: { now: T0 - 180 },
      state: stateAfter({ highest_time: T0 }),
    }),
    await judged("maintenance is over", { lic: { maintenance_until: NOW } }, [["MAINTENANCE_EXPIRED", "warn"]]),
    await judged("maintenance runs out in the next second", { lic: { maintenance_until: NOW + 1 } }, []),
    await judged(
      "ended and maintenance over: both are told",
      { lic: { ...ended.lic, maintenance_until: T0 } },
      [
        ["EXPIRED", "deny"],
        ["MAINTENANCE_EXPIRED", "warn"],
      ],
      at(21),
    ),
  ];
}

async function versionCases(): Promise<Case[]> {
  const listed = {
    "2.0.0": { released: T0 - 50 * DAY, allowed: true },
    "3.0.0": { released: T0 - DAY, allowed: false },
    "2.9.0": { released: null, allowed: true },
  };
  const open = { ver: { restricted: false, unknown: "allow" as const, listed } };
  const only2 = { ver: { restricted: true, unknown: "allow" as const, listed } };
  const closed = { ver: { restricted: true, unknown: "deny" as const, listed } };
  const over = { lic: { maintenance_until: T0 - 10 * DAY } };
  const denied: Reasons = [["VERSION_NOT_ALLOWED", "deny"]];
  return [
    await judged("a version that is allowed", only2, [], { version: "2.0.0" }),
    await judged("a version that is not allowed", only2, denied, { version: "3.0.0" }),
    await judged("a version that is not listed, and strangers are let in", only2, [], { version: "4.0.0" }),
    await judged("a version that is not listed, and strangers are not let in", closed, denied, { version: "4.0.0" }),
    await judged("a version called like a method", closed, denied, { version: "constructor" }),
    await judged("no version, where some are not allowed", only2, [["VERSION_SCOPE_REQUIRED", "deny"]]),
    await judged("no version, where all are allowed", open, []),
    await judged("any version, where nothing is said of versions", {}, [], { version: "9.9.9" }),
    await judged("released before maintenance ended", { ...open, ...over }, [["MAINTENANCE_EXPIRED", "warn"]], {
      version: "2.0.0",
    }),
    await judged("released after maintenance ended", { ...open, ...over }, [["MAINTENANCE_EXPIRED", "deny"]], {
      version: "3.0.0",
    }),
    await judged(
      "released when maintenance ended",
      { ...open, lic: { maintenance_until: T0 - DAY } },
      [["MAINTENANCE_EXPIRED", "deny"]],
      { version: "3.0.0" },
    ),
    await judged(
      "maintenance over, and nobody knows when it was released",
      { ...open, ...over },
      [["MAINTENANCE_EXPIRED", "warn"]],
      { version: "4.0.0" },
    ),
    await judged(
      "maintenance over, strangers are not let in",
      { ver: { ...open.ver, unknown: "deny" }, ...over },
      [["MAINTENANCE_EXPIRED", "deny"]],
      { version: "4.0.0" },
    ),
    await judged("listed, allowed, of no known release: a stranger that is let in", unreleased("allow", true), [], {
      version: "5.0.0",
    }),
    await judged("listed, allowed, of no known release: a stranger that is not", unreleased("deny", true), denied, {
      version: "5.0.0",
    }),
    await judged(
      "listed, of no known release, and maintenance over: a stranger that is not let in",
      { ...unreleased("deny", false), ...over },
      [["MAINTENANCE_EXPIRED", "deny"]],
      { version: "5.0.0" },
    ),
    await judged(
      "not allowed and too new: both are told",
      { ...only2, ...over },
      [
        ["MAINTENANCE_EXPIRED", "deny"],
        ["VERSION_NOT_ALLOWED", "deny"],
      ],
      { version: "3.0.0" },
    ),
  ];
}

async function inputCases(): Promise<Case[]> {
  const missing: Reasons = [["ENTITLEMENTS_MISSING", "deny"]];
  return [
    await judged("the product by its code", {}, [], { product_named: CODE }),
    await judged("the product by its id", {}, [], { product_named: PRODUCT }),
    await judged("another product", {}, [["PRODUCT_SCOPE_MISMATCH", "deny"]], { product_named: "viewer" }),
    await judged(
      "every input is asked for and none is there",
      { lic: { requires: ["fingerprint", "product", "version", "domain", "user"] } },
      [
        ["PRODUCT_SCOPE_REQUIRED", "deny"],
        ["VERSION_SCOPE_REQUIRED", "deny"],
        ["DOMAIN_SCOPE_REQUIRED", "deny"],
        ["USER_SCOPE_REQUIRED", "deny"],
      ],
    ),
    await judged(
      "every input is asked for and all are there",
      { lic: { requires: ["fingerprint", "product", "version", "domain", "user"] } },
      [],
      {
        product_named: CODE,
        version: "1.0.0",
        domain: "example.com",
        user: "ada",
      },
    ),
    await judged("a feature that is licensed", {}, [], { features: ["export"] }),
    await judged("a feature by its id", {}, [], { features: ["fea_00export"] }),
    await judged("a feature that nobody knows", {}, missing, { features: ["fly"] }),
    await judged("a feature of which there is none", {}, missing, { features: ["print"] }),
    await judged("a feature that is switched off", {}, missing, { features: ["cloud"] }),
    await judged("a feature in its last second", {}, [], { features: ["beta"], now: T0 + DAY - 1 }),
    await judged("a feature whose time is over", {}, [["ENTITLEMENT_EXPIRED", "deny"]], { features: ["beta"], now: T0 + DAY }),
    await judged("two features are missing: both are told", {}, [...missing, ...missing], {
      features: ["fly", "export", "print"],
    }),
    await judged("the user of the seat", { dev: { user: "ada" } }, [], { user: "ada" }),
    await judged("another user than the seat's", { dev: { user: "ada" } }, [["USER_SCOPE_MISMATCH", "deny"]], { user: "eve" }),
    await judged("nobody says who uses it", { dev: { user: "ada" } }, []),
    await judged("a license for named users, of a seat without one", { lic: { type: "named_user" } }, [
      ["USER_SCOPE_REQUIRED", "deny"],
    ]),
    await judged("a license for named users, of the seat of one", { lic: { type: "named_user" }, dev: { user: "ada" } }, []),
    await judged(
      "everything at once",
      { lic: { expires_at: T0, grace_until: null, requires: ["domain"] } },
      [
        ["EXPIRED", "deny"],
        ["PRODUCT_SCOPE_MISMATCH", "deny"],
        ["DOMAIN_SCOPE_REQUIRED", "deny"],
        ["ENTITLEMENTS_MISSING", "deny"],
      ],
      { product_named: "viewer", features: ["fly"] },
    ),
  ];
}

async function emergencyCases(): Promise<Case[]> {
  const day = { exp: T0 + DAY };
  const emergency = async (over: Over) => `${await keyset()}~${await license({ ...day, ...over }, {}, keys.first, "emergency")}`;
  return [
    await taken("an emergency", await emergency({})),
    await taken("an emergency after the license's end", await emergency({ lic: { expires_at: T0 - DAY, grace_until: null } })),
    await taken("an emergency within grace", await emergency({ lic: { expires_at: T0 - DAY, grace_until: T0 + 9 * DAY } }), {
      reasons: [["GRACE", "warn"]],
    }),
    await taken("an emergency of a license that has not begun", await emergency({ lic: { starts_at: NOW + 1 } }), {
      reasons: [["NOT_YET_EFFECTIVE", "deny"]],
    }),
    await taken("an emergency for another product", await emergency({}), {
      reasons: [["PRODUCT_SCOPE_MISMATCH", "deny"]],
      options: { product_named: "viewer" },
    }),
    await taken("an emergency in its last second", await emergency({}), {
      options: { now: T0 + DAY - 1 },
      state: stateAfter({ highest_time: T0 + DAY - 1 }),
    }),
  ];
}

/** A version that is listed although nobody knows when it came out. */
const unreleased = (unknown: "allow" | "deny", restricted: boolean) => ({
  ver: { restricted, unknown, listed: { "5.0.0": { released: null, allowed: true } } },
});
