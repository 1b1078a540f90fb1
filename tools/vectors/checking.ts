import { refused, taken, type Case } from "./cases.ts";
import { signed } from "./signed.ts";
import {
  ACTIVATION,
  DAY,
  device,
  file,
  FINGERPRINT,
  keys,
  keyset,
  license,
  licenseClaims,
  named,
  NOW,
  PARTS,
  PRODUCT,
  roots,
  stateAfter,
  statuses,
  T0,
  TENANT,
} from "./world.ts";

/** Keys, devices, clocks, sequences and status lists: each step of the table, and its borders. */
export async function checkingCases(): Promise<Case[]> {
  return [
    ...(await keyCases()),
    ...(await claimCases()),
    ...(await deviceCases()),
    ...(await timeCases()),
    ...(await statusCases()),
  ];
}

async function keyCases(): Promise<Case[]> {
  const lic = await license();
  const late = T0 + 50 * DAY;
  // the first key was retired at day 10 and the second at day 40, the third signs now; the second was stolen
  const rotated = async (over = {}) =>
    keyset({
      seq: 5,
      keys: [
        await named({ status: "retired", until: T0 + 10 * DAY }),
        await named({ status: "revoked", from: T0 + 10 * DAY, until: T0 + 40 * DAY }, keys.second),
        await named({ from: T0 + 40 * DAY }, keys.third),
      ],
      ...over,
    });
  const made = (day: number, key: typeof keys.first) =>
    license(
      { iat: T0 + day * DAY, nbf: T0 + day * DAY, exp: T0 + 100 * DAY, lic: { expires_at: null, grace_until: null } },
      {},
      key,
    );
  const later = { now: late };
  const stateLate = (day: number) => stateAfter({ keyset_seq: 5, newest_iat: T0 + day * DAY, highest_time: late });
  return [
    await refused("a root that nobody embedded", "UNKNOWN_ROOT", `${await keyset({}, {}, roots.foreign)}~${lic}`),
    await refused("a keyset that a signing key signed", "UNKNOWN_ROOT", `${await keyset({}, {}, keys.first)}~${lic}`),
    await taken("the next root signs as well", `${await keyset({}, {}, roots.next)}~${lic}`),
    await refused("only the next root is embedded", "UNKNOWN_ROOT", undefined, { roots: [roots.next.x] }),
    await refused("no root is embedded", "UNKNOWN_ROOT", undefined, { roots: [] }),
    await refused("a keyset under a root's name, signed by another", "BAD_SIGNATURE", `${await forgedKeyset()}~${lic}`),
    await refused(
      "another vendor's keyset under the same root",
      "WRONG_ISSUER",
      `${await keyset({ iss: "ten_00other" })}~${lic}`,
    ),
    await refused("an older keyset than one seen before", "KEYSET_OUTDATED", undefined, { state: stateAfter({ keyset_seq: 4 }) }),
    await taken("the same keyset again", undefined, { options: { state: stateAfter({ highest_time: NOW - 10 }) } }),
    await taken("an older file with the newest keyset beside it", undefined, {
      options: { state: stateAfter({ keyset_seq: 4 }), keyset: await keyset({ seq: 4 }) },
      state: stateAfter({ keyset_seq: 4 }),
    }),
    await refused("an older keyset beside an older file", "KEYSET_OUTDATED", undefined, {
      state: stateAfter({ keyset_seq: 5 }),
      keyset: await keyset({ seq: 4 }),
    }),
    await refused("a forged keyset beside the file", "UNKNOWN_ROOT", undefined, {
      keyset: await keyset({ seq: 9 }, {}, roots.foreign),
    }),
    await taken("of two keysets with one seq the file's own is used", undefined, {
      options: { keyset: await keyset({ keys: [] }) },
    }),
    await refused("of two entries with one kid the first counts", "KEY_REVOKED", undefined, {
      keyset: await keyset({ seq: 4, keys: [await named({ status: "revoked" }), await named()] }),
    }),
    await refused("a license in the place of the keyset beside the file", "WRONG_TYPE", undefined, { keyset: lic }),
    await refused("the keyset beside the file says that the key was revoked", "KEY_REVOKED", undefined, {
      keyset: await keyset({ seq: 4, keys: [await named({ status: "revoked" })] }),
    }),
    await refused("a keyset whose time is over this second", "KEYSET_EXPIRED", `${await keyset({ exp: NOW })}~${lic}`),
    await taken("a keyset whose time is over the next second", `${await keyset({ exp: NOW + 1 })}~${lic}`),
    await refused(
      "a key that the keyset does not name",
      "UNKNOWN_KEY",
      `${await keyset()}~${await license({}, {}, keys.foreign)}`,
    ),
    await refused(
      "a license that the root itself signed",
      "UNKNOWN_KEY",
      `${await keyset()}~${await license({}, {}, roots.current)}`,
    ),
    await refused("a keyset without keys", "UNKNOWN_KEY", `${await keyset({ keys: [] })}~${lic}`),
    await refused("a revoked key", "KEY_REVOKED", `${await keyset({ keys: [await named({ status: "revoked" })] })}~${lic}`),
    await refused(
      "a key for other products",
      "KEY_NOT_FOR_PRODUCT",
      `${await keyset({ keys: [await named({ products: ["prod_00other"] })] })}~${lic}`,
    ),
    await taken(
      "a key for this product among others",
      `${await keyset({ keys: [await named({ products: ["prod_00other", PRODUCT] })] })}~${lic}`,
    ),
    await refused(
      "a kid of one key and the public half of another",
      "BAD_SIGNATURE",
      `${await keyset({ keys: [await named({ x: keys.second.x })] })}~${lic}`,
    ),
    await taken("signed in the first second of the key", `${await keyset({ keys: [await named({ from: T0 })] })}~${lic}`),
    await refused(
      "signed before the key's time",
      "KEY_OUT_OF_TIME",
      `${await keyset({ keys: [await named({ from: T0 + 1 })] })}~${lic}`,
    ),
    await taken(
      "signed in the last second of a retired key",
      `${await keyset({ keys: [await named({ status: "retired", until: T0 + 1 })] })}~${lic}`,
    ),
    await refused(
      "signed when the key was retired",
      "KEY_OUT_OF_TIME",
      `${await keyset({ keys: [await named({ status: "retired", until: T0 })] })}~${lic}`,
    ),
    await taken("rotated twice: the retired first key's file", `${await rotated()}~${await made(5, keys.first)}`, {
      options: later,
      state: stateLate(5),
    }),
    await refused(
      "rotated twice: the revoked second key's file",
      "KEY_REVOKED",
      `${await rotated()}~${await made(20, keys.second)}`,
      later,
    ),
    await taken("rotated twice: the third key's file", `${await rotated()}~${await made(45, keys.third)}`, {
      options: later,
      state: stateLate(45),
    }),
    await refused(
      "rotated twice: the retired key signs on",
      "KEY_OUT_OF_TIME",
      `${await rotated()}~${await made(11, keys.first)}`,
      later,
    ),
    await refused(
      "rotated twice: the revoked key's file with the keyset of its own time, after a newer one was seen",
      "KEYSET_OUTDATED",
      `${await keyset({ seq: 4, keys: [await named({ from: T0 + 10 * DAY }, keys.second)] })}~${await made(20, keys.second)}`,
      { ...later, state: { keyset_seq: 5 } },
    ),
    await taken(
      "rotated twice: the same, where no newer one was seen",
      `${await keyset({ seq: 4, keys: [await named({ from: T0 + 10 * DAY }, keys.second)] })}~${await made(20, keys.second)}`,
      { options: later, state: stateAfter({ keyset_seq: 4, newest_iat: T0 + 20 * DAY, highest_time: late }) },
    ),
  ];
}

