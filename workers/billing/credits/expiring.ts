import { expiredCredits, type CreditRow } from "#db/billing/credits";
import { openTenant, type Asked, type OpenedTenant } from "#kernel/asking";
import { presentCredit } from "#kernel/billing/payment";
import { changeFact } from "#kernel/facts";
import { databaseOf } from "#kernel/shards";
import { entriesOf } from "#rules/billing/ledger";

/** Credits that one sweep ends. What is left waits for the next one, and is spendable by nobody meanwhile. */
const AT_ONCE = 100;

const TOLD = [200, {}] as const;

/** Ends credits of a shard whose time is over: what was left of them is earned, and told. Answers how many it was. */
export async function expireCredits(c: Asked, shard: string): Promise<number> {
  const d1 = databaseOf(c.env, shard);
  if (!d1) return 0;
  let ended = 0;
  for (const credit of await expiredCredits(d1, c.var.realNow, AT_ONCE)) {
    const opened = await openTenant(c, credit.tenantId, { type: "system", id: null, ip: null });
    if (opened && (await expire(opened, credit))) ended++;
  }
  return ended;
}

/** False where it was spent in the same moment: then nothing is written. */
async function expire({ repo, now }: OpenedTenant, credit: CreditRow): Promise<boolean> {
  const row: CreditRow = { ...credit, remaining: 0, expiredAt: now, updatedAt: now };
  const { id: creditId, customerId, currency, remaining: amount } = credit;
  const entries = [
    entriesOf({ kind: "credit_expired", creditId, customerId, currency, amount, expiredOn: now.toISOString().slice(0, 10) }),
  ];
  const facts = [changeFact("credit.expired", presentCredit(credit), presentCredit(row))];
  return (await repo.books.write({ update: { credits: [row] }, entries }, { facts, answer: TOLD })) !== undefined;
}
