import { and, desc, eq, inArray, ne } from "drizzle-orm";
import { bound, commit, NotUnique, type Asking, type Fact, type Statement, type Told } from "../commit.ts";
import { dbOf } from "../db.ts";
import { signingKeys } from "../tenants/tables.ts";
import { offlineKeysets, offlineRoots } from "./tables.ts";

export type SigningKeyRow = typeof signingKeys.$inferSelect;
export type RootRow = typeof offlineRoots.$inferSelect;
export type KeysetRow = typeof offlineKeysets.$inferSelect;

/** What a tenant's programs trust, as it was read at one instant. */
export type Trust = {
  /** those in use: the current one and the next, or none before they were first needed */
  roots: RootRow[];
  /** all, the newest first */
  keys: SigningKeyRow[];
  /** the newest */
  keyset: KeysetRow | undefined;
};

/** A change of what is trusted. Everything in it is made together, or nothing. */
export type TrustChange = {
  /** the roots that hold from now on, in the place of those that were read */
  roots?: readonly RootRow[] | undefined;
  /** keys that are new or changed */
  keys?: readonly SigningKeyRow[] | undefined;
  keyset?: KeysetRow | undefined;
};

/** Roots, signing keys and keysets of a tenant. */
export function offlineKeysOf(asking: Asking) {
  const { d1, tenantId, now } = asking;
  const db = dbOf(d1);

  return {
    trust: async (): Promise<Trust> => {
      const [roots, keys, [keyset]] = await db.batch([
        db
          .select()
          .from(offlineRoots)
          .where(and(eq(offlineRoots.tenantId, tenantId), ne(offlineRoots.role, "retired")))
          .orderBy(offlineRoots.role),
        db
          .select()
          .from(signingKeys)
          .where(eq(signingKeys.tenantId, tenantId))
          .orderBy(desc(signingKeys.createdAt), signingKeys.kid),
        db.select().from(offlineKeysets).where(eq(offlineKeysets.tenantId, tenantId)).orderBy(desc(offlineKeysets.seq)).limit(1),
      ]);
      return { roots, keys, keyset };
    },

    /** Aborts the batch of what a key signed when the key was revoked meanwhile. */
    isGood: (kid: string): Statement =>
      d1
        .prepare(
          `select case when exists (select 1 from signing_keys where tenant_id = ?1 and kid = ?2 and revoked_at is null)
           then 1 else json('guard:the key was revoked') end`,
        )
        .bind(tenantId, kid),

    /** Commits a change of what was read; undefined when somebody else changed it meanwhile. */
    change: (read: Trust, change: TrustChange, told: Told) => commit(asking, changed(asking, read, change), told),

    /**
     * The same for what nobody asked for: the first roots, a keyset that was about to end. It is no part of the caller's intent.
     * Undefined when somebody else was faster.
     */
    renew: async (read: Trust, change: TrustChange, facts: readonly Fact[]) => {
      try {
        return await commit({ ...asking, intent: null }, changed(asking, read, change), { facts, answer: [200, null] });
      } catch (error) {
        if (error instanceof NotUnique) return undefined;
        throw error;
      }
    },
  };

  function changed(asking: Asking, read: Trust, { roots, keys = [], keyset }: TrustChange): Statement[] {
    return [
      ...asRead(asking, read),
      ...(roots ? rootsBecome(roots) : []),
      ...keys.map((row) =>
        bound(
          d1,
          db
            .insert(signingKeys)
            .values(row)
            .onConflictDoUpdate({ target: [signingKeys.tenantId, signingKeys.kid], set: endOf(row) }),
        ),
      ),
      ...(keyset ? [bound(d1, db.insert(offlineKeysets).values(keyset))] : []),
    ];
  }

  function rootsBecome(roots: readonly RootRow[]): Statement[] {
    const inUse = and(eq(offlineRoots.tenantId, tenantId), ne(offlineRoots.role, "retired"));
    const retired = db.update(offlineRoots).set({ role: "retired", retiredAt: now }).where(inUse);
    const there = inArray(
      offlineRoots.kid,
      roots.map(({ kid }) => kid),
    );
    // a root that is taken up again is written anew: its role and who holds it may be others
    const anew = db.delete(offlineRoots).where(and(eq(offlineRoots.tenantId, tenantId), there));
    return [bound(d1, retired), bound(d1, anew), ...roots.map((row) => bound(d1, db.insert(offlineRoots).values(row)))];
  }
}

const endOf = ({ pendingSince, retiredAt, revokedAt, revokedReason }: SigningKeyRow) => ({
  pendingSince,
  retiredAt,
  revokedAt,
  revokedReason,
});

/** Aborts the batch unless keyset, roots and keys are still those that were read: what follows was made from them. */
function asRead({ d1, tenantId }: Asking, { roots, keys, keyset }: Trust): Statement[] {
  const sameKeys = JSON.stringify(
    keys.map((row) => `${row.kid} ${row.pendingSince ? 1 : 0}${row.retiredAt ? 1 : 0}${row.revokedAt ? 1 : 0}`).sort(),
  );
  const sameRoots = JSON.stringify(roots.map(({ kid, role }) => `${role} ${kid}`).sort());
  return [
    d1
      .prepare(
        `select case when coalesce((select max(seq) from offline_keysets where tenant_id = ?1), 0) = ?2
           and (select json_group_array(t) from (select role || ' ' || kid as t from offline_roots where tenant_id = ?1 and role <> 'retired' order by t)) = ?3
           and (select json_group_array(t) from (
             select kid || ' ' || (pending_since is not null) || (retired_at is not null) || (revoked_at is not null) as t
             from signing_keys where tenant_id = ?1 order by t)) = ?4
         then 1 else json('guard:the keys changed') end`,
      )
      .bind(tenantId, keyset?.seq ?? 0, sameRoots, sameKeys),
  ];
}
