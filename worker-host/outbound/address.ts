import ipaddr from "ipaddr.js";

/** Where on the internet an address lies, as far as sending to it goes. */
export type Reach = "public" | "loopback" | "not_public";

/** All global unicast IPv6 lies here; what lies outside is reserved or embeds an IPv4 address (`::127.0.0.1`). */
const GLOBAL_UNICAST = ipaddr.IPv6.parseCIDR("2000::/3");

/** Judges a literal address as `dns.lookup` or `URL` write it (IPv6 without brackets). Anything that is no address is not public. */
export function reachOf(address: string): Reach {
  if (!ipaddr.isValid(address) || address.includes("%")) return "not_public";
  const parsed = ipaddr.parse(address);
  const range = parsed.range();
  if (range === "loopback") return "loopback";
  if (range !== "unicast") return "not_public";
  return parsed instanceof ipaddr.IPv6 && !parsed.match(GLOBAL_UNICAST) ? "not_public" : "public";
}

/** Whether two spellings mean the same address. */
export function isSameAddress(a: string | undefined, b: string): boolean {
  if (a === undefined || !ipaddr.isValid(a) || !ipaddr.isValid(b)) return false;
  return ipaddr.parse(a).toNormalizedString() === ipaddr.parse(b).toNormalizedString();
}
