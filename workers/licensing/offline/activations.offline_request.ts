import { createRoute } from "@hono/zod-openapi";
import type { License } from "#db/licensing/licenses";
import { randomBytes, sha256Url } from "#kernel/crypto";
import { endpoint, json, jsonBody, problems, scopeOrPublishable } from "#kernel/endpoint";
import { licenseNotFound } from "#kernel/not-found";
import { newDeviceKey, signJws, signText, thumbprint } from "#kernel/signing";
import type { z } from "#kernel/wire";
import { ISSUED_KEY_BITS, lookupForms } from "#rules/licensing/keys";
import { toBase64url } from "#rules/licensing/olp/base64url";
import type { RequestClaims } from "#rules/licensing/olp/claims";
import { canonical } from "#rules/licensing/olp/json";
import { proofText } from "#rules/licensing/olp/keys";
import { typOf } from "#rules/licensing/olp/message";
import { fingerprintDigest, formDigests, keyDigests, newProofDigest, partDigest, proofKey } from "#kernel/digests";
import { mayKnow } from "#kernel/for-caller";
import { estimatedBits } from "#rules/licensing/key-strength";
import type { Asking } from "../take-seat.ts";
import { seconds } from "./keyset.ts";
import { offlineNotAllowed } from "./problems.ts";
import { OfflineRequest, OfflineRequestBody } from "./schemas.ts";

type Body = z.infer<typeof OfflineRequestBody>;

export const offlineRequest = endpoint({
  idempotent: false,
  route: createRoute({
    operationId: "activations.offline_request",
    method: "post",
    path: "/v1/activations/offline_request",
    security: scopeOrPublishable("activations:write"),
    summary: "Make the request of a device that cannot make one",
    description:
      "Signs a request with a fresh device key, for programs without the verifier library. Nothing is activated yet: send the request to offline_activate, and put file and device key on the device. The key is shown once and not kept; whoever has it can be this device.",
    request: { body: jsonBody(OfflineRequestBody) },
    responses: { 200: json(OfflineRequest, "The request and the device's key"), ...problems(licenseNotFound, offlineNotAllowed) },
  }),

  handler: async (c) => {
    const { repo, caller, limits } = c.var;
    const body = c.req.valid("json");
    const license = await repo.licenses.byKeyHashes(await keyDigests(c.env, repo.tenantId, body.license_key));
    if (!license || !mayKnow(caller, license.row.productId)) throw licenseNotFound({});
    await limits.license(license.row.id);
    if (!license.terms.offline.allowed) throw offlineNotAllowed({ license: license.row.id });
    const form = await formOf(c, license, body.license_key);

    const device = await newDeviceKey();
    const proof = await proofKey(repo.tenantId, form);
    const claims = await claimsFor(c, license.row.productId, body, device.jwk.x);
    const signed = proofText(repo.tenantId, await sha256Url(canonical(claims)));
    const proved = { ...claims, proof: { x: proof.x, sig: await signText(proof.privateKey, signed) } };
    const header = { kid: await thumbprint(device.jwk.x), typ: typOf("request") };
    const request = await signJws(device.privateKey, header, proved);
    return c.json({ object: "offline_request" as const, rid: claims.rid, request, device_key: device.jwk }, 200);
  },
});

/** The form of the key that the license is stored by; a license from before there were proofs gets its own here. */
async function formOf({ env, var: { repo } }: Asking, { row }: License, key: string): Promise<string> {
  for (const form of lookupForms(key)) {
    const origin = form.startsWith("issued:") ? "issued" : "imported";
    if (!(await formDigests(env, repo.tenantId, form)).includes(row.keyHash)) continue;
    if (row.proofHash === null) {
      const bits = origin === "issued" ? ISSUED_KEY_BITS : estimatedBits(key);
      await repo.offlineDevices.addProof(row.id, await newProofDigest(env, repo.tenantId, key, origin), bits);
    }
    return form;
  }
  throw new Error("A license was found by a key that it has not");
}

async function claimsFor(
  { var: { repo, now } }: Asking,
  productId: string,
  body: Body,
  x: string,
): Promise<Omit<RequestClaims, "proof">> {
  const { fingerprint, components = [], action, user, name, platform, app_version: version } = body;
  return {
    iss: repo.tenantId,
    aud: productId,
    rid: toBase64url(randomBytes(16)),
    action,
    iat: seconds(now),
    fp: await fingerprintDigest(repo.tenantId, fingerprint),
    components: await Promise.all(components.map((part) => partDigest(repo.tenantId, part))),
    key: x,
    last_seq: 0,
    counters: {},
    name: name ?? null,
    platform: platform ?? null,
    app_version: version ?? null,
    user: user ?? null,
  };
}
