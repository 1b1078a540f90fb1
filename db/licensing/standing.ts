import { and, eq, getTableColumns, sql, type SQL } from "drizzle-orm";
import type { Asking } from "../commit.ts";
import { dbOf } from "../db.ts";
import type { ActivationRow } from "./rows.ts";
import { conditions, isOther, recentOf } from "./seats.ts";
import { heldSeatsSql, literal, stillHoldsSql } from "./status.ts";
import { activations, licenses } from "./tables.ts";

/** What stood for and against a seat when it was looked at: what others use beside the ceilings, and what forbids it outright. */
export type Standing = {
  seats: number;
  seatCeiling: number | null;
  cores: number;
  coreCeiling: number | null;
  users: number;
  userCeiling: number | null;
  /** the device stays where it is, so that a limit below what is used asks nothing of it */
  keepsSeat: boolean;
  keepsCores: boolean;
  keepsUser: boolean;
  hasPlace: boolean;
  /** it holds a seat of another license, within what it may hold one only */
  elsewhere: boolean;
  /** another activation of this license is this device */
  isKnown: boolean;
  /** since when each of the activations of the last 30 days counts, oldest first; empty where nothing limits them */
  recent: Date[];
  churnLimit: number | null;
};

/** What is looked up about the seats of a license when a claim found none, or before one for a device that has other parts by now. */
export function standingOf(asking: Asking) {
  const { d1, tenantId, now } = asking;
  const db = dbOf(d1);

  return {
    /** What stands for and against a seat for this row, by the very conditions of the claims. */
    standing: (row: ActivationRow, devices: readonly string[]) => standing(asking, row, devices),

    /** The activations that hold seats of a license. */
    listHolding: (licenseId: string): Promise<ActivationRow[]> => {
      const holding = sql`select h.id ${sql.raw(heldSeatsSql(literal(now)))}`;
      return db
        .select(getTableColumns(activations))
        .from(licenses)
        .innerJoin(activations, and(eq(activations.tenantId, tenantId), sql`${activations.id} in (${holding})`))
        .where(and(eq(licenses.tenantId, tenantId), eq(licenses.id, licenseId)));
    },

    /** The unreleased activation of a license of which at least `least` parts fit: the device that it is, with other parts. */
    byParts: async (licenseId: string, digests: readonly string[], least: number): Promise<ActivationRow | undefined> => {
      const found = await d1.prepare(BY_PARTS).bind(tenantId, licenseId, JSON.stringify(digests), least).first<{ id: string }>();
      if (!found) return undefined;
      return db
        .select()
        .from(activations)
        .where(and(eq(activations.tenantId, tenantId), eq(activations.id, found.id)))
        .get();
    },
  };
}

const BY_PARTS = `select h.id, count(*) as fitting
  from activations h indexed by activations_one_seat_per_device cross join json_each(h.components) part
  where h.tenant_id = ?1 and h.license_id = ?2 and h.released_at is null and h.type <> 'emergency'
    and part.value ->> 'hash' in (select value from json_each(?3))
  group by h.id having fitting >= ?4 order by fitting desc, h.activated_at, h.id limit 1`;

async function standing(asking: Asking, row: ActivationRow, devices: readonly string[]): Promise<Standing | undefined> {
  const { d1, tenantId, now } = asking;
  const { seats, cores, users, kept, hasPlace, elsewhere } = conditions(asking, row, devices);
  const holds = sql`(${activations.type} <> 'emergency' and ${sql.raw(stillHoldsSql(literal(now)))})`;
  const recent = sql<string>`case when ${licenses.churnLimit} is null then '[]'
    else (select json_group_array(at) from (select c.activated_at as at ${recentOf(asking)} order by at)) end`;
  const truth = (condition: SQL) => sql<number>`coalesce(${condition}, 0)`;
  const found = await dbOf(d1)
    .select({
      seats: sql<number>`${seats}`,
      seatCeiling: licenses.seatCeiling,
      cores: sql<number>`${cores}`,
      coreCeiling: licenses.coreCeiling,
      users: sql<number>`case ${licenses.type} when 'named_user' then 0 else ${users} end`,
      userCeiling: licenses.userCeiling,
      keepsSeat: truth(sql`${holds} and ${kept.seat}`),
      keepsCores: truth(sql`${holds} and ${kept.cores}`),
      keepsUser: truth(sql`${holds} and ${kept.user}`),
      hasPlace: truth(hasPlace),
      elsewhere: truth(elsewhere),
      isKnown: truth(isOther(asking, row, devices)),
      recent,
      churnLimit: licenses.churnLimit,
    })
    .from(licenses)
    .leftJoin(activations, and(eq(activations.tenantId, tenantId), eq(activations.id, row.id)))
    .where(and(eq(licenses.tenantId, tenantId), eq(licenses.id, row.licenseId)))
    .get();
  if (!found) return undefined;
  const { keepsSeat, keepsCores, keepsUser } = found;
  return {
    ...found,
    keepsSeat: keepsSeat === 1,
    keepsCores: keepsCores === 1,
    keepsUser: keepsUser === 1,
    hasPlace: found.hasPlace === 1,
    elsewhere: found.elsewhere === 1,
    isKnown: found.isKnown === 1,
    recent: (JSON.parse(found.recent) as number[]).map((at) => new Date(at)),
  };
}
