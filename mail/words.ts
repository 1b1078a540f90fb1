import type { MailLocale, NoticeKind } from "#rules/mail/kinds";

/** A part of a mail, as it is written down; `if` keeps a part when a value is not empty. */
export type Block =
  | { kind: "paragraph"; text: string }
  | { kind: "key" }
  | { kind: "keys" }
  | { kind: "if"; name: string; kept: readonly Block[]; otherwise?: readonly Block[] };

/** What a mail says, in one language. */
export type Words = { subject: string; blocks: readonly Block[] };

const p = (text: string): Block => ({ kind: "paragraph", text });

const EXPIRES: Record<MailLocale, Block> = {
  en: { kind: "if", name: "license.expires_on", kept: [p("It is valid until {{ license.expires_on }}.")] },
  de: { kind: "if", name: "license.expires_on", kept: [p("Sie gilt bis zum {{ license.expires_on }}.")] },
};

const KEY: Record<MailLocale, readonly Block[]> = {
  en: [
    {
      kind: "if",
      name: "license.key",
      kept: [p("Your license key:"), { kind: "key" }, p("Keep it: whoever has this key can use the license.")],
      otherwise: [
        p("The key of this license ends in {{ license.last4 }}. We keep no copy of it; {{ brand.name }} gives it to you."),
      ],
    },
  ],
  de: [
    {
      kind: "if",
      name: "license.key",
      kept: [
        p("Ihr Lizenzschlüssel:"),
        { kind: "key" },
        p("Bewahren Sie ihn gut auf: Wer diesen Schlüssel hat, kann die Lizenz nutzen."),
      ],
      otherwise: [
        p(
          "Der Schlüssel dieser Lizenz endet auf {{ license.last4 }}. Wir behalten keine Kopie davon; Sie erhalten ihn von {{ brand.name }}.",
        ),
      ],
    },
  ],
};

const hello: Record<MailLocale, Block> = { en: p("Hello {{ recipient.name }},"), de: p("Guten Tag {{ recipient.name }},") };

