import { listQuery } from "#kernel/endpoint";
import { z, Code, Instant, Ref, text } from "#kernel/wire";
import { isBase64url } from "#rules/licensing/olp/base64url";
import { Activation, ActivationWithToken, Fingerprint, LicenseKey } from "../schemas.ts";

const SAMPLE_X = "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo";
const SAMPLE_JWS = "eyJhbGciOiJFZERTQSIsImtpZCI6Ii4uLiJ9.eyJpc3MiOiJ0ZW5fMDAuLi4ifQ.c2lnbmF0dXJl";
const SAMPLE_DEVICE = "b1946ac92492d2347c6235b4d2611184";

/** The public half of an Ed25519 key. */
const PublicKey = z
  .string()
  .refine((x) => isBase64url(x, 32), "must be 32 bytes in base64url without padding")
  .openapi({ example: SAMPLE_X });

const Root = z.object({ kid: z.string(), x: z.string(), created_at: Instant });

export const OfflineRoots = z
  .object({
    object: z.literal("offline_roots"),
    custody: z.enum(["platform", "tenant"]).openapi({ description: "Who keeps the private halves." }),
    current: Root,
    next: Root,
  })
  .openapi("OfflineRoots", { description: "Embed both public halves in your programs from the first day." });

const GivenRoot = z.strictObject({ x: PublicKey });

export const RootsChange = z
  .strictObject({
    custody: z.enum(["platform", "tenant"]),
    current: GivenRoot.optional().openapi({ description: "With custody tenant." }),
    next: GivenRoot.optional().openapi({ description: "With custody tenant." }),
  })
  .refine(({ custody, current, next }) => (custody === "tenant") === (current !== undefined && next !== undefined), {
    message: "custody tenant takes both roots, custody platform none",
    path: ["current"],
  })
  .refine(({ current, next }) => current === undefined || current.x !== next?.x, {
    message: "must be another key than the current root",
    path: ["next"],
  })
  .openapi("OfflineRootsChange", { example: { custody: "platform" } });

export const Promotion = z
  .strictObject({ next: GivenRoot.optional().openapi({ description: "The root to come after, where you hold the roots." }) })
  .openapi("OfflineRootsPromotion", { example: {} });

export const SigningKey = z
  .object({
    object: z.literal("signing_key"),
    id: z.string(),
    kid: z.string(),
    x: z.string(),
    status: z.enum(["active", "pending", "retired", "revoked"]).openapi({
      description: "pending: waits for a keyset of yours that names it, and signs no file until then.",
    }),
    product_ids: z.array(z.string()).openapi({ description: "What it may sign for; empty = every product." }),
    created_at: Instant,
    retired_at: Instant.nullable(),
    revoked_at: Instant.nullable(),
    revoked_reason: z.string().nullable(),
  })
  .openapi("SigningKey");

export const SigningKeyList = z.object({ object: z.literal("list"), data: z.array(SigningKey) }).openapi("SigningKeyList");

export const KeyRotation = z
  .strictObject({
    product_ids: z.array(Ref).max(50).optional().openapi({ description: "What the key may sign for; empty = every product." }),
    reason: text(500).nullish(),
  })
  .openapi("SigningKeyRotation", { example: { reason: "Yearly rotation" } });

export const KeyRevocation = z
  .strictObject({ reason: text(500) })
  .openapi("SigningKeyRevocation", { example: { reason: "The key leaked" } });

export const OfflineKeyset = z
  .object({
    object: z.literal("offline_keyset"),
    seq: z.int(),
    keyset: z.string().openapi({ description: "olp1-keyset+jws, as files carry it.", example: SAMPLE_JWS }),
    custody: z.enum(["platform", "tenant"]),
    root_kid: z.string().openapi({ description: "The root that signed it." }),
    roots: OfflineRoots,
    keys: z.array(SigningKey),
    created_at: Instant,
    expires_at: Instant,
  })
  .openapi("OfflineKeyset");

const DraftKey = z.object({
  kid: z.string(),
  x: z.string(),
  status: z.enum(["active", "retired", "revoked"]),
  products: z.array(z.string()),
  from: z.int(),
  until: z.int().nullable(),
});

export const KeysetDraft = z
  .object({
    object: z.literal("offline_keyset_draft"),
    pending: z.boolean().openapi({ description: "Whether something waits for it." }),
    header: z.object({ alg: z.literal("EdDSA"), kid: z.string(), typ: z.literal("olp1-keyset+jws") }),
    claims: z.object({ iss: z.string(), seq: z.int(), iat: z.int(), exp: z.int(), keys: z.array(DraftKey) }),
  })
  .openapi("OfflineKeysetDraft");

/** A message of a device or of a root: read strictly, so only its size is bounded here. */
const Jws = (most: number) => z.string().min(1).max(most).openapi({ example: SAMPLE_JWS });

