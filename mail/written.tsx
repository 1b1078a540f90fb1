import { render } from "@react-email/components";
import { renderToStaticMarkup } from "react-dom/server";
import { MAIL_LOCALES, NOTICE_KINDS, type MailLocale, type NoticeKind } from "#rules/mail/kinds";
import { Blocks, textOf } from "./blocks.tsx";
import { BODY, Frame, frameText } from "./frame.tsx";
import { WORDS } from "./words.ts";

/** One mail in one language, with its placeholders: the words alone, to be put into the frame. */
type Written = { subject: string; html: string; text: string };

/** What is around the words: HTML before and behind them, and what follows the text. */
type WrittenFrame = { before: string; behind: string; text: string };

/** Everything that React makes of the templates: what the edge needs to make a mail, without React. */
export async function writeAll(): Promise<{
  frames: Record<MailLocale, WrittenFrame>;
  mails: Record<NoticeKind, Record<MailLocale, Written>>;
}> {
  const frames = await Promise.all(MAIL_LOCALES.map(async (locale) => [locale, await frameOf(locale)] as const));
  const mails = NOTICE_KINDS.map((kind) => {
    const each = MAIL_LOCALES.map((locale) => [locale, mailOf(kind, locale)] as const);
    return [kind, Object.fromEntries(each) as Record<MailLocale, Written>] as const;
  });
  return {
    frames: Object.fromEntries(frames) as Record<MailLocale, WrittenFrame>,
    mails: Object.fromEntries(mails) as Record<NoticeKind, Record<MailLocale, Written>>,
  };
}

async function frameOf(locale: MailLocale): Promise<WrittenFrame> {
  const html = await render(<Frame locale={locale} />);
  const [before, behind, more] = html.split(BODY);
  if (before === undefined || behind === undefined || more !== undefined) throw new Error("The frame must hold the words once");
  return { before, behind, text: frameText(locale) };
}

function mailOf(kind: NoticeKind, locale: MailLocale): Written {
  const { subject, blocks } = WORDS[kind][locale];
  return { subject, html: renderToStaticMarkup(<Blocks blocks={blocks} />), text: textOf(blocks) };
}
