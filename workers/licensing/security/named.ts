import type { ActivationRow } from "#db/licensing/activations";
import type { LicenseRow } from "#db/licensing/licenses";
import type { TenantEnv } from "#kernel/endpoint";
import type { Env } from "#kernel/env";
import { licenseNotFound } from "#kernel/not-found";
import { activationIn, isTokenOf } from "../activation-token.ts";
import { deviceDigests, keyDigests } from "#kernel/digests";
import { mayKnow } from "#kernel/for-caller";
import { activationNotFound } from "../problems.ts";

type Asking = { env: Env; var: Pick<TenantEnv["Variables"], "repo" | "caller" | "limits"> };

/** How a program or a vendor says which license and which device it speaks of. */
export type Naming = {
  license_key?: string | undefined;
  license_id?: string | undefined;
  activation_token?: string | undefined;
  fingerprint?: string | undefined;
};

/** What was meant: a license, and the activation of the device, as far as they were named. */
export type Named = { license: LicenseRow | null; activation: ActivationRow | null };

/**
 * Finds the license and the device that were named. A fingerprint that holds no seat names no activation. Throws `license_not_found` and
 * `activation_not_found`, also for a token that belongs to another license than the one beside it.
 */
export async function namedBy(c: Asking, naming: Naming): Promise<Named> {
  const byToken = naming.activation_token === undefined ? null : await provedBy(c, naming.activation_token);
  const license = await licenseOf(c, naming, byToken);
  if (license && !mayKnow(c.var.caller, license.productId)) throw byToken ? activationNotFound({}) : licenseNotFound({});
  if (byToken && license?.id !== byToken.licenseId) throw activationNotFound({});
  if (license) await c.var.limits.license(license.id);
  const activation = byToken ?? (license && naming.fingerprint ? await ofDevice(c, license, naming.fingerprint) : null);
  return { license, activation };
}

async function provedBy({ env, var: { repo } }: Asking, token: string): Promise<ActivationRow> {
  const activation = await repo.activations.byId(activationIn(token) ?? "");
  if (!activation || !(await isTokenOf(env, activation, token))) throw activationNotFound({});
  return activation;
}

async function licenseOf(
  { env, var: { repo } }: Asking,
  { license_key: key, license_id: id }: Naming,
  activation: ActivationRow | null,
): Promise<LicenseRow | null> {
  if (key === undefined && id === undefined && activation === null) return null;
  const license =
    key === undefined
      ? await repo.licenses.byId(id ?? activation?.licenseId ?? "")
      : await repo.licenses.byKeyHashes(await keyDigests(env, repo.tenantId, key));
  if (!license) throw licenseNotFound({});
  return license.row;
}

async function ofDevice({ env, var: { repo } }: Asking, license: LicenseRow, fingerprint: string): Promise<ActivationRow | null> {
  const found = await repo.suspicions.ofDevice(license.id, await deviceDigests(env, repo.tenantId, fingerprint));
  return (found && (await repo.activations.byId(found.id))) ?? null;
}
