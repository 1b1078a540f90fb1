import { z, Ref } from "#kernel/wire";
import type { Result } from "./recording.ts";

/** How long a delivery is left to whoever claimed it: longer than an attempt and its recording take. */
export const LEASE_MS = 60_000;

const duration_ms = z.int().min(0);

/** How an attempt went, as the worker host tells. */
export const Told = z.strictObject({
  tenant_id: Ref,
  delivery_id: Ref,
  attempt: z.int().min(1),
  outcome: z.discriminatedUnion("kind", [
    z.strictObject({
      kind: z.literal("answered"),
      status: z.int().min(100).max(999),
      retry_after_s: z.number().min(0).nullable(),
      body: z.string().max(65_536),
      duration_ms,
    }),
    z.strictObject({ kind: z.literal("failed"), error: z.string().min(1).max(50), detail: z.string().max(1_000), duration_ms }),
  ]),
});

/** A delivery as the worker host sends it. */
export const Delivery = z.object({
  tenant_id: z.string(),
  delivery_id: z.string(),
  endpoint_id: z.string(),
  in_order: z.boolean(),
  event_id: z.string(),
  attempt: z.int(),
  url: z.string(),
  headers: z.record(z.string(), z.string()),
  body: z.string(),
});

/** The same out of what was told. */
export function resultOf({ tenant_id, delivery_id, attempt, outcome }: z.infer<typeof Told>): Result {
  const about = { tenantId: tenant_id, id: delivery_id, attempt };
  if (outcome.kind === "failed") {
    const { error, detail, duration_ms } = outcome;
    return { ...about, outcome: { kind: "failed", error, detail, durationMs: duration_ms } };
  }
  const { status, retry_after_s, body, duration_ms } = outcome;
  return { ...about, outcome: { kind: "answered", status, retryAfterS: retry_after_s, body, durationMs: duration_ms } };
}
