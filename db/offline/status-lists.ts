import { and, eq } from "drizzle-orm";
import type { FileStatus } from "#rules/licensing/olp/status";
import type { Asking } from "../commit.ts";
import { dbOf } from "../db.ts";
import { statusLists } from "./tables.ts";

export type StatusListRow = typeof statusLists.$inferSelect;

/** The newest list of a product with what it should say now, read at one instant. */
export type StatusRead = {
  list: StatusListRow | undefined;
  /** the activations whose files are not simply valid */
  entries: (readonly [index: number, status: FileStatus])[];
  /** the highest index that was given */
  highest: number;
};

/** Only licenses that somebody held, canceled or revoked, and devices that gave way, are looked at: each has an index of its own. */
const ENTRIES = `
  select d.status_index as i, case
      when l.revoked_at is not null or l.canceled_at <= ?3 then 'revoked'
      when json_array_length(l.holds) > 0 then 'suspended' end as status
    from licenses l indexed by licenses_unusable
    cross join offline_devices d on d.tenant_id = l.tenant_id and d.license_id = l.id
    where l.tenant_id = ?1 and l.product_id = ?2 and (l.revoked_at is not null or l.canceled_at is not null or l.holds <> '[]')
      and d.expires_at > ?3 and d.superseded = 0
  union all
  select d.status_index, 'superseded' from offline_devices d indexed by offline_devices_superseded
    where d.tenant_id = ?1 and d.product_id = ?2 and d.superseded = 1 and d.expires_at > ?3
  order by i`;

type Entry = { i: number; status: FileStatus | null };

/** Status lists of a tenant's products. */
export function statusListsOf(asking: Asking) {
  const { d1, tenantId, now } = asking;
  const db = dbOf(d1);

  return {
    /** Files that are over need no entry: nobody takes them. */
    read: async (productId: string): Promise<StatusRead> => {
      const [list, entries, highest] = await d1.batch<Record<string, unknown>>([
        d1.prepare("select * from status_lists where tenant_id = ? and product_id = ?").bind(tenantId, productId),
        d1.prepare(ENTRIES).bind(tenantId, productId, now.getTime()),
        d1
          .prepare("select max(status_index) as highest from offline_devices where tenant_id = ? and product_id = ?")
          .bind(tenantId, productId),
      ]);
      const given = (entries?.results ?? []) as Entry[];
      return {
        list: listOf(list?.results[0]),
        entries: given.flatMap(({ i, status }) => (status === null ? [] : [[i, status] as const])),
        highest: Number(highest?.results[0]?.["highest"] ?? -1),
      };
    },

    /** Puts a list in the place of the one that was read; false when somebody else was faster. */
    replace: async (before: StatusListRow | undefined, row: StatusListRow): Promise<boolean> => {
      const own = and(eq(statusLists.tenantId, tenantId), eq(statusLists.productId, row.productId));
      if (before) {
        const written = await db
          .update(statusLists)
          .set(row)
          .where(and(own, eq(statusLists.seq, before.seq)))
          .returning({ seq: statusLists.seq });
        return written.length === 1;
      }
      const written = await db.insert(statusLists).values(row).onConflictDoNothing().returning({ seq: statusLists.seq });
      return written.length === 1;
    },

    /** The highest index that was given in a product; -1 where none was. */
    highest: async (productId: string): Promise<number> => {
      const highest = await d1
        .prepare("select max(status_index) as i from offline_devices where tenant_id = ? and product_id = ?")
        .bind(tenantId, productId)
        .first<number>("i");
      return highest ?? -1;
    },

    /** Which of these indexes of a product are given to an activation. */
    taken: async (productId: string, indexes: readonly number[]): Promise<Set<number>> => {
      const { results } = await d1
        .prepare(
          `select status_index as i from offline_devices
           where tenant_id = ? and product_id = ? and status_index in (select value from json_each(?))`,
        )
        .bind(tenantId, productId, JSON.stringify(indexes))
        .all<{ i: number }>();
      return new Set(results.map(({ i }) => i));
    },
  };
}

function listOf(row: Record<string, unknown> | undefined): StatusListRow | undefined {
  if (!row) return undefined;
  return {
    tenantId: String(row["tenant_id"]),
    productId: String(row["product_id"]),
    seq: Number(row["seq"]),
    text: String(row["text"]),
    digest: String(row["digest"]),
    expiresAt: new Date(Number(row["expires_at"])),
    createdAt: new Date(Number(row["created_at"])),
  };
}
