/** A delivery waits or is tried; arrived; used up its attempts; or ended with its endpoint. */
export const DELIVERY_STATES = ["pending", "succeeded", "exhausted", "canceled"] as const;

export type DeliveryState = (typeof DELIVERY_STATES)[number];

/** Why an endpoint is sent nothing. `gone`: it answered 410; `failing`: nothing arrived for days; `paused`: somebody asked for it. */
export const DISABLED_REASONS = ["gone", "failing", "paused"] as const;

export type DisabledReason = (typeof DISABLED_REASONS)[number];

/** Who made an endpoint: a caller of the API, or an automation tool that subscribed (REST hooks), whose endpoint ends with a 410. */
export const ENDPOINT_ORIGINS = ["api", "rest_hook"] as const;

export type EndpointOrigin = (typeof ENDPOINT_ORIGINS)[number];

/** What a fifo endpoint does when a delivery has used up its attempts: nothing overtakes it, or the next one follows. */
export const ON_EXHAUSTED = ["block", "skip"] as const;

export type OnExhausted = (typeof ON_EXHAUSTED)[number];

/** How sending to an endpoint goes, as a tenant reads it. */
export const SENDING_STATES = ["healthy", "failing", "recovering", "catching_up", "disabled"] as const;

export type SendingState = (typeof SENDING_STATES)[number];
