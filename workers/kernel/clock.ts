/** Real time: for leases, signatures, tokens and rate windows. Business time is this plus the sandbox's offset; nothing else reads a clock. */
export const realNow = (): Date => new Date();

export const businessNow = (real: Date, clockOffsetMs: number): Date => new Date(real.getTime() + clockOffsetMs);
