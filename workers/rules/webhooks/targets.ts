import ipaddr from "ipaddr.js";

/** Why a URL cannot be a webhook's target, as an API tells it of a field. */
export type TargetFault = { code: string; detail: string };

/** All global unicast IPv6 lies here; what lies outside is reserved or embeds an IPv4 address (`::127.0.0.1`). */
const GLOBAL_UNICAST = ipaddr.IPv6.parseCIDR("2000::/3");

/**
 * Why a URL that a user gave is refused before anything is sent to it: https on the default port, no user name, and a literal address must
 * be public unicast. With `allowLoopback` this machine itself may be named too, by http or https on any port. What a name resolves to
 * is judged by the sender, each time. Null when nothing speaks against it.
 */
export function whyNotTarget(text: string, { allowLoopback }: { allowLoopback: boolean }): TargetFault | null {
  const url = /[\s\\]/.test(text) ? null : URL.parse(text);
  if (!url || (url.protocol !== "https:" && url.protocol !== "http:"))
    return { code: "not_a_url", detail: "must be an https URL" };
  if (url.username !== "" || url.password !== "") return { code: "credentials", detail: "must not hold a user name or password" };
  if (text.includes("#")) return { code: "fragment", detail: "must not hold a fragment (#…)" };

  const reach = reachOf(url.hostname);
  if (reach === "loopback" && allowLoopback) return null;
  if (url.protocol !== "https:") return { code: "not_https", detail: "must begin with https://" };
  if (url.port !== "") return { code: "port", detail: "must use the default port, 443" };
  if (reach !== "public") return { code: "not_public", detail: "must name a public host" };
  return null;
}

/** Where a host lies as far as its spelling tells. `URL` has already written every spelling of an IPv4 literal as four decimals. */
function reachOf(hostname: string): "public" | "loopback" | "not_public" {
  const host = hostname.replace(/^\[(.*)\]$/, "$1");
  if (!ipaddr.isValid(host)) return reachOfName(host.replace(/\.$/, ""));
  const address = ipaddr.parse(host);
  const range = address.range();
  if (range === "loopback") return "loopback";
  if (range !== "unicast") return "not_public";
  return address instanceof ipaddr.IPv6 && !address.match(GLOBAL_UNICAST) ? "not_public" : "public";
}

/** `localhost` and what lies under it is this machine (RFC 6761); a name without a dot is known in somebody's own network alone. */
function reachOfName(name: string): "public" | "loopback" | "not_public" {
  if (name === "localhost" || name.endsWith(".localhost")) return "loopback";
  return name.includes(".") ? "public" : "not_public";
}
