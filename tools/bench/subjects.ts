import { addLicenses, FEATURE, fingerprintOf, type Held, type Installation, spentKey, type Vendor } from "./installation.ts";
import { numbered, rotating, shotOf, type RequestText, type Shot, type Slot } from "./load.ts";
import type { SubjectName } from "./names.ts";
import { BARE_ANSWER, type Subject } from "./rounds.ts";
import type { Running } from "./workerd.ts";

const NONCE = "nonce-0000";
const VALID = { status: 200, holds: '"valid":true' };

/** The bare workers: the one that all subjects are compared with, and the one that reads JSON. */
export type Bares = { get: Running; post: Running };

/** The wished subjects on an installation; cold ones get as many licenses as they may need. */
export async function subjectsOf(
  installation: Installation,
  bare: Bares,
  wanted: readonly SubjectName[],
  coldOnes: number,
): Promise<Subject<SubjectName>[]> {
  const { url, vendor } = installation;
  const licenses = wanted.includes("validation_cold") ? await addLicenses(installation, coldOnes) : [];
  const spent = wanted.includes("refused") ? await spentKey(installation) : "";
  const on = { worker: installation };
  const post = (path: string, body: object, slots: readonly Slot[] = []) =>
    shotOf(url, postBy(vendor.publishableKey, path, body), slots);
  const device = { license_key: vendor.licenseKey, fingerprint: vendor.fingerprint };
  const all: Subject<SubjectName>[] = [
    {
      name: "bare_get",
      worker: bare.get,
      shot: shotOf(bare.get.url, { method: "GET", path: "/" }),
      // what the wire brings of a validation, and what is left without it
      against: { name: "validation_fresh", shot: validationOf(url, vendor) },
      expected: BARE_ANSWER,
    },
    { name: "bare_post", worker: bare.post, shot: validationOf(bare.post.url, vendor), expected: BARE_ANSWER },
    { name: "health", ...on, shot: shotOf(url, { method: "GET", path: "/health" }), expected: { status: 200 } },
    { name: "validation_fresh", ...on, shot: validationOf(url, vendor), expected: VALID },
    { name: "validation_reused", ...on, shot: post("/v1/licenses/validate", device), expected: VALID },
    { name: "validation_cold", ...on, shot: coldOf(url, vendor, licenses), expected: VALID, writes: true },
    {
      name: "activation",
      ...on,
      shot: post("/v1/activations", { ...device, fingerprint: DEVICE }, [
        { mark: DEVICE, values: (n) => fingerprintOf(100_000_000 + n) },
      ]),
      expected: { status: 201, holds: '"activation_token"' },
      writes: true,
    },
    { name: "reactivation", ...on, shot: post("/v1/activations", device), expected: { status: 200 }, writes: true },
    {
      name: "heartbeat",
      ...on,
      shot: post("/v1/activations/heartbeat", { activation_token: vendor.activationToken }),
      expected: VALID,
      writes: true,
    },
    {
      name: "consume",
      ...on,
      shot: post("/v1/entitlements/consume", { license_key: vendor.licenseKey, items: [{ feature: FEATURE, units: 1 }] }),
      expected: { status: 200 },
      writes: true,
    },
    {
      name: "entitlements_check",
      ...on,
      shot: post("/v1/entitlements/check", { license_key: vendor.licenseKey, features: [FEATURE] }),
      expected: { status: 200, holds: '"allowed":true' },
    },
    { name: "licenses_get", ...on, shot: getOf(url, vendor.secretKey, vendor.licenseId), expected: { status: 200 } },
    { name: "refused", ...on, shot: getOf(url, spent, vendor.licenseId), expected: { status: 429 } },
  ];
  return all.filter(({ name }) => wanted.includes(name));
}

/** A mark for a device: as long as every fingerprint, and no fingerprint itself. */
const DEVICE = "d".repeat(64);

/** Whose request it is, and from where: the platform tells every worker the address. */
const headersBy = (key: string) => ({ authorization: `Bearer ${key}`, "cf-connecting-ip": "192.0.2.1" });

const postBy = (key: string, path: string, body: object): RequestText => ({
  method: "POST",
  path,
  headers: headersBy(key),
  body: JSON.stringify(body),
});

const getOf = (url: URL, secretKey: string, licenseId: string): Shot =>
  shotOf(url, { method: "GET", path: `/v1/licenses/${licenseId}`, headers: headersBy(secretKey) });

type Asked = Pick<Vendor, "publishableKey" | "licenseKey" | "fingerprint">;

/** Validations each with a nonce of its own, so that each is signed anew; `more` says what else differs from one to the next. */
export const validationOf = (url: URL, { publishableKey, licenseKey, fingerprint }: Asked, more: readonly Slot[] = []): Shot =>
  shotOf(url, postBy(publishableKey, "/v1/licenses/validate", { license_key: licenseKey, fingerprint, nonce: NONCE }), [
    numbered(NONCE),
    ...more,
  ]);

/** Validations that go round licenses and their devices. */
export const rotatingOver = (url: URL, vendor: Vendor, licenses: readonly Held[]): Shot =>
  validationOf(url, vendor, slotsOf(vendor, licenses));

/** Validations of licenses that nobody asked for before, one after the other. */
export const coldOf = (url: URL, vendor: Vendor, licenses: readonly Held[]): Shot => ({
  ...rotatingOver(url, vendor, licenses),
  supply: licenses.length,
});

type Device = Pick<Vendor, "licenseKey" | "fingerprint">;

const slotsOf = ({ licenseKey, fingerprint }: Device, licenses: readonly Device[]): Slot[] => [
  rotating(
    licenseKey,
    licenses.map((each) => each.licenseKey),
  ),
  rotating(
    fingerprint,
    licenses.map((each) => each.fingerprint),
  ),
];

/** Validations that go round the devices of one license. */
export const rotatingDevices = (url: URL, vendor: Vendor, fingerprints: readonly string[]): Shot =>
  validationOf(url, vendor, [rotating(vendor.fingerprint, fingerprints)]);

/** Validations that go round tenants, each by its own key. */
export const rotatingTenants = (url: URL, vendor: Vendor, tenants: readonly Asked[]): Shot =>
  validationOf(url, vendor, [
    ...slotsOf(vendor, tenants),
    rotating(
      vendor.publishableKey,
      tenants.map(({ publishableKey }) => publishableKey),
    ),
  ]);
