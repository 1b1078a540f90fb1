/** What a browser's program may read of an answer. */
export const EXPOSED_HEADERS = "x-request-id, idempotency-replayed, retry-after, ratelimit, ratelimit-policy, server-timing";
