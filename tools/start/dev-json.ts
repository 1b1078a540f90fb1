import type { Addresses } from "./installation.ts";
import type { PaypalDemo } from "./paypal-demo.ts";
import { type SeededDemo, stripeKeys } from "./seed.ts";
import type { PlayedDemo, SeededTenant } from "./seed-state.ts";
import { writeSecretly } from "./vars.ts";

/** What a running installation tells to a person or a program: `dev.json` in its home. Holds secrets. */
export type Dev = {
  edge_url: string;
  temporal_address: string;
  temporal_ui_url: string | null;
  operator_key: string;
  tenant: SeededTenant;
  sandbox: SeededTenant;
  /** In the live tenant. The fields of `PlayedDemo` are null where the main job was not played. */
  demo: Pick<SeededDemo, "product_id" | "template_id" | "customer_id" | "webhook_endpoint"> & {
    [Field in keyof PlayedDemo]: string | null;
  };
  simulators: {
    stripe: { url: string; secret_key: string; test_secret_key: string; control_url: string };
    paypal: PaypalDemo;
    webhook_receiver: { url: string; log_url: string };
    mail: { smtp_url: string; outbox_url: string; log_url: string; control_url: string };
  };
};

/** Puts together what is known of an installation. */
export function devOf(
  at: Addresses,
  operatorKey: string,
  seeded: SeededDemo,
  paypal: PaypalDemo,
  played: PlayedDemo | undefined,
): Dev {
  const { live, test, ...demo } = seeded;
  const unplayed = {
    order_id: null,
    license_id: null,
    license_key: null,
    fingerprint: null,
    activation_id: null,
    activation_token: null,
  };
  return {
    edge_url: at.edge,
    temporal_address: at.temporal.address,
    temporal_ui_url: at.temporal.uiUrl,
    operator_key: operatorKey,
    tenant: live,
    sandbox: test,
    demo: { ...demo, ...(played ?? unplayed) },
    simulators: {
      stripe: {
        url: at.stripe,
        secret_key: stripeKeys.live,
        test_secret_key: stripeKeys.test,
        control_url: `${at.stripe}/_control`,
      },
      paypal,
      webhook_receiver: { url: at.receiver, log_url: `${at.receiver}/_log` },
      mail: {
        smtp_url: at.mail.smtp,
        outbox_url: at.mail.outbox,
        log_url: `${at.mail.outbox}/_log`,
        control_url: `${at.mail.outbox}/_control`,
      },
    },
  };
}

/** Writes `dev.json`; only its owner may read it. */
export const writeDev = (file: string, dev: Dev): Promise<void> => writeSecretly(file, `${JSON.stringify(dev, null, 2)}\n`);
