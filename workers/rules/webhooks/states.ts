/** A delivery waits or is tried; arrived; used up its attempts; or ended with its endpoint. */
export const DELIVERY_STATES = ["pending", "succeeded", "exhausted", "canceled"] as const;

export type DeliveryState = (typeof DELIVERY_STATES)[number];

/** Why an endpoint is sent nothing. `gone`: it answered 410. */
export const DISABLED_REASONS = ["gone"] as const;

export type DisabledReason = (typeof DISABLED_REASONS)[number];
