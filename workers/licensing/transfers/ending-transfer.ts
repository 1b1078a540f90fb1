import type { TransferRow } from "#db/licensing/transfers";
import type { Repo } from "#db/repo";
import { changing } from "#kernel/changing";
import { changeFact } from "#kernel/facts";
import { transferStatusOf } from "#rules/licensing/transfers";
import { presentTransfer } from "./presenters.ts";
import { licenseTransferNotFound, transferNotPending } from "./problems.ts";

/** A transfer that waits to be accepted. Throws `license_transfer_not_found` and `transfer_not_pending`. */
export async function waiting(repo: Repo, id: string, now: Date): Promise<TransferRow> {
  const transfer = await repo.transfers.byId(id);
  if (!transfer) throw licenseTransferNotFound({});
  const status = transferStatusOf(transfer, now);
  if (status !== "pending") throw transferNotPending({ status });
  return transfer;
}

/** Ends a transfer without carrying it out, and tells of it. Throws as `waiting` does. */
export function endTransfer({ repo, now }: { repo: Repo; now: Date }, id: string, status: "declined" | "canceled") {
  return changing(async () => {
    const before = await waiting(repo, id, now);
    const row = { ...before, status, endedAt: now, updatedAt: now };
    const after = presentTransfer(row, now);
    const facts = [changeFact(`license_transfer.${status}`, presentTransfer(before, now), after)];
    return (await repo.transfers.end(row, { facts, answer: [200, after] })) && after;
  });
}