/** Every mail in every language. Who changes one runs `npm run build:mail`. */
export const WORDS: Record<NoticeKind, Record<MailLocale, Words>> = {
  order_fulfilled: {
    en: {
      subject: "Your order {{ order.number }}",
      blocks: [
        hello.en,
        p("thank you for your order {{ order.number }}. It is ready. Number of licenses: {{ order.licenses_count }}."),
        {
          kind: "if",
          name: "order.keys",
          kept: [p("Your license keys:"), { kind: "keys" }, p("Keep them: whoever has such a key can use its license.")],
          otherwise: [
            p(
              "These are too many keys for a mail. Answer this mail, or write to {{ brand.name }}, and name the order: then you get them as a list.",
            ),
          ],
        },
      ],
    },
    de: {
      subject: "Ihre Bestellung {{ order.number }}",
      blocks: [
        hello.de,
        p("danke für Ihre Bestellung {{ order.number }}. Sie ist fertig. Anzahl der Lizenzen: {{ order.licenses_count }}."),
        {
          kind: "if",
          name: "order.keys",
          kept: [
            p("Ihre Lizenzschlüssel:"),
            { kind: "keys" },
            p("Bewahren Sie sie gut auf: Wer einen solchen Schlüssel hat, kann dessen Lizenz nutzen."),
          ],
          otherwise: [
            p(
              "Das sind zu viele Schlüssel für eine E-Mail. Antworten Sie auf diese E-Mail oder schreiben Sie an {{ brand.name }} und nennen Sie die Bestellung: Dann erhalten Sie sie als Liste.",
            ),
          ],
        },
      ],
    },
  },
  license_issued: {
    en: {
      subject: "Your license for {{ product.name }}",
      blocks: [hello.en, p("thank you for choosing {{ product.name }}. Here is your license."), ...KEY.en, EXPIRES.en],
    },
    de: {
      subject: "Ihre Lizenz für {{ product.name }}",
      blocks: [
        hello.de,
        p("danke, dass Sie sich für {{ product.name }} entschieden haben. Hier ist Ihre Lizenz."),
        ...KEY.de,
        EXPIRES.de,
      ],
    },
  },
  trial_started: {
    en: {
      subject: "Your trial of {{ product.name }} has begun",
      blocks: [
        hello.en,
        p("your trial of {{ product.name }} has begun."),
        ...KEY.en,
        { kind: "if", name: "license.expires_on", kept: [p("The trial ends on {{ license.expires_on }}.")] },
      ],
    },
    de: {
      subject: "Ihre Testphase für {{ product.name }} hat begonnen",
      blocks: [
        hello.de,
        p("Ihre Testphase für {{ product.name }} hat begonnen."),
        ...KEY.de,
        { kind: "if", name: "license.expires_on", kept: [p("Die Testphase endet am {{ license.expires_on }}.")] },
      ],
    },
  },
  license_suspended: {
    en: {
      subject: "Your license for {{ product.name }} is suspended",
      blocks: [
        hello.en,
        p(
          "your license for {{ product.name }} (key ending in {{ license.last4 }}) is suspended. Until it is reinstated, it cannot be used.",
        ),
        p("If you did not expect this, answer this mail or write to {{ brand.name }}."),
      ],
    },
    de: {
      subject: "Ihre Lizenz für {{ product.name }} ist ausgesetzt",
      blocks: [
        hello.de,
        p(
          "Ihre Lizenz für {{ product.name }} (Schlüssel endet auf {{ license.last4 }}) ist ausgesetzt. Bis sie wieder gilt, kann sie nicht genutzt werden.",
        ),
        p("Wenn Sie das nicht erwartet haben, antworten Sie auf diese E-Mail oder schreiben Sie an {{ brand.name }}."),
      ],
    },
  },
  license_reinstated: {
    en: {
      subject: "Your license for {{ product.name }} is valid again",
      blocks: [
        hello.en,
        p("your license for {{ product.name }} (key ending in {{ license.last4 }}) can be used again."),
        EXPIRES.en,
      ],
    },
    de: {
      subject: "Ihre Lizenz für {{ product.name }} gilt wieder",
      blocks: [
        hello.de,
        p("Ihre Lizenz für {{ product.name }} (Schlüssel endet auf {{ license.last4 }}) kann wieder genutzt werden."),
        EXPIRES.de,
      ],
    },
  },
  license_revoked: {
    en: {
      subject: "Your license for {{ product.name }} was revoked",
      blocks: [
        hello.en,
        p("your license for {{ product.name }} (key ending in {{ license.last4 }}) was revoked. It cannot be used any more."),
        p("If you think that this is a mistake, answer this mail or write to {{ brand.name }}."),
      ],
    },
    de: {
      subject: "Ihre Lizenz für {{ product.name }} wurde widerrufen",
      blocks: [
        hello.de,
        p(
          "Ihre Lizenz für {{ product.name }} (Schlüssel endet auf {{ license.last4 }}) wurde widerrufen. Sie kann nicht mehr genutzt werden.",
        ),
        p("Wenn Sie das für einen Irrtum halten, antworten Sie auf diese E-Mail oder schreiben Sie an {{ brand.name }}."),
      ],
    },
  },
  license_transferred: {
    en: {
      subject: "A license for {{ product.name }} was transferred",
      blocks: [
        hello.en,
        {
          kind: "if",
          name: "transfer.received",
          kept: [
            p(
              "a license for {{ product.name }} (key ending in {{ license.last4 }}) was transferred to you. It is yours from now on.",
            ),
          ],
          otherwise: [
            p(
              "your license for {{ product.name }} (key ending in {{ license.last4 }}) was transferred to somebody else. Your devices can use it no longer.",
            ),
            p("If you did not ask for this, answer this mail or write to {{ brand.name }} at once."),
          ],
        },
      ],
    },
    de: {
      subject: "Eine Lizenz für {{ product.name }} wurde übertragen",
      blocks: [
        hello.de,
        {
          kind: "if",
          name: "transfer.received",
          kept: [
            p(
              "eine Lizenz für {{ product.name }} (Schlüssel endet auf {{ license.last4 }}) wurde Ihnen übertragen. Sie gehört von nun an Ihnen.",
            ),
          ],
          otherwise: [
            p(
              "Ihre Lizenz für {{ product.name }} (Schlüssel endet auf {{ license.last4 }}) wurde an jemand anderen übertragen. Ihre Geräte können sie nicht mehr nutzen.",
            ),
            p(
              "Wenn Sie das nicht veranlasst haben, antworten Sie umgehend auf diese E-Mail oder schreiben Sie an {{ brand.name }}.",
            ),
          ],
        },
      ],
    },
  },
  quota_alert: {
    en: {
      subject: "{{ alert.what }}: {{ alert.percent }} % used",
      blocks: [
        hello.en,
        p("{{ alert.percent }} % of {{ alert.what }} are used: {{ alert.used }} of {{ alert.limit }}."),
        { kind: "if", name: "license.id", kept: [p("It is the quota of the license {{ license.id }}.")] },
      ],
    },
    de: {
      subject: "{{ alert.what }}: {{ alert.percent }} % verbraucht",
      blocks: [
        hello.de,
        p("{{ alert.percent }} % von {{ alert.what }} sind verbraucht: {{ alert.used }} von {{ alert.limit }}."),
        { kind: "if", name: "license.id", kept: [p("Es geht um das Kontingent der Lizenz {{ license.id }}.")] },
      ],
    },
  },
  welcome: {
    en: {
      subject: "{{ tenant.name }} is ready",
      blocks: [
        hello.en,
        p(
          "{{ tenant.name }} is set up, with a sandbox beside it. Its keys were shown once to whoever created it; make further ones with the API.",
        ),
        p("The API reference: {{ tenant.docs_url }}"),
      ],
    },
    de: {
      subject: "{{ tenant.name }} ist bereit",
      blocks: [
        hello.de,
        p(
          "{{ tenant.name }} ist eingerichtet, mit einer Sandbox daneben. Die Schlüssel wurden einmal angezeigt; weitere erstellen Sie mit der API.",
        ),
        p("Die API-Referenz: {{ tenant.docs_url }}"),
      ],
    },
  },
  test: {
    en: {
      subject: "A test of the mail of {{ brand.name }}",
      blocks: [hello.en, p("this is a test. Mail of {{ brand.name }} arrives at {{ recipient.email }}.")],
    },
    de: {
      subject: "Ein Test der E-Mails von {{ brand.name }}",
      blocks: [hello.de, p("dies ist ein Test. E-Mails von {{ brand.name }} kommen bei {{ recipient.email }} an.")],
    },
  },
};

/** What stands under every mail. */
export const FOOTER: Record<MailLocale, { unsubscribe: string }> = {
  en: { unsubscribe: "No more mails of this kind" },
  de: { unsubscribe: "Keine E-Mails dieser Art mehr" },
};
