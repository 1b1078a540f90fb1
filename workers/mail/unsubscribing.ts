import type { Repo } from "#db/repo";
import { changing } from "#kernel/changing";
import { equalInConstantTime, hmac } from "#kernel/crypto";
import type { Env } from "#kernel/env";
import { changeFact } from "#kernel/facts";
import { base64url, fromBase64url, keyOf } from "#kernel/keyring";
import { platformKeys } from "#kernel/vault";
import { base32 } from "#rules/ids";
import { isNoticeKind, KINDS, NOTICE_KINDS, type NoticeKind } from "#rules/mail/kinds";
import { presentPreferences } from "./presenters.ts";

/** Who wants no more of what: ids alone, so that no address stands in a link. */
export type Subscription = { tenantId: string; recipientId: string; kind: NoticeKind };

/** The text behind `/unsubscribe/`: it can be made by the platform alone, and opens nothing else. */
export async function unsubscribeToken(env: Env, subscription: Subscription): Promise<string> {
  const ring = platformKeys(env);
  const named = nameOf(subscription);
  return `${base64url(new TextEncoder().encode(named))}.${await mac(keyOf(ring, ring.current), named)}`;
}

/** What a link speaks of, if it was made by us, under any platform key still in use; undefined otherwise. */
export async function subscriptionIn(env: Env, token: string): Promise<Subscription | undefined> {
  const [, encoded, sent] = /^([A-Za-z0-9_-]{1,300})\.([0-9a-hjkmnp-tv-z]{32})$/.exec(token) ?? [];
  if (encoded === undefined || sent === undefined) return undefined;
  const named = decoded(encoded);
  const macs = await Promise.all([...platformKeys(env).versions.values()].map((secret) => mac(secret, named)));
  if (!macs.some((each) => equalInConstantTime(each, sent))) return undefined;
  const [tenantId = "", recipientId = "", kind = ""] = named.split("/");
  return isNoticeKind(kind) && !KINDS[kind].isLegal ? { tenantId, recipientId, kind } : undefined;
}

/** A recipient who wants no more of some kinds, beside those they did not want before. Once more changes nothing. */
export async function unsubscribe(repo: Repo, recipientId: string, kinds: readonly NoticeKind[]): Promise<true> {
  const address = (await repo.customers.byId(recipientId))?.email ?? repo.tenant.ownerEmail;
  await changing(async () => {
    const before = await repo.mailPreferences.of(recipientId, address);
    const unsubscribed = NOTICE_KINDS.filter((kind) => before.unsubscribed.includes(kind) || kinds.includes(kind));
    if (unsubscribed.length === before.unsubscribed.length) return true;
    const [was, is] = [before.unsubscribed, unsubscribed].map((each) => presentPreferences(recipientId, each, before.bounce));
    const facts = was && is ? [changeFact("mail_preferences.updated", was, is)] : [];
    const change = { recipientId, unsubscribed, version: before.version, lift: null };
    return repo.mailPreferences.put(change, { facts, answer: [200, null] });
  });
  return true;
}

const nameOf = ({ tenantId, recipientId, kind }: Subscription): string => `${tenantId}/${recipientId}/${kind}`;

function decoded(text: string): string {
  try {
    return new TextDecoder().decode(fromBase64url(text));
  } catch {
    return "";
  }
}

async function mac(secret: Uint8Array, named: string): Promise<string> {
  return base32((await hmac(secret, `unsubscribe\n${named}`)).subarray(0, 20));
}
