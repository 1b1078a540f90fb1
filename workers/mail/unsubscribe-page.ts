import type { Context } from "hono";
import type { OpenedTenant } from "#kernel/asking";
import { problems } from "#kernel/endpoint";
import { z } from "#kernel/wire";
import { mailLocale, type MailLocale } from "#rules/mail/kinds";
import { escapeHtml } from "#rules/mail/template";
import { settingsOf } from "#rules/tenants/settings";
import { unsubscribeLinkInvalid } from "./problems.ts";

type Words = {
  title: string;
  broken: string;
  ask: (brand: string) => string;
  this: string;
  all: string;
  done: (brand: string) => string;
};

const WORDS: Record<MailLocale, Words> = {
  en: {
    title: "Unsubscribe",
    broken:
      "This link does not lead anywhere: it was cut off on its way, or is too old. Use the one in a newer mail, or answer the mail that it stands in.",
    ask: (brand) => `Do you want no more mails of this kind from ${brand}?`,
    this: "No more of this kind",
    all: "Nothing but what has to be",
    done: (brand) => `Done. ${brand} mails you only what you did not unsubscribe from, and what your licenses require.`,
  },
  de: {
    title: "Abbestellen",
    broken:
      "Dieser Link führt nirgendwohin: Er wurde unterwegs abgeschnitten oder ist zu alt. Nehmen Sie den aus einer neueren E-Mail, oder antworten Sie auf die E-Mail, in der er steht.",
    ask: (brand) => `Möchten Sie keine E-Mails dieser Art mehr von ${brand}?`,
    this: "Keine mehr dieser Art",
    all: "Nur noch das Notwendige",
    done: (brand) =>
      `Erledigt. ${brand} schreibt Ihnen nur noch, was Sie nicht abbestellt haben und was Ihre Lizenzen erfordern.`,
  },
};

/**
 * The page behind the link of a mail: a question with its buttons, or, once it was answered, that it is done. In the language of the mails to that recipient,
 * whatever the browser speaks.
 */
export async function unsubscribePage({ repo, tenant }: OpenedTenant, recipientId: string, isDone: boolean): Promise<string> {
  const { mail } = settingsOf(tenant.settings);
  const brand = mail.brand_name ?? tenant.name;
  const customer = await repo.customers.byId(recipientId);
  const locale = customer ? mailLocale(customer.locale, mail.locale, tenant.locale) : mailLocale(tenant.locale);
  const words = WORDS[locale];
  const name = escapeHtml(brand);
  const button = (scope: string, label: string) => `<button name="scope" value="${scope}">${label}</button>`;
  const body = isDone
    ? `<p>${words.done(name)}</p>`
    : `<p>${words.ask(name)}</p><form method="post">${button("kind", words.this)} ${button("all", words.all)}</form>`;
  return pageOf(locale, body);
}

/** The page behind a link that leads nowhere. It tells not whom it was for, so the browser's language has to do. */
const brokenLinkPage = (languages: string | undefined): string => {
  const locale = mailLocale(...(languages ?? "").split(",").map((each) => each.trim().split(";")[0]));
  return pageOf(locale, `<p>${WORDS[locale].broken}</p>`);
};

function pageOf(locale: MailLocale, body: string): string {
  return `<!doctype html><html lang="${locale}"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><meta name="robots" content="noindex"><title>${WORDS[locale].title}</title><style>body{font:16px/1.5 system-ui,sans-serif;max-width:32rem;margin:4rem auto;padding:0 1rem}button{font:inherit;padding:.5rem 1rem}</style></head><body><h1>${WORDS[locale].title}</h1>${body}</body></html>`;
}

/** Sends such a page: it loads nothing, tells nobody where it was, and stands in no other page. */
export function answerPage(c: Context, page: string) {
  c.header(
    "content-security-policy",
    "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'",
  );
  c.header("referrer-policy", "no-referrer");
  c.header("cache-control", "no-store");
  return page;
}

const problem = problems(unsubscribeLinkInvalid) as { 404: { content: object; description: string } };

/** What such a link is answered, as the document says: a page for who looks, the problem for programs. */
export const BROKEN_LINK = {
  404: { ...problem[404], content: { ...problem[404].content, "text/html": { schema: z.string() } } },
};

/** Says that a link leads nowhere: to a browser by a page, to a program by throwing `unsubscribe_link_invalid`. */
export function answerBrokenLink(c: Context) {
  if (!/\btext\/html\b/.test(c.req.header("accept") ?? "")) throw unsubscribeLinkInvalid({});
  return c.html(answerPage(c, brokenLinkPage(c.req.header("accept-language"))), 404);
}
