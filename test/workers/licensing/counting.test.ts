import { env } from "cloudflare:workers";
import * as fc from "fast-check";
import { expect, test } from "vitest";
import type { Asking } from "#db/commit";
import { askedOf } from "#db/licensing/asked";
import { holdsSeat } from "#rules/licensing/decide";
import { coreLimits, seatLimits, termsWithDefaults, userLimits } from "#rules/licensing/terms";
import { upTo } from "../world.ts";
import { shop } from "./shop.ts";

const NOW = Date.now();
const near = (span: number) => fc.integer({ min: -span, max: span }).map((s) => NOW + s * 1000);
const rarely = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { freq: 3 }).map((value) => value ?? null);

const rows = fc.record({
  type: fc.oneof(
    { weight: 5, arbitrary: fc.constant("online" as const) },
    { weight: 1, arbitrary: fc.constantFrom("offline" as const, "emergency" as const) },
  ),
  user: fc.option(fc.constantFrom("ada", "bob", "eve"), { freq: 4 }),
  cores: fc.option(fc.integer({ min: 1, max: 4 })),
  activatedAt: fc.integer({ min: 1, max: 5 }).map((s) => NOW - s * 1000),
  leaseExpiresAt: rarely(near(3)),
  endsAt: fc.oneof({ weight: 5, arbitrary: fc.constant(null) }, { weight: 1, arbitrary: near(2) }),
  releasedAt: fc.oneof({ weight: 4, arbitrary: fc.constant(null) }, { weight: 1, arbitrary: fc.constant(NOW - 1000) }),
});

const licenses = fc.record({
  type: fc.constantFrom("subscription" as const, "concurrent" as const, "named_user" as const),
  model: fc.constantFrom("per_device" as const, "per_seat" as const, "per_core" as const, "site" as const),
  maxActivations: fc.option(fc.integer({ min: 1, max: 8 }), { freq: 5 }),
  maxCores: fc.option(fc.integer({ min: 1, max: 14 }), { freq: 3 }),
  maxUsers: fc.option(fc.integer({ min: 1, max: 5 }), { freq: 3 }),
  overage: fc.constantFrom({ mode: "none" as const }, { mode: "limited" as const, absolute: 1 }, { mode: "unlimited" as const }),
  rows: fc.array(rows, { maxLength: 10 }),
  asks: fc.record({ user: fc.constantFrom("ada", "eve", "new"), cores: fc.option(fc.integer({ min: 1, max: 3 })) }),
});
type Sample = typeof licenses extends fc.Arbitrary<infer T> ? T : never;

const termsOf = ({ type, model, maxActivations, maxCores, maxUsers, overage }: Sample) =>
  termsWithDefaults({ type, model, maxActivations, maxCores, maxUsers, overage, heartbeat: { intervalS: 60 } });
type Row = Sample["rows"][number] & { id: string };

/** What is in use, counted apart from any SQL. */
function countedOf(sample: Sample, seated: readonly Row[], named: readonly string[]) {
  const person = ({ user, id }: Row) => user ?? id;
  const persons = (some: readonly Row[]) => new Set(some.map(person)).size;
  const cores = (some: readonly Row[]) => some.reduce((sum, row) => sum + (row.cores ?? 1), 0);
  const upTo = (row: Row) => seated.slice(0, seated.indexOf(row) + 1);
  const firstOf = (row: Row) => seated.find((each) => person(each) === person(row)) ?? row;
  const isUnlimited = sample.model === "site" || sample.maxActivations === null;
  const seats = sample.model === "per_seat" ? persons(seated) : seated.length;
  const coresCount = sample.maxCores !== null && sample.model !== "site";
  const usersCount = sample.maxUsers !== null && sample.model !== "site";
  return {
    held: isUnlimited ? Math.min(seated.length, 2) : seats,
    cores: coresCount ? cores(seated) : 0,
    users: sample.type === "named_user" ? named.length : usersCount ? persons(seated) : 0,
    of: (row: Row) => ({
      rank: isUnlimited ? null : sample.model === "per_seat" ? persons(upTo(firstOf(row))) : upTo(row).length,
      cores: coresCount ? cores(upTo(row)) : null,
      users:
        sample.type === "named_user"
          ? named.indexOf(row.user ?? "") + 1 || null
          : usersCount
            ? persons(upTo(firstOf(row)))
            : null,
    }),
    room: ({ user, cores: more }: Sample["asks"]) => {
      const others = seated.filter((row) => row.user !== user);
      const users = persons(others);
      const ceiling = {
        seats: seatLimits(termsOf(sample)),
        cores: coreLimits(termsOf(sample)),
        users: userLimits(termsOf(sample)),
      };
      const below = (n: number, end: number | null) => end === null || n < end;
      const place = named.includes(user) || named.length < (ceiling.users.ceiling ?? 0);
      return (
        below(sample.model === "per_seat" ? users : seated.length, ceiling.seats.ceiling) &&
        below(cores(seated) + (more ?? 1) - 1, ceiling.cores.ceiling) &&
        (sample.type === "named_user" ? place : below(users, ceiling.users.ceiling))
      );
    },
  };
}

