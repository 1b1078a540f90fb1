import { env } from "cloudflare:workers";
import * as fc from "fast-check";
import { expect, test } from "vitest";
import { expiringSql, holdsSeatSql, inGraceSql, mayActivateSql, statusSql } from "#db/licensing/status";
import { holdsSeat, mayActivate } from "#rules/licensing/decide";
import { endsWithin, HOLD_CAUSES, isInGrace, statusOf } from "#rules/licensing/states";
import { EXPIRATION_STRATEGIES, EXPIRY_BASES, freesDeadSeats, leaseLengthS, termsWithDefaults } from "#rules/licensing/terms";

const NOW = new Date("2026-06-15T12:00:00.000Z");
const now = String(NOW.getTime());

/** Instants close around now, so that borders are hit as often as their sides. */
const near = fc.integer({ min: -2, max: 2 }).map((ms) => new Date(NOW.getTime() + ms));
const maybe = fc.option(near, { freq: 2 });
const rarely = fc.oneof({ weight: 4, arbitrary: fc.constant(null) }, { weight: 1, arbitrary: near });
const lives = fc.record({
  startsAt: near,
  expiresAt: maybe,
  graceUntil: maybe,
  maintenanceUntil: maybe,
  canceledAt: rarely,
  revokedAt: rarely,
  holds: fc.oneof(
    { weight: 3, arbitrary: fc.constant([]) },
    {
      weight: 1,
      arbitrary: fc.array(
        fc.constantFrom(...HOLD_CAUSES).map((cause) => ({ cause, reason: null, by: "key_1", at: NOW })),
        { maxLength: 2 },
      ),
    },
  ),
  expiryBasis: fc.constantFrom(...EXPIRY_BASES),
  activatedAt: maybe,
  strategy: fc.constantFrom(...EXPIRATION_STRATEGIES),
});

/** Each JSON row as a row of a table, so that the expressions meet the values as the database keeps them. */
const tableOf = (columns: readonly string[]) => columns.map((column) => `value ->> '${column}' as ${column}`).join(", ");
const ms = (at: Date | null) => at?.getTime() ?? null;
const columnsOf = (life: typeof lives extends fc.Arbitrary<infer Life> ? Life : never) => ({
  starts_at: ms(life.startsAt),
  expires_at: ms(life.expiresAt),
  grace_until: ms(life.graceUntil),
  canceled_at: ms(life.canceledAt),
  revoked_at: ms(life.revokedAt),
  holds: life.holds,
  expiry_basis: life.expiryBasis,
  activated_at: ms(life.activatedAt),
});

test("the status that SQL filters by is the status of the rule, for every life of a license", async () => {
  const sample = fc.sample(lives, { numRuns: 3000, seed: 7 });
  const rows = sample.map((life) => ({
    ...columnsOf(life),
    expiration_strategy: life.strategy,
  }));
  const { results } = await env.DB_00.prepare(
    `with licenses as (select key, ${tableOf(Object.keys(rows[0] ?? {}))} from json_each(?1))
     select ${statusSql("?2")} as status, ${mayActivateSql("?2")} as may_activate from licenses order by key`,
  )
    .bind(JSON.stringify(rows), NOW.getTime())
    .all<{ status: string; may_activate: number }>();

  expect(results.map(({ status }) => status)).toEqual(sample.map((life) => statusOf(life, NOW)));
  const terms = termsWithDefaults({ type: "subscription", model: "per_device" });
  const nothingElse = { versionReleasedAt: null, versionUnknown: false, trialHeldElsewhere: false };
  const may = sample.map((license) =>
    mayActivate(
      { ...nothingElse, license: { ...license, convertedAt: null }, terms: { ...terms, expirationStrategy: license.strategy } },
      NOW,
    ).length === 0
      ? 1
      : 0,
  );
  expect(results.map((row) => row.may_activate)).toEqual(may);
  expect(new Set(results.map(({ status }) => status)).size).toBe(6);
  expect(new Set(may).size).toBe(2);
});

test("what SQL counts as in grace and as running out is what the rules say, for every life of a license", async () => {
  const sample = fc.sample(fc.tuple(lives, near), { numRuns: 3000, seed: 11 });
  const rows = sample.map(([life, until]) => ({
    ...columnsOf(life),
    until: ms(until),
  }));
  const { results } = await env.DB_00.prepare(
    `with licenses as (select key, ${tableOf(Object.keys(rows[0] ?? {}))} from json_each(?1))
     select ${inGraceSql("?2")} as in_grace, ${expiringSql("?2", "until")} as expiring from licenses order by key`,
  )
    .bind(JSON.stringify(rows), NOW.getTime())
    .all<{ in_grace: number; expiring: number }>();

  const ruled = sample.map(([life, until]) => ({
    in_grace: statusOf(life, NOW) === "expired" && isInGrace(life, NOW) ? 1 : 0,
    expiring: endsWithin(life, { now: NOW, until }) ? 1 : 0,
  }));
  expect(results).toEqual(ruled);
  expect(new Set(ruled.map((rule) => JSON.stringify(rule))).size).toBe(3);
});

const seats = fc.record({
  type: fc.constantFrom("online" as const, "offline" as const, "emergency" as const),
  activatedAt: fc.constantFrom(-121_000, -120_000, -119_999, -1).map((offset) => new Date(NOW.getTime() + offset)),
  lastHeartbeatAt: fc.option(fc.constantFrom(-121_000, -120_000, -119_999).map((offset) => new Date(NOW.getTime() + offset))),
  leaseExpiresAt: maybe,
  endsAt: rarely,
  releasedAt: rarely,
  terms: fc
    .record({
      type: fc.constantFrom("subscription" as const, "concurrent" as const),
      heartbeat: fc.record({
        required: fc.boolean(),
        intervalS: fc.constant(60),
        onDead: fc.constantFrom("free_seat" as const, "keep" as const),
      }),
    })
    .map((said) => termsWithDefaults({ model: "per_device", ...said })),
});

test("the seats that SQL counts as held are those that the rule holds", async () => {
  const sample = fc.sample(seats, { numRuns: 3000, seed: 7 });
  const rows = sample.map(({ terms, ...seat }) => ({
    type: seat.type,
    activated_at: ms(seat.activatedAt),
    heartbeat_at: ms(seat.lastHeartbeatAt),
    lease_expires_at: ms(seat.leaseExpiresAt),
    ends_at: ms(seat.endsAt),
    released_at: ms(seat.releasedAt),
    lease_s: leaseLengthS(terms),
    frees_dead_seats: freesDeadSeats(terms) ? 1 : 0,
  }));
  const { results } = await env.DB_00.prepare(
    `with both as (select key, ${tableOf(Object.keys(rows[0] ?? {}))} from json_each(?1)) select ${holdsSeatSql(now, "both", "both")} as held from both order by key`,
  )
    .bind(JSON.stringify(rows))
    .all<{ held: number }>();
  const held = sample.map(({ terms, ...seat }) => (holdsSeat(seat, terms, NOW) ? 1 : 0));
  expect(results.map((row) => row.held)).toEqual(held);
  expect(new Set(held).size).toBe(2);
});
