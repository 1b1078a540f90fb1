import { and, eq, isNull, lt } from "drizzle-orm";
import { dbOf } from "../db.ts";
import { INTENT_LEASE_MS } from "../commit.ts";
import { idempotencyKeys } from "./tables.ts";

export type KeptIntent = typeof idempotencyKeys.$inferSelect;

/** What is kept of an intent, if it was seen before. */
export async function intentByHash(d1: D1Database, owner: string, keyHash: string): Promise<KeptIntent | undefined> {
  return dbOf(d1)
    .select()
    .from(idempotencyKeys)
    .where(and(eq(idempotencyKeys.owner, owner), eq(idempotencyKeys.keyHash, keyHash)))
    .get();
}

/** Takes over an intent whose maker is silent: of several that try, one succeeds. */
export async function claimIntent(d1: D1Database, owner: string, keyHash: string, realNow: Date): Promise<boolean> {
  const taken = await dbOf(d1)
    .update(idempotencyKeys)
    .set({ leaseUntil: new Date(realNow.getTime() + INTENT_LEASE_MS) })
    .where(
      and(
        eq(idempotencyKeys.owner, owner),
        eq(idempotencyKeys.keyHash, keyHash),
        isNull(idempotencyKeys.answer),
        lt(idempotencyKeys.leaseUntil, realNow),
      ),
    )
    .returning({ owner: idempotencyKeys.owner });
  return taken.length === 1;
}

/** Lets the next try begin at once, after one that ended in a refusal. */
export async function releaseIntent(d1: D1Database, owner: string, keyHash: string): Promise<void> {
  await dbOf(d1)
    .update(idempotencyKeys)
    .set({ leaseUntil: new Date(0) })
    .where(and(eq(idempotencyKeys.owner, owner), eq(idempotencyKeys.keyHash, keyHash), isNull(idempotencyKeys.answer)));
}

/** Keeps the answer of a request that changed nothing (an action that was already done). False: another one was first. */
export async function keepAnswer(
  d1: D1Database,
  kept: { owner: string; keyHash: string; requestHash: string; status: number; answer: string; createdAt: Date },
): Promise<boolean> {
  const rows = await dbOf(d1)
    .insert(idempotencyKeys)
    .values(kept)
    .onConflictDoNothing()
    .returning({ owner: idempotencyKeys.owner });
  return rows.length === 1;
}
