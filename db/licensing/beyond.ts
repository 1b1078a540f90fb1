import type { LicenseModel } from "#rules/licensing/terms";
import type { Asking } from "../commit.ts";
import { heldSeatsSql, personSql } from "./status.ts";

/** How many beyond a limit are named. */
const NAMED = 100;

/** What is held of a license now, whatever its model counts. */
export type Held = { devices: number; people: number; named: number };

/** What a license would hold under another model, and which devices would be beyond its limit. */
export function beyondOf({ d1, tenantId, now }: Asking) {
  const asked = (sql: string, licenseId: string, ...more: unknown[]) =>
    d1.prepare(`${HELD} ${sql}`).bind(tenantId, now.getTime(), licenseId, ...more);

  return {
    heldOf: async (licenseId: string): Promise<Held> => {
      const named = "(select count(*) from named_users n where n.tenant_id = ?1 and n.license_id = ?3)";
      const counted = `select count(*) as devices, count(distinct person) as people, ${named} as named from held`;
      return (await asked(counted, licenseId).first<Held>()) ?? { devices: 0, people: 0, named: 0 };
    },

    /** The devices that came after the limit was full, the first of them first, at most a hundred. Under `per_seat` those of later users. */
    beyond: async (licenseId: string, ceiling: number, model: LicenseModel): Promise<string[]> => {
      const later = "select person from held group by person order by min(activated_at), min(id) limit -1 offset ?4";
      const rest =
        model === "per_seat"
          ? `select id from held where person in (${later}) order by activated_at, id limit ${NAMED}`
          : `select id from held order by activated_at, id limit ${NAMED} offset ?4`;
      const { results } = await asked(rest, licenseId, ceiling).all<{ id: string }>();
      return results.map(({ id }) => id);
    },
  };
}

const HELD = `with held as (
  select a.id, a.activated_at, ${personSql("a")} as person
  from licenses l cross join activations a on a.tenant_id = ?1 and a.id in (select h.id ${heldSeatsSql("?2", "l")})
  where l.tenant_id = ?1 and l.id = ?3)`;
