import { sha256Url } from "#kernel/crypto";
import { isSignedBy, thumbprint } from "#kernel/signing";
import { fromBase64url } from "#rules/licensing/olp/base64url";
import { claimsOf, type ReceiptClaims, type RequestClaims } from "#rules/licensing/olp/claims";
import { OlpRefused } from "#rules/licensing/olp/codes";
import { canonical } from "#rules/licensing/olp/json";
import { proofText } from "#rules/licensing/olp/keys";
import { readMessage, type OlpMessage } from "#rules/licensing/olp/message";
import { offlineRequestInvalid } from "./problems.ts";

/** A request whose form, signature and proof are right. That its proof is a license's is to be found out by looking. */
export type RequestRead = { claims: RequestClaims; hash: string };
/** A receipt whose form is right; its signature is to be checked with the key of the device that it speaks of. */
export type ReceiptRead = { claims: ReceiptClaims; hash: string; message: OlpMessage<"receipt"> };

/** Reads the request of a device. Throws `offline_request_invalid`. */
export const readRequest = (tenantId: string, text: string): Promise<RequestRead> =>
  refusing(async () => {
    const message = readMessage(text, "request");
    const claims = claimsOf(message);
    await refuseUnsigned(message, claims.key);
    if (claims.iss !== tenantId) throw new OlpRefused("WRONG_ISSUER", "It is made out to another vendor.");
    // everything but the proof, also what later versions may add
    const { proof: _, ...rest } = message.claims;
    const proved = proofText(tenantId, await sha256Url(canonical(rest)));
    if (!(await isSignedBy(claims.proof.x, fromBase64url(claims.proof.sig), proved)))
      throw new OlpRefused("BAD_SIGNATURE", "The proof of the license key does not fit the request.");
    refuseLong(claims);
    return { claims, hash: await sha256Url(text) };
  });

/** Reads the receipt of a device. Throws `offline_request_invalid`. */
export const readReceipt = (tenantId: string, text: string): Promise<ReceiptRead> =>
  refusing(async () => {
    const message = readMessage(text, "receipt");
    const claims = claimsOf(message);
    if (claims.iss !== tenantId) throw new OlpRefused("WRONG_ISSUER", "It is made out to another vendor.");
    return { claims, message, hash: await sha256Url(text) };
  });

/** Refuses a message that another key signed than the device's. Throws `offline_request_invalid`. */
export const refuseOtherSigner = (message: OlpMessage, x: string): Promise<void> => refusing(() => refuseUnsigned(message, x));

async function refuseUnsigned({ kid, signature, signed }: OlpMessage, x: string): Promise<void> {
  if (kid !== (await thumbprint(x))) throw new OlpRefused("UNKNOWN_KEY", "Its header names another key than the device's.");
  if (!(await isSignedBy(x, signature, signed))) throw new OlpRefused("BAD_SIGNATURE", "The device's signature does not fit.");
}

/** How long may be what a device tells of itself: as in an activation with a connection. */
const MOST = { name: 200, platform: 200, app_version: 100, user: 255 } as const;
const MOST_PARTS = 20;

function refuseLong(claims: RequestClaims): void {
  const long = Object.entries(MOST).some(([name, most]) => !isShown(claims[name as keyof typeof MOST], most));
  const parts = claims.components;
  // two of a kind would let one file fit two machines, or count one part twice
  if (new Set(parts.map(({ kind }) => kind)).size < parts.length)
    throw new OlpRefused("INVALID_CLAIMS", "The device tells of a kind of part twice.");
  if (!long && parts.length <= MOST_PARTS && parts.every(({ kind, hash }) => isShown(kind, 64) && isShown(hash, 64))) return;
  throw new OlpRefused("INVALID_CLAIMS", "What the device tells of itself is too long, or no plain text.");
}

const isShown = (text: string | null, most: number) =>
  text === null || (text !== "" && text.length <= most && !/\p{Cc}/u.test(text));

async function refusing<T>(read: () => Promise<T>): Promise<T> {
  try {
    return await read();
  } catch (error) {
    if (error instanceof OlpRefused) throw offlineRequestInvalid({ code: error.code, why: error.message });
    throw error;
  }
}
