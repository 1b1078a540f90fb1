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

/** An address as 32 lower-case hex digits that compare as addresses do; IPv4 as v4-mapped IPv6. Null for what is no address. */
export function addressKey(address: string): string | null {
  if (!/^[0-9a-f.:]+$/i.test(address) || !ipaddr.isValid(address)) return null;
  return hexOf(bytesOf(ipaddr.process(address)));
}

/** The first and the last address of a range, as `addressKey` writes them. Null for what is no range. */
export function rangeKeys(cidr: string): { from: string; to: string } | null {
  const range = rangeOf(cidr);
  if (!range) return null;
  const [address, bits] = range;
  const bytes = bytesOf(address);
  const prefix = address.kind() === "ipv4" ? 96 + bits : bits;
  const bounded = (fill: 0 | 255) =>
    bytes.map((byte, index) => {
      const kept = Math.min(8, Math.max(0, prefix - index * 8));
      const mask = (0xff00 >> kept) & 0xff;
      return (byte & mask) | (fill & ~mask & 0xff);
    });
  return { from: hexOf(bounded(0)), to: hexOf(bounded(255)) };
}

const bytesOf = (address: ipaddr.IPv4 | ipaddr.IPv6): number[] =>
  (address.kind() === "ipv4" ? (address as ipaddr.IPv4).toIPv4MappedAddress() : (address as ipaddr.IPv6)).toByteArray();

const hexOf = (bytes: readonly number[]) => bytes.map((byte) => byte.toString(16).padStart(2, "0")).join("");
