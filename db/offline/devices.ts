import { and, desc, eq, inArray } from "drizzle-orm";
import { products, productVersions } from "../catalog/tables.ts";
import { bound, guard, type Asking, type Statement } from "../commit.ts";
import { dbOf } from "../db.ts";
import { licenses } from "../licensing/tables.ts";
import { offlineDevices, offlineRequests } from "./tables.ts";

export type OfflineDeviceRow = typeof offlineDevices.$inferSelect;
export type OfflineRequestRow = typeof offlineRequests.$inferSelect;

/** A license as the proof in a request finds it. */
export type Proved = { id: string; productId: string; keyHash: string; keyBits: number | null };

/** How many versions of a product a file lists. */
const VERSIONS_LISTED = 50;

/** Devices without a connection: what was asked, and the newest file that was made for each. */
export function offlineDevicesOf(asking: Asking) {
  const { d1, tenantId, now } = asking;
  const db = dbOf(d1);
  const mine = (activationId: string) =>
    and(eq(offlineDevices.tenantId, tenantId), eq(offlineDevices.activationId, activationId));

  return {
    byActivation: (id: string) => db.select().from(offlineDevices).where(mine(id)).get(),

    /** What became of an id that a device chose. */
    requestOf: (rid: string) =>
      db
        .select()
        .from(offlineRequests)
        .where(and(eq(offlineRequests.tenantId, tenantId), eq(offlineRequests.rid, rid)))
        .get(),

    /** The license whose key was proved, by the digests that its proof may be stored as. */
    licenseByProof: (digests: readonly string[]): Promise<Proved | undefined> =>
      db
        .select({ id: licenses.id, productId: licenses.productId, keyHash: licenses.keyHash, keyBits: licenses.keyBits })
        .from(licenses)
        .where(and(eq(licenses.tenantId, tenantId), inArray(licenses.proofHash, [...digests])))
        .get(),

    /** Lets a license that was made before there were proofs be found by one. It changes nothing that anybody sees. */
    addProof: async (licenseId: string, proofHash: string, keyBits: number): Promise<void> => {
      await d1
        .prepare(
          `update licenses set proof_hash = ?1, key_bits = coalesce(key_bits, ?2)
           where tenant_id = ?3 and id = ?4 and proof_hash is null`,
        )
        .bind(proofHash, keyBits, tenantId, licenseId)
        .run();
    },

    /** What a file says of its product: the code, and the newest versions with the one that was asked about. */
    productOf: async (productId: string, asked: string | null) => {
      const own = and(eq(productVersions.tenantId, tenantId), eq(productVersions.productId, productId));
      const columns = { version: productVersions.version, releasedAt: productVersions.releasedAt };
      const [[product], newest, [named]] = await db.batch([
        db
          .select({ code: products.code })
          .from(products)
          .where(and(eq(products.tenantId, tenantId), eq(products.id, productId))),
        db.select(columns).from(productVersions).where(own).orderBy(desc(productVersions.releasedAt)).limit(VERSIONS_LISTED),
        db
          .select(columns)
          .from(productVersions)
          .where(and(own, eq(productVersions.version, asked ?? ""))),
      ]);
      return { code: product?.code ?? "", versions: named ? [...newest, named] : newest };
    },

    /**
     * Statements that keep the newest file of a device over the one that was read (or none), and the request that it answers. They abort the
     * batch when another file was made meanwhile; NotUnique when index or rid are taken.
     */
    filed: (row: OfflineDeviceRow, before: OfflineDeviceRow | undefined, request: OfflineRequestRow): Statement[] => {
      const { tenantId: _, activationId: __, createdAt: ___, ...columns } = row;
      const file = before
        ? db
            .update(offlineDevices)
            .set(columns)
            .where(and(mine(row.activationId), eq(offlineDevices.seq, before.seq)))
        : db.insert(offlineDevices).values(row);
      return [bound(d1, file), guard(d1), bound(d1, db.insert(offlineRequests).values(request))];
    },

    /** Statements that go before a receipt's: they abort the batch when a newer file was made meanwhile, and keep the receipt's id. */
    receipted: ({ activationId, seq }: OfflineDeviceRow, receipt: OfflineRequestRow): Statement[] => [
      bound(
        d1,
        db
          .update(offlineDevices)
          .set({ updatedAt: now })
          .where(and(mine(activationId), eq(offlineDevices.seq, seq))),
      ),
      guard(d1),
      bound(d1, db.insert(offlineRequests).values(receipt)),
    ],

    /** As `licenseAsRead` below. */
    licenseAsRead: (license: { id: string; version: number }, begun: boolean) => licenseAsRead(asking, license, begun),
  };
}

/** Aborts the batch when a license changed since it was read; `begun` = the batch itself began its period before. */
function licenseAsRead({ d1, tenantId }: Asking, { id, version }: { id: string; version: number }, begun: boolean): Statement {
  return d1
    .prepare(
      `select case when exists (select 1 from licenses where tenant_id = ?1 and id = ?2 and version = ?3)
       then 1 else json('guard:the license changed') end`,
    )
    .bind(tenantId, id, version + (begun ? 1 : 0));
}
