import { MAIL_LOCALES, isNoticeKind, KINDS, type MailLocale, type NoticeKind } from "#rules/mail/kinds";
import { faultsOf } from "#rules/mail/template";
import { mailTemplateInvalid, mailTemplateNotFound } from "./problems.ts";
import type { OwnWords } from "./rendering.ts";

/** The mail that a path names. Throws `mail_template_not_found`. */
export function namedTemplate({ kind, locale }: { kind: string; locale: string }): { kind: NoticeKind; locale: MailLocale } {
  const known = MAIL_LOCALES.find((each) => each === locale);
  if (!known || !isNoticeKind(kind)) throw mailTemplateNotFound({});
  return { kind, locale: known };
}

/** Refuses words that cannot be sent, with everything that is wrong with them. Throws `mail_template_invalid`. */
export function refuseFaults(kind: NoticeKind, { subject, body }: Partial<OwnWords>): void {
  const { placeholders, required } = KINDS[kind];
  const errors = [
    ...(subject === undefined ? [] : faultsOf(subject, { placeholders, required: [] })).map((fault) => ({
      pointer: "/subject",
      ...fault,
    })),
    ...(body === undefined ? [] : faultsOf(body, { placeholders, required })).map((fault) => ({ pointer: "/body", ...fault })),
  ];
  if (errors.length > 0) throw mailTemplateInvalid({}, { errors });
}
