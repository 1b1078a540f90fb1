import { type Reach, reachOf } from "./reach.ts";
import type { Change } from "./knowledge.ts";

/** An event as far as it matters here. */
type Happened = {
  tenantId: string;
  position: number;
  type: string;
  subject: { type: string; id: string };
  licenseId: string | null;
  productId: string | null;
};

/** What an event makes untrue, and of what. Where it does not say of what, it may be anything. */
export function changeOf({ tenantId, position, type, subject, licenseId, productId }: Happened): Change {
  const reach = reachOf(type);
  const activationId = subject.type === "activation" ? subject.id : null;
  const named: Record<Reach, boolean> = {
    license: licenseId !== null,
    device: licenseId !== null && activationId !== null,
    product: productId !== null,
    keys: true,
    tenant: true,
    nothing: true,
  };
  return { tenantId, position, reach: named[reach] ? reach : "tenant", licenseId, activationId, productId };
}
