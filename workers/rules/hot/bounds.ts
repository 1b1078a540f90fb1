/** The promise that the rest of these keep: whatever is changed is refused everywhere this long after the change was acknowledged. */
export const REFUSED_WITHIN_MS = 10_000;
/** From this age on, what is known of a shard's changes is asked for anew, in the background. */
export const ASK_AFTER_MS = 2_000;
/** What is known of a shard's changes is at most this old: from here on an answer waits until it was asked for anew. */
export const KNOWN_FOR_MS = 8_000;
/** How old the feed's own look into the database may be before it looks again. */
export const LOOK_EVERY_MS = 500;
/** A snapshot is compared with the database at this age, in the background … */
export const COMPARE_AFTER_MS = 45_000;
/** … and answers no longer without having been compared at this one. */
export const COMPARED_WITHIN_MS = 60_000;
/** How long a signed decision may be handed out again to the same question. */
export const REUSED_FOR_MS = 5_000;
/** How old what was used of a quota may be where it is only looked at: using it asks the meter. */
export const QUOTAS_KNOWN_FOR_MS = 10_000;
