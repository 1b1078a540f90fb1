/** How many headers of its own an endpoint may be sent, and how long each may be. */
export const HEADERS_MAX = 10;
export const HEADER_NAME_MAX = 64;
export const HEADER_VALUE_MAX = 512;

/** What a field name of HTTP is made of (RFC 9110, token), beginning with a letter or digit. */
const NAME = /^[a-z0-9][a-z0-9!#$%&'*+.^_`|~-]*$/;
/** What every server reads as it was written: visible ASCII, with blanks inside. */
const VALUE = /^[!-~](?:[ -~]*[!-~])?$/;

/** What a message is framed, routed or told apart by, or what we say ourselves: nobody else says it in our name. */
const RESERVED: ReadonlySet<string> = new Set([
  "host",
  "transfer-encoding",
  "connection",
  "keep-alive",
  "upgrade",
  "te",
  "trailer",
  "expect",
  "user-agent",
  "cookie",
  "forwarded",
  "via",
]);
const RESERVED_BEGINNINGS = ["content-", "proxy-", "webhook-", "latchkey-", "x-forwarded-"] as const;

/** What is wrong with headers that an endpoint is to be sent, each by the name as it was written. */
export function headerFaults(headers: Readonly<Record<string, string>>): { name: string; detail: string }[] {
  const seen = new Set<string>();
  return Object.entries(headers).flatMap(([name, value]) => {
    const lower = name.toLowerCase();
    const isTwice = seen.has(lower);
    seen.add(lower);
    const detail = isTwice ? "is named twice" : whyNotHeader(lower, value);
    return detail === null ? [] : [{ name, detail }];
  });
}

function whyNotHeader(name: string, value: string): string | null {
  if (name.length > HEADER_NAME_MAX || !NAME.test(name)) {
    return `is no name of an HTTP header of at most ${HEADER_NAME_MAX} characters`;
  }
  if (RESERVED.has(name) || RESERVED_BEGINNINGS.some((beginning) => name.startsWith(beginning))) return "is ours to say";
  if (value.length > HEADER_VALUE_MAX || !VALUE.test(value)) {
    return `must be 1 to ${HEADER_VALUE_MAX} visible ASCII characters, with blanks inside alone`;
  }
  return null;
}
