import {
  licensesOfOrders,
  ownWords,
  readLeasedNotices,
  type LeasedNotice,
  type NoticeRef,
  type OrderedLicense,
  type TemplateRow,
} from "#db/mail/pump";
import { businessNow } from "#kernel/clock";
import type { Env } from "#kernel/env";
import { vaultOf } from "#kernel/vault";
import { KEYS_IN_A_MAIL, KINDS, mailLocale, type MailLocale, type NoticeKind } from "#rules/mail/kinds";
import type { SuppressedReason } from "#rules/mail/states";
import { oneLine, type Values } from "#rules/mail/template";
import { settingsOf } from "#rules/tenants/settings";
import { addresseeOf } from "./addressee.ts";
import type { Result } from "./recording.ts";
import { brandValues, dateIn, keyLine, render, sampleValues } from "./rendering.ts";
import { unsubscribeToken } from "./unsubscribing.ts";

/** A mail as it goes out: complete, so that whoever sends it asks for nothing more. */
export type OutgoingMail = {
  tenant_id: string;
  notice_id: string;
  attempt: number;
  /** What its Message-ID begins with: the same on every retry. */
  message_ref: string;
  from: { name: string; address: string | null };
  reply_to: string | null;
  to: string;
  subject: string;
  html: string;
  text: string;
  unsubscribe_url: string | null;
};

type Where = { env: Env; publicUrl: string; now: Date };

/**
 * Makes the mails of what was leased, with everything as it stands at this moment; those that their recipient does not want, or that cannot
 * reach them, come back with why. What cannot be made, because a key does not open any more, comes back as an attempt that is put off: one
 * tenant's broken key must not hold up everybody's mail.
 */
export async function makeMails(
  where: Where,
  d1: D1Database,
  refs: readonly NoticeRef[],
): Promise<{ ready: OutgoingMail[]; unwanted: (NoticeRef & { reason: SuppressedReason })[]; unmade: Result[] }> {
  const made = {
    ready: [] as OutgoingMail[],
    unwanted: [] as (NoticeRef & { reason: SuppressedReason })[],
    unmade: [] as Result[],
  };
  if (refs.length === 0) return made;
  const leased = await readLeasedNotices(d1, refs);
  const shown = leased.map(({ notice }) => ({ tenantId: notice.tenantId, kind: shownKind(notice) }));
  const [own, ordered] = await Promise.all([ownWords(d1, shown), licensesOfOrders(d1, leased.flatMap(orderToList))]);
  for (const row of leased) {
    const { tenantId, id, attempts } = row.notice;
    const reason = whyUnwanted(row);
    if (reason) made.unwanted.push({ tenantId, id, reason });
    else {
      try {
        made.ready.push(await mailOf(where, row, own, ordered));
      } catch {
        const outcome = {
          kind: "deferred" as const,
          status: null,
          detail: "It cannot be made: what was sealed does not open.",
          durationMs: 0,
        };
        made.unmade.push({ tenantId, id, attempt: attempts + 1, messageId: null, outcome });
      }
    }
  }
  return made;
}

const shownKind = ({ kind, params }: LeasedNotice["notice"]): NoticeKind => params.kind ?? kind;

/** Why a mail is not sent, as things stand now. */
function whyUnwanted({ notice, tenant, unsubscribed, bouncedAt }: LeasedNotice): SuppressedReason | null {
  if (notice.recipient === "") return "no_address";
  if (settingsOf(tenant.settings).mail.disabled_kinds.includes(notice.kind)) return "kind_disabled";
  if (KINDS[notice.kind].isLegal) return null;
  if (unsubscribed?.includes(notice.kind) === true) return "unsubscribed";
  return bouncedAt === null ? null : "address_bounced";
}

async function mailOf(
  where: Where,
  row: LeasedNotice,
  own: readonly TemplateRow[],
  ordered: readonly OrderedLicense[],
): Promise<OutgoingMail> {
  const { notice, tenant } = row;
  const { mail } = settingsOf(tenant.settings);
  const kind = shownKind(notice);
  const locale = mailLocale(notice.params.locale, notice.locale);
  const words = own.find((each) => each.tenantId === tenant.id && each.kind === kind && each.locale === locale);
  const unsubscribeUrl = await unsubscribeUrlOf(where, row);
  const known =
    notice.kind === "test"
      ? sampleValues(locale, notice.recipient)
      : { ...(await valuesOf(where, row, locale)), ...(await orderValues(where, row, ordered, locale)) };
  const values = { ...known, ...brandValues(tenant.name, mail), "mail.unsubscribe_url": unsubscribeUrl ?? "" };
  return {
    tenant_id: tenant.id,
    notice_id: notice.id,
    attempt: notice.attempts + 1,
    message_ref: notice.resentAfter === 0 ? notice.id : `${notice.id}.${notice.resentAfter}`,
    from: { name: oneLine(mail.from_name ?? mail.brand_name ?? tenant.name, 100), address: mail.from_email },
    reply_to: mail.reply_to ?? mail.from_email,
    to: addresseeOf(where.env, row),
    ...render(kind, locale, words, values, tenant.livemode && notice.kind !== "test" ? "" : "[Test] "),
    unsubscribe_url: unsubscribeUrl,
  };
}

