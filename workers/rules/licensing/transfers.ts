/** How a transfer of a license stands. `expired` is one that nobody accepted in time. */
export const TRANSFER_STATUSES = ["pending", "accepted", "declined", "canceled", "expired"] as const;
export type TransferStatus = (typeof TRANSFER_STATUSES)[number];

/** How long a transfer may be accepted where nothing else is said. */
export const TRANSFER_OPEN_FOR = "P14D";

/** The most devices that one transfer takes a license from: each of them is told of, in one write. */
export const MOST_RELEASED = 200;

/** The status at `now`: one that waits is void from its end on, whether or not that was written down. */
export function transferStatusOf(
  { status, expiresAt }: { status: TransferStatus; expiresAt: Date | null },
  now: Date,
): TransferStatus {
  return status === "pending" && expiresAt !== null && expiresAt <= now ? "expired" : status;
}

/** Whether a license may be given to one more customer or user: `max` null = as often as wanted. */
export function mayTransferAgain(count: number, max: number | null): boolean {
  return max === null || count < max;
}
