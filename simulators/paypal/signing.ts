import { crc32 } from "node:zlib";
import { newId, stamp } from "./books.ts";
import { type Certificates, certificatePath, signed } from "./certificates.ts";

/** How a webhook can lie. */
export const FLAWS = [
  "signature",
  "webhook_id",
  "body",
  "algorithm",
  "cert_host",
  "cert_path",
  "cert_redirect",
  "cert_expired",
  "cert_stranger",
] as const;
export type Flaw = (typeof FLAWS)[number];

export type Transmission = { id: string; time: string };

export const newTransmission = (now: number): Transmission => ({ id: newId.transmission(), time: stamp(now) });

/** What PayPal signs: the CRC of the body stands as an unsigned decimal. */
export const signedText = ({ id, time }: Transmission, webhookId: string, body: string) =>
  `${id}|${time}|${webhookId}|${crc32(Buffer.from(body, "utf8"))}`;

/** The headers under which PayPal brings a body to a webhook; with a flaw, the headers of somebody who would like to be PayPal. */
export function headersOf(
  certificates: Certificates,
  origin: string,
  { body, webhookId, transmission, flaw }: { body: string; webhookId: string; transmission: Transmission; flaw?: Flaw },
): Record<string, string> {
  const text = signedText(
    transmission,
    flaw === "webhook_id" ? "1JE4291016473214C" : webhookId,
    flaw === "body" ? `${body} ` : body,
  );
  const signature = signed(text, certificates.good, flaw === "algorithm" ? "RSA-SHA1" : undefined);
  return {
    "paypal-transmission-id": transmission.id,
    "paypal-transmission-time": transmission.time,
    "paypal-transmission-sig": flaw === "signature" ? signed(`${text}0`, certificates.good) : signature,
    "paypal-cert-url": certificateUrl(origin, flaw),
    "paypal-auth-algo": flaw === "algorithm" ? "SHA1withRSA" : "SHA256withRSA",
    "correlation-id": newId.token(),
  };
}

function certificateUrl(origin: string, flaw: Flaw | undefined): string {
  switch (flaw) {
    case "cert_host":
      // the same machine under another name: what answers there is genuine, and still it is not PayPal's host
      return origin.replace("127.0.0.1", "localhost") + certificatePath("good");
    case "cert_path":
      return `${origin}/_certs/CERT-good`;
    case "cert_redirect":
      return origin + certificatePath("moved");
    case "cert_expired":
      return origin + certificatePath("expired");
    case "cert_stranger":
      return origin + certificatePath("stranger");
    default:
      return origin + certificatePath("good");
  }
}