async function unsubscribeUrlOf({ env, publicUrl }: Where, { notice, tenant }: LeasedNotice): Promise<string | null> {
  if (KINDS[notice.kind].isLegal) return null;
  const recipientId = notice.customerId ?? tenant.id;
  return `${publicUrl}/unsubscribe/${await unsubscribeToken(env, { tenantId: tenant.id, recipientId, kind: notice.kind })}`;
}

/** What is known of the fact that a mail tells of, as it was told, and of those whom it concerns, as they are now. */
async function valuesOf(where: Where, row: LeasedNotice, locale: MailLocale): Promise<Values> {
  const { notice, tenant, event, productName } = row;
  const object = event?.data.object ?? {};
  const said = (name: string): string => {
    const value = object[name];
    return typeof value === "string" || typeof value === "number" ? String(value) : "";
  };
  const isOwner = notice.audience === "owner";
  const zone = row.customerZone ?? tenant.timeZone;
  return {
    "recipient.name": (isOwner ? tenant.ownerName : row.customerName) ?? notice.recipient,
    "recipient.email": notice.recipient,
    "product.name": productName ?? "",
    "license.id": notice.subjectType === "license" ? notice.subjectId : "",
    "license.last4": said("key_last4"),
    "license.issued_to": said("issued_to"),
    "license.expires_on": said("expires_at") === "" ? "" : dateIn(new Date(said("expires_at")), locale, zone),
    "license.key": KINDS[notice.kind].placeholders.includes("license.key") ? await openedKey(where, row) : "",
    "transfer.received": notice.audience === "customer" ? "yes" : "",
    "alert.what": said("feature") || said("limit"),
    "alert.percent": said("percent"),
    "alert.used": said("used"),
    "alert.limit": said("limit_value"),
    "tenant.name": tenant.name,
    "tenant.docs_url": `${where.publicUrl}/docs`,
  };
}

const licensesOrdered = ({ event }: LeasedNotice): number => {
  const ids = event?.data.object["license_ids"];
  return Array.isArray(ids) ? ids.length : 0;
};

/** The order whose keys stand in its mail; none where they would be too many. */
function orderToList(row: LeasedNotice): { tenantId: string; orderId: string }[] {
  const { notice } = row;
  if (notice.kind !== "order_fulfilled" || licensesOrdered(row) > KEYS_IN_A_MAIL) return [];
  return [{ tenantId: notice.tenantId, orderId: notice.subjectId }];
}

/** What a mail about an order names: its number, how many licenses it came to, and their keys where they are few enough. */
async function orderValues(
  where: Where,
  row: LeasedNotice,
  ordered: readonly OrderedLicense[],
  locale: MailLocale,
): Promise<Values> {
  const { notice, tenant, event } = row;
  if (notice.kind !== "order_fulfilled") return {};
  const zone = row.customerZone ?? tenant.timeZone;
  const mine = ordered.filter(({ tenantId, orderId }) => tenantId === tenant.id && orderId === notice.subjectId);
  const lines = await Promise.all(
    mine.map(async (license) => {
      const { productName, expiresAt, keyLast4 } = license;
      const expiresOn = expiresAt === null ? "" : dateIn(expiresAt, locale, zone);
      const key = await openedKey(where, { tenant, license });
      return keyLine({ product: productName, expiresOn, key, last4: keyLast4 }, locale);
    }),
  );
  const number = event?.data.object["number"];
  return {
    "order.number": typeof number === "string" ? number : "",
    "order.licenses_count": String(licensesOrdered(row)),
    "order.keys": lines.join("\n"),
  };
}

/** The license key, where a copy of it is kept; it stands in the mail alone. Throws when the copy does not open. */
async function openedKey({ env, now }: Where, { tenant, license }: Pick<LeasedNotice, "tenant" | "license">): Promise<string> {
  if (!license || license.keySealed === null) return "";
  const { id, keySealed, keySealedUntil } = license;
  if (keySealedUntil !== null && keySealedUntil <= businessNow(now, tenant)) return "";
  return vaultOf(env, tenant.id, tenant.dataKey).unseal(["licenses", id, "key_sealed"], keySealed);
}
