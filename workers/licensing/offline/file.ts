import type { Fact, Statement } from "#db/commit";
import type { ActivationRow } from "#db/licensing/activations";
import type { License } from "#db/licensing/licenses";
import type { OfflineDeviceRow, OfflineRequestRow } from "#db/offline/devices";
import type { EventObject } from "#kernel/event-objects";
import { newId } from "#kernel/ids";
import { signJws, thumbprint } from "#kernel/signing";
import type { z } from "#kernel/wire";
import {
  claimsOf as claimsRead,
  EMERGENCY_S,
  type FileEntitlement,
  type FileVersions,
  type LicenseClaims,
} from "#rules/licensing/olp/claims";
import { readMessage, typOf } from "#rules/licensing/olp/message";
import { restrictionReasons } from "#rules/licensing/restrictions";
import type { TemplateTerms } from "#rules/licensing/terms";
import { addDuration } from "#rules/time";
import { presentActivation } from "../presenters.ts";
import { licenseNotActive } from "../problems.ts";
import { seconds } from "./keyset.ts";
import type { RequestRead } from "./reading.ts";
import type { LicenseFile } from "./schemas.ts";
import { freeIndex, signerFor, statusListOf } from "./status.ts";
import type { Usable, Vars } from "./trust.ts";

/** What a file is made of: the license as it will be, the activation as it will be, and what the device asked. */
export type Filing = {
  license: License;
  activation: ActivationRow;
  read: RequestRead;
  trust: Usable;
  /** the newest file of the activation, where it has one */
  before: OfflineDeviceRow | undefined;
  /** the end of an emergency, in the place of the terms' own end */
  emergencyEnd?: Date | undefined;
};

/** A file with what is to be written and told with it. */
export type Filed = { row: OfflineDeviceRow; statements: Statement[]; facts: Fact[]; answer: z.infer<typeof LicenseFile> };

/** Makes the file that answers a request. Nothing is written here. Throws `license_not_active` where its time would be over already. */
export async function filed(vars: Vars, filing: Filing): Promise<Filed> {
  const { repo, now, realNow } = vars;
  const { license, activation, read, trust, before } = filing;
  const productId = license.row.productId;
  const place = {
    id: newId("license_file", repo.shard, realNow),
    seq: (before?.seq ?? 0) + 1,
    index: before?.statusIndex ?? (await freeIndex(vars, productId)),
    iat: seconds(now),
    exp: endOf(filing, now),
  };
  const claims = await claimsOf(vars, filing, place);
  const { kid, key } = await signerFor(vars, trust, productId);
  const text = await signJws(key, { kid, typ: typOf(filing.emergencyEnd ? "emergency" : "license") }, claims);
  const maxAgeS = license.terms.offline.statusMaxAgeS;
  const list = maxAgeS === null ? [] : [(await statusListOf(vars, productId, Math.floor(maxAgeS / 2))).text];
  const row = deviceRow(vars, filing, { ...place, file: [trust.keyset.text, text, ...list].join("~") });
  const request: OfflineRequestRow = {
    tenantId: repo.tenantId,
    rid: read.claims.rid,
    requestHash: read.hash,
    activationId: activation.id,
    action: read.claims.action,
    createdAt: now,
  };
  return {
    row,
    statements: [repo.offlineKeys.isGood(kid), ...repo.offlineDevices.filed(row, before, request)],
    facts: [issuedFact(filing, row, kid)],
    answer: presentFile(row, activation),
  };
}

/** A file as it is answered. */
export const presentFile = (row: OfflineDeviceRow, activation: ActivationRow): z.infer<typeof LicenseFile> => ({
  object: "license_file",
  id: row.fileId,
  license_file: row.file,
  seq: row.seq,
  expires_at: endOfFile(row).toISOString(),
  activation: presentActivation(activation),
});

/** When the newest file of a device ends; an older one of it may end later. */
export function endOfFile({ file }: OfflineDeviceRow): Date {
  const { exp } = claimsRead(readMessage(file.split("~")[1] ?? "", "license", "emergency"));
  return new Date(exp * 1000);
}

/** When a file ends, in seconds: never after the license's own end with its grace, nor after the keyset that vouches for its key. */
function endOf({ license: { row, terms }, trust, emergencyEnd }: Filing, now: Date): number {
  const byTerms = [addDuration(now, terms.offline.maxTtl), row.expiresAt && (row.graceUntil ?? row.expiresAt)];
  const emergency = emergencyEnd && [emergencyEnd, new Date(now.getTime() + EMERGENCY_S * 1000)];
  const ends = [...(emergency ?? byTerms), row.canceledAt, trust.keyset.expiresAt].filter((end) => end !== null);
  const end = seconds(new Date(Math.min(...ends.map((each) => each.getTime()))));
  if (end > seconds(now)) return end;
  throw licenseNotActive(
    { reasons: `A file would have ended on ${new Date(end * 1000).toISOString()}.` },
    { extra: { reasons: [] } },
  );
}

