import type { WebhookEndpointRow } from "#db/webhooks/endpoints";
import type { TenantEnv } from "#kernel/endpoint";
import { changeFact } from "#kernel/facts";
import { presentEndpoint } from "./presenters.ts";

/** Has a disabled endpoint sent to again, and answers it as it is then; undefined when somebody else changed it meanwhile. */
export async function enabledEndpoint({ repo, now }: Pick<TenantEnv["Variables"], "repo" | "now">, before: WebhookEndpointRow) {
  const row = { ...before, disabledAt: null, disabledReason: null, updatedAt: now };
  const after = presentEndpoint(row);
  const told = {
    facts: [changeFact("webhook_endpoint.enabled", presentEndpoint(before), after)],
    answer: [200, after] as const,
  };
  return (await repo.webhookEndpoints.enable(row, told)) && after;
}
