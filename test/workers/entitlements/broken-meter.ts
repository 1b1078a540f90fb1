import { runInDurableObject } from "cloudflare:test";
import { vi } from "vitest";
import type { Meter } from "../../../workers/entitlements/meter.object.ts";

/** Runs something while meters fail, or count and do not say so until it is over. */
export async function withMeter(
  meter: DurableObjectStub<Meter>,
  how: "fails" | "answers late",
  run: () => Promise<void>,
): Promise<void> {
  const kind = await runInDurableObject(meter, (instance) => Object.getPrototypeOf(instance) as Meter);
  const over = Promise.withResolvers<void>();
  // oxlint-disable-next-line typescript/unbound-method -- called with its own object below
  const { consume } = kind;
  const spies = [
    vi.spyOn(kind, "consume").mockImplementation(async function (this: Meter, asked) {
      if (how === "fails") throw new Error("The meter is broken");
      const answer = await consume.call(this, asked);
      await over.promise;
      return answer;
    }),
    vi.spyOn(kind, "usage").mockRejectedValue(new Error("The meter is broken")),
  ];
  try {
    await run();
  } finally {
    for (const spy of spies) spy.mockRestore();
    over.resolve();
  }
}
