import type { Caller } from "./call.ts";
import type { PaypalWebhook } from "./wire.ts";
import type { SignatureHeaders } from "./signature-headers.ts";

/** Webhooks of the tenant's app, and PayPal's own word on whether one is genuine. */
export function webhooksOf(call: Caller) {
  const at = "/v1/notifications/webhooks";
  return {
    webhooks: {
      create: (url: string, types: readonly string[]) =>
        call<PaypalWebhook>("POST", at, { body: { url, event_types: types.map((name) => ({ name })) } }),
      list: async () => (await call<{ webhooks?: PaypalWebhook[] }>("GET", at)).webhooks ?? [],
      delete: (id: string) => call<unknown>("DELETE", `${at}/${encodeURIComponent(id)}`),
      /** Asks PayPal. The event goes out byte for byte as it came: read and written anew it might not fit its signature any more. */
      verify: async (headers: SignatureHeaders, webhookId: string, body: string) => {
        if (!isObject(body)) return false;
        const about = JSON.stringify({
          auth_algo: headers.algorithm,
          cert_url: headers.certUrl,
          transmission_id: headers.id,
          transmission_sig: headers.signature,
          transmission_time: headers.time,
          webhook_id: webhookId,
        });
        const text = `${about.slice(0, -1)},"webhook_event":${body}}`;
        const told = await call<{ verification_status?: string }>("POST", "/v1/notifications/verify-webhook-signature", { text });
        return told.verification_status === "SUCCESS";
      },
    },
  };
}

/** What is no object would not stay inside the request that it is put into. */
function isObject(body: string): boolean {
  try {
    const value: unknown = JSON.parse(body);
    return typeof value === "object" && value !== null && !Array.isArray(value);
  } catch {
    return false;
  }
}