async function forgedKeyset(): Promise<string> {
  const [head] = (await keyset()).split(".");
  const [, body, tail] = (await keyset({}, {}, roots.foreign)).split(".");
  return [head, body, tail].join(".");
}

async function claimCases(): Promise<Case[]> {
  const ks = await keyset();
  const claims = await licenseClaims();
  const changed = (change: object) => signed(keys.first, "license", { ...claims, ...change });
  const bad = async (name: string, change: object) => refused(name, "INVALID_CLAIMS", `${ks}~${await changed(change)}`);
  return [
    await bad("no exp", { exp: undefined }),
    await bad("an exp in words", { exp: "1800000000" }),
    await bad("a negative iat", { iat: -1 }),
    await bad("a seq that is null", { seq: null }),
    await bad("no device", { dev: undefined }),
    await bad("a device without parts", { dev: { ...claims.dev, components: undefined } }),
    await bad("a strategy that nobody knows", { lic: { ...claims.lic, expiration_strategy: "forgive" } }),
    await bad("a required input that nobody knows", { lic: { ...claims.lic, requires: ["blood"] } }),
    await bad("an entitlement without enabled", { ent: [{ ...claims.ent[0], enabled: undefined }] }),
    await bad("entitlements that are no list", { ent: {} }),
    await bad("versions without a list", { ver: { restricted: true, unknown: "allow" } }),
    await bad("no policy", { pol: undefined }),
    await refused(
      "another vendor's license under the same key",
      "WRONG_ISSUER",
      `${ks}~${await license({ iss: "ten_00other" })}`,
    ),
    await refused("a license of another product", "WRONG_PRODUCT", `${ks}~${await license({ aud: "prod_00other" })}`),
    await refused("asked by a program of another product", "WRONG_PRODUCT", undefined, { product: "prod_00other" }),
    await refused("asked by a program of another vendor", "WRONG_ISSUER", undefined, { tenant: "ten_00other" }),
    await refused("an emergency of more than a day", "INVALID_CLAIMS", `${ks}~${await license({}, {}, keys.first, "emergency")}`),
    await refused(
      "a keyset with a key of 31 bytes",
      "INVALID_CLAIMS",
      `${await keyset({ keys: [await named({ x: keys.first.x.slice(0, 42) })] })}~${await license()}`,
    ),
    await refused(
      "a keyset with a status that nobody knows",
      "INVALID_CLAIMS",
      `${await signed(roots.current, "keyset", { iss: TENANT, seq: 3, iat: T0, exp: T0 + DAY, keys: [{ ...(await named()), status: "resting" }] })}~${await license()}`,
    ),
  ];
}

