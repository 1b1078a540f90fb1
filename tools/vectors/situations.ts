import type { KeysetClaims, LicenseClaims } from "#rules/licensing/olp/claims";
import type { Question } from "../proof/both-verifiers.ts";
import { Chance } from "./chance.ts";
import {
  ACTIVATION,
  CODE,
  DAY,
  FINGERPRINT,
  NOW,
  PARTS,
  PRODUCT,
  TENANT,
  device,
  keys,
  keyset,
  licenseClaims,
  named,
  roots,
  statuses,
} from "./world.ts";
import { signed } from "./signed.ts";

// Genuine files in every situation that two verifiers could judge otherwise: most are taken, and what is odd is odd at a border.

const FEATURES = ["export", "print", "cloud", "beta", "fea_00export", "teleport"];
const VERSIONS = ["1.0.0", "2.0.0", "3.0.0", "constructor", "__proto__"];
const INPUTS = ["fingerprint", "product", "version", "domain", "user"] as const;
const TYPES = ["perpetual", "subscription", "trial", "evaluation", "concurrent", "named_user"] as const;
const USERS = ["ann", "bob", ""];

/** What a verifier is asked in the situation of a number: always the same. */
export async function situation(seed: number): Promise<Question> {
  const chance = new Chance(seed);
  const set = await keysetFor(chance);
  const claims = await claimsFor(chance);
  const kind = chance.below(5) === 0 ? "emergency" : "license";
  const another = await signed(device.own, "request", { rid: "AAECAwQFBgcICQoLDA0ODw" });
  const lists = await Promise.all([0, 1, 2].map(() => listFor(chance)));
  const file = [set, await signed(signer(chance), kind, claims), ...(chance.below(2) === 0 ? [lists[0]] : [])].join("~");
  const how = {
    now: NOW,
    ...maybe(chance, 4, "state", () => stateFor(chance, lists[1])),
    ...maybe(chance, 19, "fingerprint", () => (chance.below(12) === 0 ? "another" : FINGERPRINT), 20),
    ...maybe(chance, 2, "components", () => PARTS.map((part) => (chance.below(4) === 0 ? { ...part, hash: "changed" } : part))),
    ...maybe(chance, 1, "deviceKey", () => (chance.below(12) === 0 ? device.other.x : device.own.x)),
    ...maybe(chance, 1, "request", () => another, 30),
    ...maybe(chance, 1, "keyset", () => set),
    ...maybe(chance, 1, "status", () => lists[2]),
    ...maybe(chance, 1, "version", () => chance.of([...VERSIONS, "4.0.0"]), 2),
    ...maybe(chance, 1, "features", () => FEATURES.filter(() => chance.below(3) === 0), 2),
    ...maybe(chance, 1, "product", () => chance.of([PRODUCT, CODE, CODE, "other"]), 2),
    ...maybe(chance, 1, "user", () => chance.of(USERS), 2),
    ...maybe(chance, 1, "domain", () => "example.com", 2),
  };
  return { file, trust: { tenant: TENANT, product: PRODUCT, roots: [roots.current.x, roots.next.x] }, how };
}

/** A member in `times` of `of` cases. */
function maybe<Name extends string, T>(chance: Chance, times: number, name: Name, value: () => T, of = 5): { [K in Name]?: T } {
  const there = chance.below(of) < times;
  const given = value();
  return (there ? { [name]: given } : {}) as { [K in Name]?: T };
}

const near = (chance: Chance, at = NOW) => at + chance.of([-40 * DAY, -DAY, -301, -300, -1, 0, 1, 300, 301, DAY, 40 * DAY]);
const nearOrNull = (chance: Chance) => (chance.below(3) === 0 ? null : near(chance));
const signer = (chance: Chance) => (chance.below(20) === 0 ? keys.third : chance.of([keys.first, keys.second]));

async function keysetFor(chance: Chance): Promise<string> {
  const seldom = (times: number) => chance.below(times) === 0;
  const entry = async (key: (typeof keys)["first"]): Promise<KeysetClaims["keys"][number]> =>
    named(
      {
        status: seldom(20) ? "revoked" : chance.of(["active", "retired"]),
        products: seldom(3) ? chance.of([[PRODUCT], ["other", PRODUCT], seldom(4) ? ["other"] : []]) : [],
        until: seldom(4) ? near(chance, NOW + DAY / 2) : null,
      },
      key,
    );
  const entries = [await entry(keys.first), await entry(keys.second)];
  const exp = seldom(15) ? near(chance) : NOW + 900 * DAY;
  return keyset({ seq: 1 + chance.below(4), exp, keys: entries }, {}, chance.of([roots.current, roots.next]));
}

async function claimsFor(chance: Chance): Promise<LicenseClaims> {
  const right = await licenseClaims();
  const seldom = (times: number) => chance.below(times) === 0;
  const iat = seldom(4) ? Math.min(near(chance), NOW + 301) : NOW - 3_600;
  const listed = VERSIONS.filter(() => !seldom(4)).map(
    (version) => [version, { released: nearOrNull(chance), allowed: !seldom(3) }] as const,
  );
  const ver = { restricted: seldom(2), unknown: chance.of(["allow", "deny"] as const), listed: Object.fromEntries(listed) };
  return {
    ...right,
    act: chance.of([ACTIVATION, ACTIVATION, "constructor", "__proto__"]),
    iat,
    nbf: seldom(8) ? near(chance) : iat,
    exp: seldom(8) ? near(chance) : iat + DAY,
    seq: 1 + chance.below(4),
    lic: {
      ...right.lic,
      type: chance.of(TYPES),
      starts_at: seldom(6) ? near(chance) : NOW - 90 * DAY,
      expires_at: nearOrNull(chance),
      grace_until: nearOrNull(chance),
      maintenance_until: nearOrNull(chance),
      expiration_strategy: chance.of(["restrict", "maintain", "allow"] as const),
      requires: INPUTS.filter(() => seldom(5)),
    },
    ent: right.ent.filter(() => !seldom(4)).map((each) => ({ ...each, expires_at: seldom(2) ? near(chance) : each.expires_at })),
    ver: seldom(3) ? null : ver,
    dev: { ...right.dev, k: chance.of([null, 1, 2, 3]), user: chance.of([null, ...USERS]) },
    st: chance.below(8),
    pol: { status_max_age_s: seldom(4) ? chance.of([3_600, 2 * DAY]) : null },
  };
}

async function listFor(chance: Chance): Promise<string> {
  const marked = [chance.below(8), chance.of(["valid", "valid", "suspended", "revoked", "superseded"] as const)] as const;
  const iat = chance.below(4) === 0 ? near(chance) : NOW - 60;
  const exp = chance.below(6) === 0 ? near(chance) : NOW + DAY;
  return statuses([marked], { seq: 1 + chance.below(3), iat, exp }, {}, signer(chance));
}

function stateFor(chance: Chance, status: string | undefined) {
  return {
    keyset_seq: chance.below(4),
    files: { [ACTIVATION]: chance.below(4), constructor: chance.below(3) },
    newest_iat: chance.of([0, NOW - DAY, NOW - 3_600, NOW]),
    highest_time: chance.of([0, NOW - 401 * DAY, NOW - DAY, NOW, NOW + 300, NOW + 301]),
    status: status !== undefined && chance.below(3) === 0 ? status : null,
  };
}
