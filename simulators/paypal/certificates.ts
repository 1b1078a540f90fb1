import {
  X509Certificate,
  createPrivateKey,
  createSign,
  generateKeyPair,
  type KeyObject,
  randomBytes,
  sign as signBytes,
} from "node:crypto";
import { promisify } from "node:util";
import * as asn1 from "asn1js";
import { type Books, type KeptCertificate, randomText } from "./books.ts";

/** What may be wrong with a certificate that the simulator shows. */
export type CertificateName = "good" | "expired" | "stranger";

/** The certificates of a simulator by name, with the keys to them. */
export type Certificates = Readonly<Record<CertificateName, KeptCertificate>>;

const DAY_MS = 86_400_000;
const NAMES: readonly CertificateName[] = ["good", "expired", "stranger"];
const SHA256_WITH_RSA = "1.2.840.113549.1.1.11";

/** Made once for everything in this process that keeps no state: a key takes a tenth of a second. */
let ofThisProcess: Promise<Certificates> | undefined;

/** The certificates in the books, made at the first start. They stay the same after that: a receiver may have kept the root. */
export async function certificatesOf(books: Books, kept: boolean): Promise<Certificates> {
  const [good, expired, stranger] = NAMES.map((name) => books.get("certificates", name));
  if (good && expired && stranger) return { good, expired, stranger };
  const made = await (kept ? makeCertificates() : (ofThisProcess ??= makeCertificates()));
  for (const name of NAMES) books.put("certificates", name, made[name]);
  return made;
}

/** Signs what a webhook's signature is over, in base64. */
export function signed(text: string, { privateKey }: KeptCertificate, algorithm = "RSA-SHA256"): string {
  return createSign(algorithm).update(text, "utf8").sign(createPrivateKey(privateKey), "base64");
}

type Authority = { name: string; keys: Keys };
type Keys = { publicKey: KeyObject; privateKey: KeyObject };

async function makeCertificates(): Promise<Certificates> {
  const [rootKeys, middleKeys, leafKeys, strangeKeys] = await Promise.all([newKeys(), newKeys(), newKeys(), newKeys()]);
  const root = { name: "Simulated Root", keys: rootKeys };
  const middle = { name: "Simulated Intermediate", keys: middleKeys };
  // it calls itself as the true one does: a name proves nothing
  const strange = { name: "Simulated Root", keys: strangeKeys };
  const now = Date.now();
  const years = { from: now - 2 * DAY_MS, until: now + 3650 * DAY_MS };
  const rootPem = certificate(root.name, rootKeys.publicKey, root, years, true);
  const middlePem = certificate(middle.name, middleKeys.publicKey, root, years, true);
  const leaf = (by: Authority, when: Validity) => certificate(LEAF, leafKeys.publicKey, by, when, false);

  const privateKey = pemOf(leafKeys.privateKey);
  const past = { from: now - 20 * DAY_MS, until: now - DAY_MS };
  return {
    good: { privateKey, root: rootPem, chain: leaf(middle, years) + middlePem },
    expired: { privateKey, root: rootPem, chain: leaf(middle, past) + middlePem },
    stranger: { privateKey, root: rootPem, chain: leaf(strange, years) },
  };
}

/** The name on PayPal's own certificate for webhooks. */
const LEAF = "messageverificationcerts.paypal.com";

type Validity = { from: number; until: number };

/** An X.509 certificate, version 3, as PEM. */
function certificate(
  subject: string,
  publicKey: KeyObject,
  by: Authority,
  { from, until }: Validity,
  isAuthority: boolean,
): string {
  const algorithm = () => sequence(new asn1.ObjectIdentifier({ value: SHA256_WITH_RSA }), new asn1.Null());
  const body = sequence(
    new asn1.Constructed({ idBlock: { tagClass: 3, tagNumber: 0 }, value: [new asn1.Integer({ value: 2 })] }),
    new asn1.Integer({ valueHex: buffer(positive(randomBytes(16))) }),
    algorithm(),
    nameOf(by.name),
    sequence(new asn1.UTCTime({ valueDate: new Date(from) }), new asn1.UTCTime({ valueDate: new Date(until) })),
    nameOf(subject),
    read(publicKey.export({ type: "spki", format: "der" })),
    new asn1.Constructed({ idBlock: { tagClass: 3, tagNumber: 3 }, value: [sequence(...extensions(subject, isAuthority))] }),
  );
  const bytes = Buffer.from(body.toBER());
  const signature = signBytes("sha256", bytes, by.keys.privateKey);
  const whole = sequence(read(bytes), algorithm(), new asn1.BitString({ valueHex: buffer(signature) }));
  return new X509Certificate(Buffer.from(whole.toBER())).toString();
}

function extensions(subject: string, isAuthority: boolean): asn1.Sequence[] {
  const constraints = isAuthority ? [new asn1.Boolean({ value: true })] : [];
  // bits: digitalSignature (0), keyCertSign (5) and cRLSign (6)
  const usage = isAuthority ? new Uint8Array([0x06]) : new Uint8Array([0x80]);
  const all = [
    extension("2.5.29.19", sequence(...constraints), true),
    extension("2.5.29.15", new asn1.BitString({ valueHex: buffer(usage), unusedBits: isAuthority ? 1 : 7 }), true),
  ];
  if (isAuthority) return all;
  const name = new asn1.Primitive({ idBlock: { tagClass: 3, tagNumber: 2 }, valueHex: buffer(Buffer.from(subject, "ascii")) });
  return [...all, extension("2.5.29.17", sequence(name), false)];
}

function extension(id: string, value: asn1.BaseBlock, critical: boolean): asn1.Sequence {
  return sequence(
    new asn1.ObjectIdentifier({ value: id }),
    ...(critical ? [new asn1.Boolean({ value: true })] : []),
    new asn1.OctetString({ valueHex: value.toBER() }),
  );
}

const nameOf = (commonName: string) =>
  sequence(
    new asn1.Set({
      value: [sequence(new asn1.ObjectIdentifier({ value: "2.5.4.3" }), new asn1.Utf8String({ value: commonName }))],
    }),
  );

const sequence = (...value: asn1.BaseBlock[]) => new asn1.Sequence({ value });
const read = (der: Buffer): asn1.BaseBlock => asn1.fromBER(buffer(der)).result;
const buffer = (bytes: Uint8Array): ArrayBuffer => new Uint8Array(bytes).buffer;
const pemOf = (key: KeyObject) => String(key.export({ type: "pkcs8", format: "pem" }));

/** A serial number is above zero and has no needless zero in front. */
function positive(bytes: Buffer): Buffer {
  bytes[0] = ((bytes[0] ?? 0) & 0x3f) | 0x40;
  return bytes;
}

const newKeys = async (): Promise<Keys> => promisify(generateKeyPair)("rsa", { modulusLength: 2048 });

/** The last step of a certificate's address, as PayPal forms it. */
export const certificatePath = (name: string) => `/v1/notifications/certs/CERT-${name}`;

/** A certificate that nobody has. */
export const unknownCertificate = () => certificatePath(randomText(8).toLowerCase());