async function deviceCases(): Promise<Case[]> {
  const bound = await file({ dev: { k: 2 } });
  const strict = await file({ dev: { k: 3 } });
  const swapped = [PARTS[0], { kind: "disk", hash: "disk-2" }, PARTS[2]];
  const request = await signed(device.own, "request", { rid: "AAAAAAAAAAAAAAAAAAAAAA" });
  const { createHash } = await import("node:crypto");
  const req = createHash("sha256").update(request).digest("base64url");
  const answer = await file({ req });
  const part = { warnings: ["DEVICE_PART_CHANGED"] };
  return [
    await refused("another device", "WRONG_DEVICE", undefined, { fingerprint: "another" }),
    await refused("no device is named", "WRONG_DEVICE", undefined, { fingerprint: undefined }),
    await refused("parts alone, where the fingerprint counts", "WRONG_DEVICE", undefined, {
      fingerprint: "another",
      components: PARTS,
    }),
    await taken("the device with a changed part, by its fingerprint", bound, { options: { components: swapped } }),
    await taken("the device after one part of three changed", bound, {
      options: { fingerprint: "another", components: swapped },
      ...part,
    }),
    await taken("the device by its parts alone", bound, { options: { fingerprint: undefined, components: PARTS }, ...part }),
    await refused("the device after two parts of three changed", "WRONG_DEVICE", bound, {
      fingerprint: "another",
      components: [PARTS[0], { kind: "disk", hash: "2" }, { kind: "cpu", hash: "2" }],
    }),
    await refused("a part under another kind", "WRONG_DEVICE", strict, {
      fingerprint: "another",
      components: [{ kind: "board", hash: "disk-1" }, PARTS[1], PARTS[2]],
    }),
    await refused("all must fit, and one does not", "WRONG_DEVICE", strict, { fingerprint: "another", components: swapped }),
    await refused("a part named twice counts once", "WRONG_DEVICE", bound, {
      fingerprint: "another",
      components: [PARTS[0], PARTS[0]],
    }),
    await taken("the device's own key", undefined, { options: { device_key: device.own.x } }),
    await refused("another device's key", "WRONG_DEVICE", undefined, { device_key: device.other.x }),
    await taken("the answer to the request that waits", answer, { options: { request } }),
    await refused("the answer to another request", "WRONG_REQUEST", undefined, { request }),
    await refused(
      "the answer to a request with another rid",
      "WRONG_REQUEST",
      await file({ req, rid: "BAAAAAAAAAAAAAAAAAAAAA" }),
      { request },
    ),
    await refused("a request that cannot be read", "WRONG_REQUEST", answer, { request: "no request" }),
    await taken("a fingerprint with other letters", await file({ dev: { fp: await digestOf("Gerät-ß-\u{1f600}") } }), {
      options: { fingerprint: "Gerät-ß-\u{1f600}" },
    }),
  ];
}

