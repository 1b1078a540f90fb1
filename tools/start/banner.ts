import type { Dev } from "./dev-json.ts";
import { type Home, shown } from "./home.ts";

/** What is printed when everything is up: where it is, and a request to try. */
export function banner(dev: Dev, home: Home, readyInMs: number): string {
  const row = (what: string, where: string) => `  ${what.padEnd(18)} ${where}`;
  return [
    "",
    `Latchkey is ready (${(readyInMs / 1000).toFixed(1)} s).`,
    "",
    row("API", dev.edge_url),
    row("API reference", `${dev.edge_url}/docs`),
    row("Temporal UI", dev.temporal_ui_url ?? `none of ours; the server is ${dev.temporal_address}`),
    row("Stripe simulator", dev.simulators.stripe.url),
    row("PayPal simulator", dev.simulators.paypal.url),
    row("Webhook receiver", dev.simulators.webhook_receiver.log_url),
    row("Mail outbox", dev.simulators.mail.outbox_url),
    row("Keys and ids", shown(home.devJson)),
    row("Logs", shown(home.logs)),
    "",
    ...tryIt(dev),
    "",
    "Ctrl-C stops everything; the data stays.",
  ].join("\n");
}

function tryIt(dev: Dev): string[] {
  const { license_key, fingerprint } = dev.demo;
  if (license_key === null || fingerprint === null) {
    return [
      "List the tenant's events:",
      "",
      `  curl -s '${dev.edge_url}/v1/events' -H 'Authorization: Bearer ${dev.tenant.secret_key}'`,
    ];
  }
  return [
    "Ask whether the demo's license may run:",
    "",
    `  curl -s ${dev.edge_url}/v1/licenses/validate \\`,
    `    -H 'Authorization: Bearer ${dev.tenant.publishable_key}' \\`,
    "    -H 'Content-Type: application/json' \\",
    `    -d '${JSON.stringify({ license_key, fingerprint })}'`,
  ];
}
