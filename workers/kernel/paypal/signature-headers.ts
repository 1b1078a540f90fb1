/** What PayPal says about a webhook beside its body. */
export type SignatureHeaders = { id: string; time: string; signature: string; certUrl: string; algorithm: string };

const MAX_LENGTH = 1000;

/** The headers of a signed webhook; undefined where one is missing or longer than any of PayPal's. */
export function signatureHeaders(headers: Headers): SignatureHeaders | undefined {
  const read = (name: string) => headers.get(`paypal-${name}`) ?? "";
  const found = {
    id: read("transmission-id"),
    time: read("transmission-time"),
    signature: read("transmission-sig"),
    certUrl: read("cert-url"),
    algorithm: read("auth-algo"),
  };
  return Object.values(found).every((text) => text !== "" && text.length <= MAX_LENGTH) ? found : undefined;
}