async function digestOf(fingerprint: string): Promise<string> {
  const { createHash } = await import("node:crypto");
  return createHash("sha256").update(`olp1-fp\n${TENANT}\n${fingerprint}`).digest("base64url");
}

async function timeCases(): Promise<Case[]> {
  const kept = (over = {}) => ({ state: stateAfter(over) });
  return [
    await taken("in the second in which it was made", undefined, { options: { now: T0 } }),
    await taken("five minutes before it was made", undefined, {
      options: { now: T0 - 300 },
      state: stateAfter({ highest_time: T0 }),
    }),
    await refused("six minutes before it was made", "CLOCK_ROLLBACK", undefined, { now: T0 - 360 }),
    await refused("a file for later", "NOT_YET_VALID", await file({ nbf: NOW + 301 })),
    await taken("a file for five minutes later", await file({ nbf: NOW + 300 })),
    await taken("the last second of the file", await file({ exp: NOW + 1 })),
    await refused("the second in which the file ends", "FILE_EXPIRED", await file({ exp: NOW })),
    await refused("long after the file's end", "FILE_EXPIRED", undefined, { now: T0 + 31 * DAY }),
    await taken("the clock five minutes back", undefined, {
      options: { now: NOW, ...kept({ highest_time: NOW + 300 }) },
      state: stateAfter({ highest_time: NOW + 300 }),
    }),
    await refused("the clock more than five minutes back", "CLOCK_ROLLBACK", undefined, kept({ highest_time: NOW + 301 })),
    await refused(
      "the clock set back to before the file's end",
      "CLOCK_ROLLBACK",
      undefined,
      kept({ highest_time: T0 + 31 * DAY }),
    ),
    await taken("a newer answer sets right a mark far ahead", await file({ iat: T0 + 10, seq: 6 }), {
      options: kept({ highest_time: T0 + 5000 * DAY }),
      state: stateAfter({ files: { [ACTIVATION]: 6 }, newest_iat: T0 + 10 }),
    }),
    await refused(
      "a newer answer, and the clock behind it",
      "CLOCK_ROLLBACK",
      await file({ iat: NOW + 301, nbf: NOW, seq: 6 }),
      kept(),
    ),
    await taken(
      "a leap of more than 400 days",
      await file({ exp: T0 + 600 * DAY, lic: { expires_at: null, grace_until: null } }),
      {
        options: { now: T0 + 500 * DAY, ...kept() },
        warnings: ["CLOCK_LEAP"],
        state: stateAfter(),
      },
    ),
    await taken("399 days later", await file({ exp: T0 + 600 * DAY, lic: { expires_at: null, grace_until: null } }), {
      options: { now: T0 + 399 * DAY, ...kept() },
    }),
    await refused("an older file than one seen before", "FILE_OUTDATED", undefined, kept({ files: { [ACTIVATION]: 6 } })),
    await taken("the same file again", undefined, { options: kept() }),
    await taken("a newer file", await file({ seq: 6, iat: T0 + 10 }), {
      options: kept(),
      state: stateAfter({ files: { [ACTIVATION]: 6 }, newest_iat: T0 + 10 }),
    }),
    await taken("another activation has a sequence of its own", undefined, {
      options: kept({ files: { act_00other: 9 } }),
      state: stateAfter({ files: { act_00other: 9, [ACTIVATION]: 5 } }),
    }),
    await taken("an activation called like a method", await file({ act: "toString" }), {
      state: stateAfter({ files: { toString: 5 } }),
    }),
    await refused("expired and of another device: the device comes first", "WRONG_DEVICE", await file({ exp: NOW }), {
      fingerprint: "another",
    }),
  ];
}

