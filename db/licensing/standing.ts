import { and, eq, getTableColumns, sql } from "drizzle-orm";
import type { Asking } from "../commit.ts";
import { dbOf } from "../db.ts";
import type { ActivationRow } from "./rows.ts";
import { claiming, CONDITIONS } from "./seats.ts";
import { heldSeatsSql, literal } from "./status.ts";
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

const truthSql = (condition: string) => `coalesce(${condition}, 0)`;
const { holds, kept } = CONDITIONS;

const STANDING = `select ${CONDITIONS.seats} as seats, licenses.seat_ceiling, ${CONDITIONS.cores} as cores, licenses.core_ceiling,
    case licenses.type when 'named_user' then 0 else ${CONDITIONS.users} end as users, licenses.user_ceiling,
    ${truthSql(`${holds} and ${kept.seat}`)} as keeps_seat, ${truthSql(`${holds} and ${kept.cores}`)} as keeps_cores,
    ${truthSql(`${holds} and ${kept.user}`)} as keeps_user, ${truthSql(CONDITIONS.hasPlace)} as has_place,
    ${truthSql(CONDITIONS.elsewhere)} as elsewhere, ${truthSql(CONDITIONS.isOther)} as is_known, licenses.churn_limit,
    case when licenses.churn_limit is null then '[]'
      else (select json_group_array(at) from (select c.activated_at as at ${CONDITIONS.recent} order by at)) end as recent
  from licenses left join activations on activations.tenant_id = ?1 and activations.id = ?4
  where licenses.tenant_id = ?1 and licenses.id = ?3`;

type StandingColumns = {
  seats: number;
  seat_ceiling: number | null;
  cores: number;
  core_ceiling: number | null;
  users: number;
  user_ceiling: number | null;
  keeps_seat: number;
  keeps_cores: number;
  keeps_user: number;
  has_place: number;
  elsewhere: number;
  is_known: number;
  churn_limit: number | null;
  recent: string;
};

async function standing(asking: Asking, row: ActivationRow, devices: readonly string[]): Promise<Standing | undefined> {
  const found = await asking.d1
    .prepare(STANDING)
    .bind(...claiming(asking, row, devices))
    .first<StandingColumns>();
  if (!found) return undefined;
  return {
    seats: found.seats,
    seatCeiling: found.seat_ceiling,
    cores: found.cores,
    coreCeiling: found.core_ceiling,
    users: found.users,
    userCeiling: found.user_ceiling,
    keepsSeat: found.keeps_seat === 1,
    keepsCores: found.keeps_cores === 1,
    keepsUser: found.keeps_user === 1,
    hasPlace: found.has_place === 1,
    elsewhere: found.elsewhere === 1,
    isKnown: found.is_known === 1,
    recent: (JSON.parse(found.recent) as number[]).map((at) => new Date(at)),
    churnLimit: found.churn_limit,
  };
}