test("what SQL counts of seats, cores and users, and gives of them, is what the rules say, for licenses of every kind", async () => {
  const s = await shop();
  for (const [n, sample] of fc.sample(licenses, { numRuns: 80, seed: 11 }).entries()) {
    const { rows: told, asks, maxActivations, maxCores, maxUsers, overage, type, model } = sample;
    const terms = { type, model, overage, max_activations: maxActivations, max_cores: maxCores, max_users: maxUsers };
    const license = await s.license({ ...terms, heartbeat: { interval_s: 60 } });
    const made: Row[] = told.map((row, index) => ({
      ...row,
      id: `act_00${String(n).padStart(10, "0")}${String(index).padStart(16, "0")}`,
    }));
    const named = type === "named_user" ? ["ada", "bob"].slice(0, maxUsers ?? 1) : [];
    const statements = [
      ...made.map((row) => inserted(s.tenant.id, license["id"], row)),
      ...named.map((user, index) =>
        env.DB_00.prepare("insert into named_users values (?, ?, ?, ?)").bind(s.tenant.id, license["id"], user, index),
      ),
    ];
    if (statements.length > 0) await env.DB_00.batch(statements);

    const effective = termsOf(sample);
    const seated = made
      .filter((row) => row.type !== "emergency" && holdsSeat(asRule(row), effective, new Date(NOW)))
      .toSorted((a, b) => a.activatedAt - b.activatedAt || (a.id < b.id ? -1 : 1));
    const counted = countedOf(sample, seated, named);
    const asked = askedOf({ d1: env.DB_00, tenantId: s.tenant.id } as unknown as Asking);
    for (const row of made.filter((each) => each.releasedAt === null && each.type !== "emergency")) {
      const { snapshot } = (await asked.byActivation(row.id, { at: new Date(NOW) })) ?? {};
      const holds = seated.includes(row);
      const { rank, cores, users } = counted.of(row);
      expect(snapshot?.counts, JSON.stringify(sample)).toMatchObject({
        held: counted.held,
        othersHeld: counted.held - (holds ? 1 : 0),
        rankOfThisDevice: holds ? rank : null,
        cores: { used: counted.cores, upToThis: holds ? cores : null },
        users: { used: counted.users, ...((holds || type === "named_user") && { upToThis: users }) },
      });
    }
    // the same instant for the claim: nothing but real time passes meanwhile, and every border is whole seconds away from it
    if (made.every((row) => [row.leaseExpiresAt, row.endsAt].every((at) => at === null || at < NOW || at > NOW + 1_000_000))) {
      const { status } = await s.activate(license["license_key"], "new", asks);
      expect(status === 201, JSON.stringify(sample)).toBe(counted.room(asks));
    }
  }
});

const asRule = ({ activatedAt, leaseExpiresAt, endsAt, releasedAt, type }: Row) => {
  const at = (ms: number | null) => (ms === null ? null : new Date(ms));
  return {
    type,
    activatedAt: new Date(activatedAt),
    lastHeartbeatAt: null,
    leaseExpiresAt: at(leaseExpiresAt),
    endsAt: at(endsAt),
    releasedAt: at(releasedAt),
  };
};

function inserted(tenantId: string, licenseId: unknown, row: Row) {
  return env.DB_00.prepare(
    `insert into activations (tenant_id, id, license_id, device_hash, type, user_ref, cores, generation, metrics, activated_at, last_seen_at,
       lease_expires_at, ends_at, released_at, metadata, created_at, updated_at, version)
     values (?, ?, ?, ?, ?, ?, ?, 1, '{"counters":{},"gauges":{},"seq":0}', ?, ?, ?, ?, ?, '{}', 0, 0, 1)`,
  ).bind(
    tenantId,
    row.id,
    licenseId,
    row.id,
    row.type,
    row.user,
    row.cores,
    row.activatedAt,
    row.activatedAt,
    row.leaseExpiresAt,
    row.endsAt,
    row.releasedAt,
  );
}

test("the claim's count is the count of the license that is shown", async () => {
  const s = await shop();
  const license = await s.license({ model: "per_seat", max_activations: 3, max_cores: 10 });
  await Promise.all(upTo(4).map((n) => s.activate(license["license_key"], `d${n}`, { user: `u${n % 2}`, cores: n })));
  expect(await s.read(`/v1/licenses/${license["id"]}`)).toMatchObject({ activations_count: 2, cores_count: 10, users_count: 2 });
});