type Place = { id: string; seq: number; index: number; iat: number; exp: number };

async function claimsOf({ repo }: Vars, filing: Filing, place: Place): Promise<LicenseClaims> {
  const { license, activation, read } = filing;
  const { row, terms } = license;
  const { code, versions } = await repo.offlineDevices.productOf(row.productId, read.claims.app_version);
  const { fp, components, key, rid } = read.claims;
  return {
    iss: repo.tenantId,
    aud: row.productId,
    sub: row.id,
    jti: place.id,
    act: activation.id,
    iat: place.iat,
    nbf: place.iat,
    exp: place.exp,
    seq: place.seq,
    rid,
    req: read.hash,
    product: code,
    lic: {
      type: terms.type,
      model: terms.model,
      starts_at: seconds(row.startsAt),
      expires_at: secondsOrNull(row.expiresAt),
      grace_until: secondsOrNull(row.graceUntil),
      maintenance_until: secondsOrNull(row.maintenanceUntil),
      expiration_strategy: terms.expirationStrategy,
      requires: [...terms.requires],
    },
    ent: terms.entitlements.map(entitlementOf),
    ver: versionsOf(license, versions),
    dev: {
      fp,
      components,
      k: components.length > 0 ? terms.componentThreshold : null,
      key: await thumbprint(key),
      user: activation.userRef,
    },
    st: place.index,
    pol: { status_max_age_s: terms.offline.statusMaxAgeS },
  };
}

const secondsOrNull = (at: Date | null) => (at === null ? null : seconds(at));

const entitlementOf = (right: TemplateTerms["entitlements"][number]): FileEntitlement => ({
  feature: right.feature,
  id: right.featureId,
  enabled: right.enabled,
  limit: right.limitValue,
  limit_type: right.limitType,
  reset: right.reset,
  expires_at: right.expiresAt === null ? null : seconds(new Date(right.expiresAt)),
});

/** What a file says of versions: nothing where they do not matter. */
function versionsOf({ row, terms }: License, versions: readonly { version: string; releasedAt: Date }[]): FileVersions | null {
  const restrictions = terms.restrictions.filter(({ type }) => type === "version");
  if (restrictions.length === 0 && row.maintenanceUntil === null) return null;
  const where = { country: null, ip: null, mayName: { domain: false, version: true } };
  const isAllowed = (version: string) =>
    restrictionReasons(restrictions, { ...where, version }).every(({ severity }) => severity !== "deny");
  const listed = versions.map(
    ({ version, releasedAt }) => [version, { released: seconds(releasedAt), allowed: isAllowed(version) }] as const,
  );
  return { restricted: restrictions.length > 0, unknown: terms.unknownVersion, listed: Object.fromEntries(listed) };
}

function deviceRow({ repo, now }: Vars, filing: Filing, place: Place & { file: string }): OfflineDeviceRow {
  const { license, activation, read, before } = filing;
  return {
    tenantId: repo.tenantId,
    activationId: activation.id,
    licenseId: license.row.id,
    productId: license.row.productId,
    deviceKey: read.claims.key,
    statusIndex: place.index,
    superseded: false,
    seq: place.seq,
    fileId: place.id,
    rid: read.claims.rid,
    requestHash: read.hash,
    file: place.file,
    // whoever kept an older file that ends later may run until then
    expiresAt: new Date(Math.max(place.exp * 1000, before?.expiresAt.getTime() ?? 0)),
    // what it told once it knows: a lower number later means that somebody has an older copy of it. A number that no file had is not known.
    lastSeq: Math.max(Math.min(read.claims.last_seq, before?.seq ?? 0), before?.lastSeq ?? 0),
    createdAt: before?.createdAt ?? now,
    updatedAt: now,
  };
}

/** That a file was made, without its text. */
function issuedFact({ license, emergencyEnd }: Filing, row: OfflineDeviceRow, kid: string): Fact {
  const object: EventObject<"IssuedLicenseFile"> = {
    object: "license_file",
    id: row.fileId,
    kind: emergencyEnd ? "emergency" : "license",
    license_id: license.row.id,
    activation_id: row.activationId,
    seq: row.seq,
    signing_key: kid,
    expires_at: endOfFile(row).toISOString(),
  };
  return { type: "license_file.issued", subject: { type: "license_file", id: row.fileId }, data: { object, previous: null } };
}
