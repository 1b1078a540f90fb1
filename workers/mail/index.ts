import { claimNotices } from "./internal.notices.claim.ts";
import { takeMailChannelsWebhook } from "./hooks.mailchannels.ts";
import { previewMail } from "./mail.preview.ts";
import { getMailStatus } from "./mail.status.ts";
import { sendTestMail } from "./mail.test.ts";
import { getMailPreferences } from "./mail_preferences.get.ts";
import { updateMailPreferences } from "./mail_preferences.update.ts";
import { getMailTemplate } from "./mail_templates.get.ts";
import { listMailTemplates } from "./mail_templates.list.ts";
import { resetMailTemplate } from "./mail_templates.reset.ts";
import { updateMailTemplate } from "./mail_templates.update.ts";
import { getNotice } from "./notices.get.ts";
import { listNotices } from "./notices.list.ts";
import { resendNotice } from "./notices.resend.ts";
import { confirmUnsubscribe } from "./unsubscribe.confirm.ts";
import { showUnsubscribe } from "./unsubscribe.show.ts";

/** What people are told by mail, in which words, whether they want it, and how each mail got there. */
export const mail = [
  listNotices,
  getNotice,
  resendNotice,
  getMailStatus,
  previewMail,
  sendTestMail,
  listMailTemplates,
  getMailTemplate,
  updateMailTemplate,
  resetMailTemplate,
  getMailPreferences,
  updateMailPreferences,
  showUnsubscribe,
  confirmUnsubscribe,
  takeMailChannelsWebhook,
  claimNotices,
];
