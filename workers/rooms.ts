import { billing } from "./billing/index.ts";
import { cache } from "./cache/index.ts";
import { catalog } from "./catalog/index.ts";
import { customers } from "./customers/index.ts";
import { entitlements } from "./entitlements/index.ts";
import { events } from "./events/index.ts";
import type { Endpoint } from "./kernel/endpoint.ts";
import { health } from "./health/index.ts";
import { licensing } from "./licensing/index.ts";
import { mail } from "./mail/index.ts";
import { pricing } from "./pricing/index.ts";
import { sales } from "./sales/index.ts";
import { stories } from "./stories/index.ts";
import { tenants } from "./tenants/index.ts";
import { webhooks } from "./webhooks/index.ts";

/** Every operation of the edge, one line per room. */
export const endpoints: readonly Endpoint[] = [
  ...health,
  ...cache,
  ...stories,
  ...tenants,
  ...catalog,
  ...customers,
  ...events,
  ...licensing,
  ...entitlements,
  ...pricing,
  ...sales,
  ...billing,
  ...webhooks,
  ...mail,
];
