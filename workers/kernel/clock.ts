/** Real time: for leases, signatures, tokens and rate windows. Business time comes of this and the tenant's clock; nothing else reads a clock. */
export const realNow = (): Date => new Date();

/** How a tenant's time stands to real time. */
export type TenantClock = { clockOffsetMs: number; clockFrozenAt: Date | null };

/** A tenant's business time: real time and its offset, or where its test clock holds it. */
export const businessNow = (real: Date, { clockOffsetMs, clockFrozenAt }: TenantClock): Date =>
  clockFrozenAt ?? new Date(real.getTime() + clockOffsetMs);
