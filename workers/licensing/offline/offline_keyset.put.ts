import { createRoute } from "@hono/zod-openapi";
import type { KeysetRow, Trust } from "#db/offline/keys";
import { changing } from "#kernel/changing";
import { endpoint, json, jsonBody, problems, scope } from "#kernel/endpoint";
import { changedMeanwhile } from "#kernel/problems";
import { isSignedBy } from "#kernel/signing";
import { claimsOf, type KeysetClaims } from "#rules/licensing/olp/claims";
import { OlpRefused } from "#rules/licensing/olp/codes";
import { canonical } from "#rules/licensing/olp/json";
import { readMessage } from "#rules/licensing/olp/message";
import { custodyOf, DRAFT_VALID_S, keysetClaims, published, seconds, withChanged } from "./keyset.ts";
import { presentKeyset } from "./presenters.ts";
import { offlineKeysetInvalid, offlineRootsOfPlatform } from "./problems.ts";
import { OfflineKeyset, SignedKeyset } from "./schemas.ts";
import { retiredFact } from "./signing_keys.rotate.ts";
import { keysetFact } from "./trust.ts";

/** How far ahead of ours the clock may be where the root is kept. */
const CLOCK_TOLERANCE_S = 300;

export const putOfflineKeyset = endpoint({
  route: createRoute({
    operationId: "offline_keyset.put",
    method: "put",
    path: "/v1/offline/keyset",
    security: scope("offline_keys:write"),
    summary: "Publish a keyset that you signed",
    description:
      "Read strictly, and compared with the draft. From here on every file carries it: keys that waited sign, and those in whose place they step are retired.",
    request: { body: jsonBody(SignedKeyset) },
    responses: {
      200: json(OfflineKeyset, "The keyset"),
      ...problems(offlineKeysetInvalid, offlineRootsOfPlatform, changedMeanwhile),
    },
  }),

  handler: async (c) => {
    const { repo, now } = c.var;
    const { keyset: text } = c.req.valid("json");
    const shown = await changing(async () => {
      const read = await repo.offlineKeys.trust();
      if (custodyOf(read) === "platform") throw offlineRootsOfPlatform({});
      if (read.keyset?.text === text) return presentKeyset(read.keyset, read);

      const { kid, claims } = await signedByTenant(read, text);
      refuseOther(read, claims, repo.tenantId, now);
      const expiresAt = new Date(claims.exp * 1000);
      const keyset: KeysetRow = { tenantId: repo.tenantId, seq: claims.seq, text, rootKid: kid, expiresAt, createdAt: now };
      const keys = published(read.keys, now);
      const retired = keys.filter(({ retiredAt }) => retiredAt !== null).map((key) => retiredFact(read.keys, key));
      const after = presentKeyset(keyset, { ...read, keys: withChanged(read.keys, keys) });
      const told = { facts: [keysetFact(repo.tenantId, keyset), ...retired], answer: [200, after] as const };
      return (await repo.offlineKeys.change(read, { keys, keyset }, told)) && after;
    });
    return c.json(shown, 200);
  },
});

/** The claims of a keyset that one of the tenant's roots signed. Throws `offline_keyset_invalid`. */
async function signedByTenant({ roots }: Trust, text: string): Promise<{ kid: string; claims: KeysetClaims }> {
  try {
    const message = readMessage(text, "keyset");
    const root = roots.find(({ kid }) => kid === message.kid);
    if (!root) throw new OlpRefused("UNKNOWN_ROOT", "It is signed by none of your two roots.");
    if (!(await isSignedBy(root.publicKey, message.signature, message.signed)))
      throw new OlpRefused("BAD_SIGNATURE", "The signature does not fit.");
    return { kid: message.kid, claims: claimsOf(message) };
  } catch (error) {
    if (error instanceof OlpRefused) throw offlineKeysetInvalid({ why: `${error.code}: ${error.message}` });
    throw error;
  }
}

/** Refuses claims that are not the draft's: what waits by now, made within the time that a draft may wait. */
function refuseOther({ keys, keyset }: Trust, claims: KeysetClaims, tenantId: string, now: Date): void {
  const { iat } = claims;
  if (iat > seconds(now) + CLOCK_TOLERANCE_S) throw offlineKeysetInvalid({ why: "It was made in the future." });
  if (iat <= seconds(now) - DRAFT_VALID_S) throw offlineKeysetInvalid({ why: "It was drafted more than 30 days ago." });
  const draft = keysetClaims(tenantId, keys, (keyset?.seq ?? 0) + 1, iat);
  if (canonical(draft) === canonical(claims)) return;
  throw offlineKeysetInvalid({ why: `It is not the draft of today, which has the seq ${draft.seq}.` });
}
