import type { ReceivedMail } from "./received.ts";

const escape = (text: string): string =>
  text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll('"', "&quot;");

const STYLE =
  "body{font:15px/1.5 system-ui,sans-serif;margin:2rem auto;max-width:60rem;padding:0 1rem;color:#1f2937}table{border-collapse:collapse;width:100%}td,th{text-align:left;padding:.4rem .6rem;border-bottom:1px solid #e5e7eb}iframe{width:100%;height:70vh;border:1px solid #e5e7eb}pre{white-space:pre-wrap;background:#f3f4f6;padding:1rem}";

const page = (title: string, body: string): string =>
  `<!doctype html><html lang="en"><meta charset="utf-8"><title>${escape(title)}</title><style>${STYLE}</style><body>${body}</body></html>`;

/** Every mail that came, newest first. */
export function outboxPage(mails: readonly ReceivedMail[]): string {
  const rows = mails
    .toReversed()
    .map(
      ({ id, at, to, subject }) =>
        `<tr><td>${escape(at)}</td><td>${escape(to.join(", "))}</td><td><a href="/mail/${id}">${escape(subject || "(no subject)")}</a></td></tr>`,
    );
  const list =
    rows.length === 0 ? "<p>No mail yet.</p>" : `<table><tr><th>At</th><th>To</th><th>Subject</th></tr>${rows.join("")}</table>`;
  return page("Outbox", `<h1>Outbox</h1>${list}`);
}

/** One mail as it looks, as text, and with its headers. What stands in it can run nothing. */
export function mailPage({ id, subject, headers, html, text }: ReceivedMail): string {
  const lines = headers.map(({ name, value }) => `${name}: ${value}`).join("\n");
  return page(
    subject,
    `<p><a href="/">Outbox</a></p><h1>${escape(subject)}</h1><iframe sandbox srcdoc="${escape(html)}" title="mail ${id}"></iframe><h2>As text</h2><pre>${escape(text)}</pre><h2>Headers</h2><pre>${escape(lines)}</pre>`,
  );
}
