import * as asn1 from "asn1js";

/** What is read of an X.509 certificate (RFC 5280) to follow a chain. Names are their DER: two are one where the bytes are. */
export type Certificate = {
  /** What the signature is over. */
  signed: Uint8Array;
  signature: Uint8Array;
  /** The hash of the signature's algorithm; null where it is none that we take. */
  hash: "SHA-256" | "SHA-384" | "SHA-512" | null;
  issuer: Uint8Array;
  subject: Uint8Array;
  notBefore: Date;
  notAfter: Date;
  /** DER of SubjectPublicKeyInfo. */
  publicKey: Uint8Array;
  isAuthority: boolean;
  /** How many authorities may stand between this one and the leaf. */
  pathLength: number | null;
  /** Whether its key may sign certificates. */
  maySign: boolean;
  /** DNS names, from the subject's alternative names alone. */
  names: string[];
  /** It holds an extension that has to be understood, and is not. */
  hasUnknownDemand: boolean;
};

/** RSA with PKCS #1 v1.5, which is what PayPal's chain is signed with. */
const HASHES: Readonly<Record<string, Certificate["hash"]>> = {
  "1.2.840.113549.1.1.11": "SHA-256",
  "1.2.840.113549.1.1.12": "SHA-384",
  "1.2.840.113549.1.1.13": "SHA-512",
};

const BASIC_CONSTRAINTS = "2.5.29.19";
const KEY_USAGE = "2.5.29.15";
const ALTERNATIVE_NAMES = "2.5.29.17";
/** Whose being critical changes nothing here: extended usage and policies say less than the pinned root and the name. */
const KNOWN = new Set([BASIC_CONSTRAINTS, KEY_USAGE, ALTERNATIVE_NAMES, "2.5.29.37", "2.5.29.32"]);
const MAX_CERTIFICATES = 10;

/** Thrown for what is no certificate. */
export class BadCertificate extends Error {
  override name = "BadCertificate";
}

/** The certificates of a PEM file, in its order. Throws BadCertificate. */
export function certificatesOf(pem: string): Certificate[] {
  const blocks = [...pem.matchAll(/-----BEGIN CERTIFICATE-----([A-Za-z0-9+/=\s]+)-----END CERTIFICATE-----/g)];
  if (blocks.length === 0 || blocks.length > MAX_CERTIFICATES) throw new BadCertificate("no certificate, or too many");
  return blocks.map(([, text = ""]) =>
    certificateOf(Uint8Array.from(atob(text.replaceAll(/\s/g, "")), (char) => char.charCodeAt(0))),
  );
}

/** Reads one certificate. Throws BadCertificate. */
export function certificateOf(der: Uint8Array): Certificate {
  const { result, offset } = asn1.fromBER(der);
  if (offset !== der.byteLength) throw new BadCertificate("not one DER value");
  const [body, algorithm, signature] = childrenOf(result, asn1.Sequence);
  if (!(body instanceof asn1.Sequence) || !(signature instanceof asn1.BitString)) throw new BadCertificate("not signed");
  const [version, , inner, issuer, validity, subject, publicKey, ...rest] = childrenOf(body, asn1.Sequence);
  if (!version || version.idBlock.tagClass !== 3 || version.idBlock.tagNumber !== 0) throw new BadCertificate("not version 3");
  if (!inner || !algorithm || !issuer || !subject || !publicKey) throw new BadCertificate("fields are missing");
  // the algorithm is told twice, and only what is signed counts
  const sameAlgorithm = equalBytes(bytesOf(inner), bytesOf(algorithm));
  const [notBefore, notAfter] = childrenOf(validity, asn1.Sequence).map(instantOf);
  if (!notBefore || !notAfter) throw new BadCertificate("no validity");
  return {
    signed: bytesOf(body),
    signature: new Uint8Array(signature.valueBlock.valueHexView),
    hash: sameAlgorithm ? (HASHES[oidOf(childrenOf(inner, asn1.Sequence)[0])] ?? null) : null,
    issuer: bytesOf(issuer),
    subject: bytesOf(subject),
    notBefore,
    notAfter,
    publicKey: bytesOf(publicKey),
    ...extensionsOf(rest.find(({ idBlock }) => idBlock.tagClass === 3 && idBlock.tagNumber === 3)),
  };
}

type Extensions = Pick<Certificate, "isAuthority" | "pathLength" | "maySign" | "names" | "hasUnknownDemand">;

function extensionsOf(wrapper: asn1.BaseBlock | undefined): Extensions {
  // without a key usage a key may do anything
  const found: Extensions = { isAuthority: false, pathLength: null, maySign: true, names: [], hasUnknownDemand: false };
  if (!wrapper) return found;
  const [list] = childrenOf(wrapper, asn1.Constructed);
  for (const extension of childrenOf(list, asn1.Sequence)) {
    const parts = childrenOf(extension, asn1.Sequence);
    const id = oidOf(parts[0]);
    const isCritical = parts[1] instanceof asn1.Boolean && parts[1].getValue();
    const value = parts.at(-1);
    if (!(value instanceof asn1.OctetString)) throw new BadCertificate("an extension without a value");
    if (isCritical && !KNOWN.has(id)) found.hasUnknownDemand = true;
    readExtension(found, id, asn1.fromBER(value.getValue()).result);
  }
  return found;
}

function readExtension(found: Extensions, id: string, value: asn1.BaseBlock): void {
  switch (id) {
    case BASIC_CONSTRAINTS: {
      const [authority, length] = childrenOf(value, asn1.Sequence);
      found.isAuthority = authority instanceof asn1.Boolean && authority.getValue();
      found.pathLength = length instanceof asn1.Integer ? length.valueBlock.valueDec : null;
      return;
    }
    case KEY_USAGE: {
      if (!(value instanceof asn1.BitString)) throw new BadCertificate("no key usage");
      // keyCertSign is the sixth bit from the left
      found.maySign = ((value.valueBlock.valueHexView[0] ?? 0) & 0x04) !== 0;
      return;
    }
    case ALTERNATIVE_NAMES:
      for (const name of childrenOf(value, asn1.Sequence)) {
        const isDns = name.idBlock.tagClass === 3 && name.idBlock.tagNumber === 2 && name instanceof asn1.Primitive;
        if (isDns) found.names.push(new TextDecoder().decode(name.valueBlock.valueHexView).toLowerCase());
      }
      return;
    default:
      return;
  }
}

type Parent = typeof asn1.Sequence | typeof asn1.Constructed;

function childrenOf(block: asn1.BaseBlock | undefined, kind: Parent): asn1.BaseBlock[] {
  if (block instanceof kind)
    return block.valueBlock.value.filter((child): child is asn1.BaseBlock => child instanceof asn1.BaseBlock);
  throw new BadCertificate("not of the expected form");
}

function instantOf(block: asn1.BaseBlock): Date {
  // GeneralizedTime is a kind of UTCTime in this library
  if (block instanceof asn1.UTCTime) return block.toDate();
  throw new BadCertificate("not a time");
}

const oidOf = (block: asn1.BaseBlock | undefined) => (block instanceof asn1.ObjectIdentifier ? block.valueBlock.toString() : "");

/** A value's bytes as they stood, not as they would be written. */
const bytesOf = (block: asn1.BaseBlock): Uint8Array<ArrayBuffer> => new Uint8Array(block.valueBeforeDecodeView);

/** Whether two values are the same, byte for byte. */
export function equalBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.byteLength === b.byteLength && a.every((byte, index) => byte === b[index]);
}