export const SignedKeyset = z
  .strictObject({ keyset: Jws(70_000) })
  .openapi("SignedOfflineKeyset", { example: { keyset: SAMPLE_JWS } });

export const StatusListAnswer = z
  .object({
    object: z.literal("status_list"),
    product_id: z.string(),
    status_list: z.string().openapi({ description: "olp1-status+jws: two bits for each activation.", example: SAMPLE_JWS }),
    keyset: z.string().openapi({ description: "The newest keyset (olp1-keyset+jws): hand it to the verifier with the list." }),
    seq: z.int(),
    created_at: Instant,
    expires_at: Instant,
  })
  .openapi("StatusList");

export const StatusListQuery = z.strictObject({
  max_age_s: z.coerce
    .number()
    .int()
    .min(30)
    .max(31_622_400)
    .optional()
    .openapi({ example: 3600, description: "Sign it anew where it is older." }),
});

const Components = z.array(z.strictObject({ kind: Code, hash: z.string().min(1).max(512) })).max(20);

export const OfflineRequestBody = z
  .strictObject({
    license_key: LicenseKey,
    fingerprint: Fingerprint,
    components: Components.optional(),
    action: z.enum(["activate", "refresh"]).default("activate"),
    user: Ref.nullish(),
    name: text(200).nullish(),
    platform: text(200).nullish(),
    app_version: text(100).nullish(),
  })
  .openapi("OfflineRequestBody", {
    example: { license_key: "7K2Q-M8XT-0V4B-R3ZC-9XWD", fingerprint: SAMPLE_DEVICE, name: "Press 4" },
  });

export const OfflineRequest = z
  .object({
    object: z.literal("offline_request"),
    rid: z.string(),
    request: z.string().openapi({ description: "olp1-request+jws.", example: SAMPLE_JWS }),
    device_key: z
      .object({ kty: z.literal("OKP"), crv: z.literal("Ed25519"), x: z.string(), d: z.string() })
      .openapi({ description: "The device's private key (JWK). It is shown in this answer alone: put it on the device." }),
  })
  .openapi("OfflineRequest");

export const OfflineActivation = z
  .strictObject({ request: Jws(20_000) })
  .openapi("OfflineActivation", { example: { request: SAMPLE_JWS } });

export const LicenseFile = z
  .object({
    object: z.literal("license_file"),
    id: z.string(),
    license_file: z.string().openapi({
      description: "keyset~license, or keyset~license~status list: give all of it to the device.",
      example: `${SAMPLE_JWS}~${SAMPLE_JWS}`,
    }),
    seq: z.int(),
    expires_at: Instant,
    activation: Activation,
  })
  .openapi("LicenseFile");

export const Receipt = z.strictObject({ receipt: Jws(20_000) }).openapi("OfflineReceipt", { example: { receipt: SAMPLE_JWS } });

export const EmergencyCode = z
  .object({
    object: z.literal("emergency_code"),
    id: z.string(),
    license_id: z.string(),
    reason: z.string(),
    device_bound: z.boolean(),
    created_by: z.string().nullable(),
    created_at: Instant,
    expires_at: Instant.openapi({ description: "The end of the code, and of what it gives." }),
    redeemed_at: Instant.nullable(),
    activation_id: z.string().nullable(),
  })
  .openapi("EmergencyCode");

const SAMPLE_CODE = "EMC-3QK7-X2MD-90VT-HB4N-YC6R-8ZJA";

export const EmergencyCodeWithText = EmergencyCode.extend({
  code: z.string().openapi({ description: "Shown in this answer alone.", example: SAMPLE_CODE }),
}).openapi("EmergencyCodeWithText");

export const NewEmergencyCode = z
  .strictObject({
    license_id: Ref,
    reason: text(500),
    fingerprint: Fingerprint.optional().openapi({
      description: "The one device that may use it; without it the first that comes.",
    }),
  })
  .openapi("NewEmergencyCode", { example: { license_id: "lic_00…", reason: "Renewal is stuck in purchasing over the weekend" } });

export const EmergencyCodeQuery = listQuery({ license_id: Ref.optional() });

export const Redemption = z
  .strictObject({
    code: z.string().min(1).max(200).openapi({ example: SAMPLE_CODE }),
    fingerprint: Fingerprint.optional(),
    request: Jws(20_000).optional().openapi({ description: "Of a device without a connection, in the place of fingerprint." }),
    name: text(200).nullish(),
    platform: text(200).nullish(),
    app_version: text(100).nullish(),
  })
  .refine(({ fingerprint, request }) => (fingerprint === undefined) !== (request === undefined), {
    message: "give a fingerprint or a request",
    path: ["fingerprint"],
  })
  .openapi("EmergencyRedemption", { example: { code: SAMPLE_CODE, fingerprint: SAMPLE_DEVICE } });

export const EmergencyActivation = ActivationWithToken.extend({
  license_file: z.string().nullable().openapi({ description: "Where a request was sent: the file for the device." }),
}).openapi("EmergencyActivation");
