import { addressKey } from "#rules/addresses";
import { sha256Url } from "../crypto.ts";
import { deviceDigests, keyDigests } from "../digests.ts";
import type { HotAsking } from "./door.ts";
import type { Source } from "./licenses.ts";
import { licenseKeptAs } from "./second-tier.ts";

/** What a question by a license key depends on. */
type Question = { license_key: string; fingerprint?: string; user?: string; version?: string };

/** What finds a license by its key and, where a device asks, by that device: equal parts, equal license. */
export const findsByKey = ({ license_key: key, fingerprint = "", user = "", version = "" }: Question) => [
  "key",
  key,
  fingerprint,
  user,
  version,
];

/** How such a license is read. Throws `rate_limited` for whoever guesses keys. */
export async function sourceByKey(
  { env, tenantId, ip, limits }: Pick<HotAsking, "env" | "tenantId" | "ip" | "limits">,
  question: Question,
): Promise<Source> {
  const { license_key: licenseKey, fingerprint, user, version } = question;
  limits.guess(licenseKey);
  const keyHashes = await keyDigests(env, tenantId, licenseKey);
  const devices = fingerprint === undefined ? [] : await deviceDigests(env, tenantId, fingerprint);
  const more = user === undefined && version === undefined ? "" : await sha256Url(JSON.stringify([user, version]));
  return {
    tier: licenseKeptAs(tenantId, { keyHash: keyHashes[0] ?? "", deviceHash: devices[0] ?? null, more }),
    version,
    byDevice: fingerprint !== undefined,
    way: more,
    user,
    row: (asked, at) => {
      const from = ip === null ? null : addressKey(ip);
      return asked.rowByKey({ keyHashes, devices }, { at, version, user, from });
    },
  };
}
