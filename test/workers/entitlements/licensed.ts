import { meterStub } from "./meter-of.ts";
import { shop, type Shop } from "../licensing/shop.ts";

type Fields = Record<string, unknown>;

/** A license with a quota of ten exports, or what `right` says, and short ways to use it. */
export async function licensed(right: Fields = {}, s?: Shop, terms: Fields = {}) {
  const w = s ?? (await shop());
  const license = await w.license({ entitlements: [{ feature: "export", limit_value: 10, ...right }], ...terms });
  const key = license["license_key"];
  const consume = (units: number, options: { idempotencyKey?: string; key?: string } = {}, feature = "export") =>
    w.post("/v1/entitlements/consume", { license_key: key, items: [{ feature, units }] }, options);
  const meter = meterStub(w.tenant.id, license["id"]);
  return { ...w, licensed: license, key, consume, meter };
}
