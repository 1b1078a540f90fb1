import { env } from "cloudflare:workers";
import type { MeterCalls } from "#kernel/meter";
import type { Meter } from "../../../workers/entitlements/meter.object.ts";

/** The meter of a license itself, for those who look into it or end it. */
export const meterStub = (tenantId: string, licenseId: string) =>
  env.METER.get(env.METER.idFromName(`${tenantId}/${licenseId}`)) as MeterCalls & DurableObjectStub<Meter>;
