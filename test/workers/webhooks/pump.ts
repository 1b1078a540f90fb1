import { env } from "cloudflare:workers";
import type { Delivery } from "../../../worker-host/edge/routes.ts";
import { asHost } from "../events/host.ts";
import type { World } from "../world.ts";

type Outcome = Record<string, unknown>;
export type Result = { tenant_id: string; delivery_id: string; attempt: number; outcome: Outcome };

/** One claim of the pump, waiting for nothing unless told to. */
export async function claim(
  ask: {
    results?: Result[];
    limit?: number;
    wait_ms?: number;
    in_order?: { tenant_id: string; endpoint_id: string };
    takes_over?: string;
  } = {},
): Promise<{ deliveries: Delivery[]; next_at: string | null; claimed_at: string }> {
  const answer = await asHost("/internal/deliveries/claim", { shard: "00", results: [], limit: 200, wait_ms: 0, ...ask });
  if (answer.status !== 200) throw new Error(answer.text);
  return answer.body as { deliveries: Delivery[]; next_at: string | null; claimed_at: string };
}

export const answered = (status: number, more: Outcome = {}): Outcome => ({
  kind: "answered",
  status,
  retry_after_s: null,
  body: "",
  duration_ms: 12,
  ...more,
});
export const failed = (error = "timeout"): Outcome => ({
  kind: "failed",
  error,
  detail: "no answer within 15 s",
  duration_ms: 15_000,
});

export const result = ({ tenant_id, delivery_id, attempt }: Delivery, outcome: Outcome): Result => ({
  tenant_id,
  delivery_id,
  attempt,
  outcome,
});

/** Takes every delivery that other tests left behind out of the queue. */
export const emptyQueue = () =>
  env.DB_00.prepare("update deliveries set state = 'succeeded', ended_at = 1, lease_until = null where state = 'pending'").run();

export const leasesRunOut = () => env.DB_00.prepare("update deliveries set lease_until = 1 where lease_until is not null").run();

/** Lets the waiting time before the next attempt pass. */
export const allIsDue = () => env.DB_00.prepare("update deliveries set next_at = 1 where state = 'pending'").run();

let made = 0;

/** An endpoint of a world that hears of products; with its secret. */
export async function endpoint(
  w: World,
  body: Record<string, unknown> = {},
  key = w.keys.secret,
): Promise<{ id: string; secret: string } & Record<string, unknown>> {
  const answer = await w.post(
    "/v1/webhook_endpoints",
    { url: `https://hooks.example.com/${made++}`, events: ["product.*"], ...body },
    { key },
  );
  if (answer.status !== 201) throw new Error(answer.text);
  return answer.body as { id: string; secret: string };
}

/** Something that is told to endpoints of the world. */
export async function product(w: World, key = w.keys.secret): Promise<string> {
  const answer = await w.post("/v1/products", { name: "P", code: `p-${made++}` }, { key });
  if (answer.status !== 201) throw new Error(answer.text);
  return answer.body["id"];
}

/** A pump that found nothing and waits: given the time to have looked, so that only a ring can wake it. */
export async function asleep(): Promise<{ answer: ReturnType<typeof claim> }> {
  const answer = claim({ wait_ms: 20_000 });
  await new Promise((resolve) => setTimeout(resolve, 500));
  return { answer };
}