async function statusCases(): Promise<Case[]> {
  const strict = { pol: { status_max_age_s: 2 * DAY } };
  const fresh = await statuses([]);
  const newer = await statuses([[5, "revoked"]], { seq: 8 });
  const with3 = async (list: string, over = {}) => `${await file(over)}~${list}`;
  const marked = async (status: "suspended" | "revoked" | "superseded") => with3(await statuses([[5, status]]));
  const kept = (status: string) => ({ state: stateAfter({ status }) });
  return [
    await taken("a status list that says nothing against it", await with3(fresh), { state: stateAfter({ status: fresh }) }),
    await refused("suspended", "FILE_SUSPENDED", await marked("suspended")),
    await refused("revoked", "FILE_REVOKED", await marked("revoked")),
    await refused("superseded", "FILE_SUPERSEDED", await marked("superseded")),
    await taken(
      "its neighbours are revoked",
      await with3(
        await statuses([
          [4, "revoked"],
          [6, "revoked"],
        ]),
      ),
      {
        state: stateAfter({
          status: await statuses([
            [4, "revoked"],
            [6, "revoked"],
          ]),
        }),
      },
    ),
    await taken("an index behind the end of the list", await with3(fresh, { st: 1_000_000 }), {
      state: stateAfter({ status: fresh }),
    }),
    await taken("an empty list", await with3(await statuses([], { lst: "" })), {
      state: stateAfter({ status: await statuses([], { lst: "" }) }),
    }),
    await refused("a newer list beside the file", "FILE_REVOKED", await with3(fresh), { status: newer }),
    await taken("an older list beside the file", await with3(await statuses([], { seq: 9 })), {
      options: { status: newer },
      state: stateAfter({ status: await statuses([], { seq: 9 }) }),
    }),
    await refused("a newer list that was kept", "FILE_REVOKED", await with3(fresh), kept(newer)),
    await taken("a kept list that somebody touched says nothing", undefined, { options: kept(`${newer.slice(0, -4)}AAAA`) }),
    await refused("a list beside the file that somebody touched", "BAD_SIGNATURE", undefined, {
      status: `${newer.slice(0, -8)}AAAAAAAA`.slice(0, -1) + "A",
    }),
    await refused(
      "a list beside the file that cannot be read, and one in it of an unknown key",
      "MALFORMED",
      await with3(await statuses([], {}, {}, keys.foreign)),
      { status: "list" },
    ),
    await refused("a list beside the file is not read where the license is refused", "FILE_OUTDATED", undefined, {
      state: stateAfter({ files: { [ACTIVATION]: 6 } }),
      status: "list",
    }),
    await refused("a list of another product", "WRONG_PRODUCT", await with3(await statuses([], { aud: "prod_00other" }))),
    await refused("a list of another vendor", "WRONG_ISSUER", await with3(await statuses([], { iss: "ten_00other" }))),
    await refused("a list by an unknown key", "UNKNOWN_KEY", await with3(await statuses([], {}, {}, keys.foreign))),
    await refused(
      "a list from before the key's time",
      "KEY_OUT_OF_TIME",
      await with3(await statuses([], { iat: T0 - 101 * DAY })),
    ),
    await refused(
      "a list with a claim missing",
      "INVALID_CLAIMS",
      await with3(await signed(keys.first, "status", { iss: TENANT, aud: PRODUCT, seq: 7, iat: T0, exp: T0 + DAY })),
    ),
    await refused("a list is asked for and there is none", "STATUS_TOO_OLD", await file(strict)),
    await taken("a list is asked for and there is a fresh one", await with3(fresh, strict), {
      state: stateAfter({ status: fresh }),
    }),
    await taken("a list is asked for and a fresh one was kept", await file(strict), {
      options: kept(fresh),
      state: stateAfter({ status: fresh }),
    }),
    await refused("a list that is too old by a second", "STATUS_TOO_OLD", await with3(fresh, strict), { now: T0 + 2 * DAY }),
    await taken("a list in its last second", await with3(fresh, strict), {
      options: { now: T0 + 2 * DAY - 1 },
      state: stateAfter({ status: fresh, highest_time: T0 + 2 * DAY - 1 }),
    }),
    await refused("a list whose own time is over", "STATUS_TOO_OLD", await with3(await statuses([], { exp: NOW }), strict)),
    await taken("an old list where none is asked for", await with3(fresh), {
      options: { now: T0 + 10 * DAY },
      state: stateAfter({ status: fresh, highest_time: T0 + 10 * DAY }),
    }),
    await refused("an old list still counts for what it says", "FILE_REVOKED", await with3(await statuses([[5, "revoked"]])), {
      now: T0 + 10 * DAY,
    }),
    await refused(
      "a too old list that says revoked: its age comes first",
      "STATUS_TOO_OLD",
      await with3(await statuses([[5, "revoked"]]), strict),
      { now: T0 + 10 * DAY },
    ),
    await refused("a fingerprint of another device comes before the status", "WRONG_DEVICE", await marked("revoked"), {
      fingerprint: `${FINGERPRINT}0`,
    }),
  ];
}
