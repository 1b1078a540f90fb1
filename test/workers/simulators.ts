import type { TestProject } from "vitest/node";
import { startPaypal } from "../../simulators/paypal/server.ts";
import { startStripe } from "../../simulators/stripe/server.ts";

declare module "vitest" {
  export interface ProvidedContext {
    /** Stripe as it mostly is, and one of which tests may switch the faults: they meet everybody who calls it. */
    stripe: { calm: string; faulty: string };
    /** PayPal likewise. */
    paypal: { calm: string; faulty: string };
    /** Who is told what happened in a test file, while `npm run record:events` listens. */
    recorder: string | null;
  }
}

/** Starts what the edge calls in tests, outside of workerd, and tells the tests where it is. */
export default async function start(project: TestProject): Promise<() => Promise<void>> {
  const [calm, faulty] = [await startStripe({ port: 0 }), await startStripe({ port: 0 })];
  const paypal = { calm: await startPaypal({ port: 0 }), faulty: await startPaypal({ port: 0 }) };
  project.provide("stripe", { calm: calm.url, faulty: faulty.url });
  project.provide("paypal", { calm: paypal.calm.url, faulty: paypal.faulty.url });
  project.provide("recorder", process.env["LATCHKEY_RECORD_EVENTS"] ?? null);
  return async () => {
    await Promise.all([calm, faulty, paypal.calm, paypal.faulty].map(({ close }) => close()));
  };
}
