import { readFileSync } from "node:fs";
import path from "node:path";
import { expect, test } from "vitest";
import { KINDS, MAIL_LOCALES, NOTICE_KINDS } from "#rules/mail/kinds";
import { faultsOf, namesIn, parseTemplate } from "#rules/mail/template";
import { WRITTEN_FILE, writtenMail } from "../../tools/mail/writing.ts";
import { FRAMES, MAILS } from "../../workers/mail/written.ts";

const root = path.join(import.meta.dirname, "../..");

test("the mails that the edge sends are those that the templates say", async () => {
  expect(await writtenMail(root)).toBe(readFileSync(WRITTEN_FILE, "utf8"));
});

const every = NOTICE_KINDS.flatMap((kind) => MAIL_LOCALES.map((locale) => [kind, locale] as const));

test.each(every)("%s in %s names what there is, and what it must", (kind, locale) => {
  const { subject, text, html } = MAILS[kind][locale];
  const { placeholders, required } = KINDS[kind];
  expect(faultsOf(subject, { placeholders, required: [] })).toEqual([]);
  expect(faultsOf(text, { placeholders, required })).toEqual([]);
  // the brand's colour is a matter of the layout
  expect(faultsOf(html, { placeholders: [...placeholders, "brand.color"], required })).toEqual([]);
});

test.each(MAIL_LOCALES)("the frame in %s is a whole page around the words, with a way to unsubscribe", (locale) => {
  const { before, behind, text } = FRAMES[locale];
  expect(before).toMatch(new RegExp(`^<!DOCTYPE html.*<html[^>]* lang="${locale}"`, "s"));
  expect(behind.trimEnd()).toMatch(/<\/html>(<!--\/\$-->)?$/);
  for (const part of [before, behind, text]) expect("template" in parseTemplate(part)).toBe(true);
  const read = parseTemplate(behind);
  expect("template" in read && namesIn(read.template)).toContain("mail.unsubscribe_url");
  expect(before).not.toContain("<script");
});
