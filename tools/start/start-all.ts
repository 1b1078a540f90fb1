import { type Dev, devOf, writeDev } from "./dev-json.ts";
import { playDemo } from "./demo.ts";
import { type Installation, type Plan, startInstallation } from "./installation.ts";
import { paypalDemoAt } from "./paypal-demo.ts";
import { seedDemo } from "./seed.ts";

/** An installation with its demo tenant, ready for use. */
export type Started = Installation & { dev: Dev };

/**
 * Starts every part, makes or completes the demo tenant, plays the main job unless that was done in this home before (or is
 * not wanted), and writes `dev.json`.
 * @throws {Advice} when any of it fails; nothing is left running then
 */
export async function startAll(plan: Plan & { demo: boolean }): Promise<Started> {
  const installation = await startInstallation(plan);
  const { addresses, seed } = installation;
  try {
    const seeded = await seedDemo(addresses, seed);
    const played = seed.state.demo ?? (plan.demo ? await playDemo(addresses, seeded, seed, plan.say) : undefined);
    const dev = devOf(addresses, seed.state.operator_key ?? "", seeded, await paypalDemoAt(addresses.paypal), played);
    await writeDev(plan.home.devJson, dev);
    return { ...installation, dev };
  } catch (error) {
    await installation.stop();
    throw error;
  }
}
