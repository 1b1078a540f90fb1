import ipaddr from "ipaddr.js";

/** Whether a text is an IPv4 or IPv6 address or a CIDR range. */
export function isAddressRange(text: string): boolean {
  return rangeOf(text) !== undefined;
}

/** Whether an address lies in one of the ranges (CIDR or single addresses, v4 and v6; an IPv4 address written as v6 counts as v4). */
export function isWithin(address: string, ranges: readonly string[]): boolean {
  if (!ipaddr.isValid(address)) return false;
  const parsed = ipaddr.process(address);
  return ranges.some((text) => {
    const range = rangeOf(text);
    return range !== undefined && range[0].kind() === parsed.kind() && parsed.match(range);
  });
}

function rangeOf(text: string): [ipaddr.IPv4 | ipaddr.IPv6, number] | undefined {
  if (ipaddr.isValidCIDR(text)) return ipaddr.parseCIDR(text);
  if (!/^[0-9a-f.:]+$/i.test(text) || !ipaddr.isValid(text)) return undefined;
  const address = ipaddr.process(text);
  return [address, address.kind() === "ipv4" ? 32 : 128];
}

/** What a rate window counts by: an IPv4 address itself, of an IPv6 address the /64 that its owner holds. */
export function addressClass(address: string): string {
  if (!ipaddr.isValid(address)) return "unknown";
  const parsed = ipaddr.process(address);
  if (parsed.kind() === "ipv4") return parsed.toString();
  return `${parsed.toNormalizedString().split(":").slice(0, 4).join(":")}::/64`;
}
