import { defineProblem } from "#kernel/problem";

export const noticeNotFound = defineProblem({
  code: "notice_not_found",
  status: 404,
  title: "No such notice",
  fix: "List them with GET /v1/notices.",
  detail: () => "This tenant has no notice of this id.",
});

export const mailTemplateNotFound = defineProblem({
  code: "mail_template_not_found",
  status: 404,
  title: "No such mail template",
  fix: "List the kinds and languages with GET /v1/mail/templates.",
  detail: () => "There is no mail of this kind in this language.",
});

export const mailTemplateInvalid = defineProblem({
  code: "mail_template_invalid",
  status: 400,
  title: "The words of the mail cannot be sent as they are",
  fix: "Mend what `errors` names; GET /v1/mail/templates shows which placeholders a mail knows and needs.",
  detail: () => "Its subject or body names what there is not, leaves out what must stand in it, or is no template.",
});

export const mailEventsRefused = defineProblem({
  code: "mail_events_refused",
  status: 400,
  title: "The webhook is not accepted",
  fix: "Check LATCHKEY_MAILCHANNELS_HANDLES and LATCHKEY_MAILCHANNELS_WEBHOOK_KEYS, and that the clock of the sender is right.",
  detail: () => "The request does not prove that it is a recent list of events of the account that mail is sent by.",
});

export const unsubscribeLinkInvalid = defineProblem({
  code: "unsubscribe_link_invalid",
  status: 404,
  title: "This link does not lead anywhere",
  fix: "Use the link of a newer mail, or write to whoever sent it.",
  detail: () => "It was not made by us, was cut off, or is too old.",
});
