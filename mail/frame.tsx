import { Body, Container, Head, Hr, Html, Img, Link, Section, Text } from "@react-email/components";
import type { MailLocale } from "#rules/mail/kinds";
import { FOOTER } from "./words.ts";

/** Where the words of a mail go. */
export const BODY = "@@the words of the mail@@";

const small = { fontSize: "13px", lineHeight: "20px", color: "#6b7280", margin: "0" };

/** What is around the words of every mail: the tenant's brand above, who sent it and how to get no more of it below. */
export function Frame({ locale }: { locale: MailLocale }) {
  return (
    <Html lang={locale}>
      <Head>
        <meta name="color-scheme" content="light" />
      </Head>
      <Body
        style={{
          backgroundColor: "#f9fafb",
          fontFamily: "-apple-system, Segoe UI, Roboto, Helvetica, Arial, sans-serif",
          margin: "0",
        }}
      >
        <div style={{ display: "none", overflow: "hidden", maxHeight: "0", opacity: "0" }}>{"{{ mail.subject }}"}</div>
        <Container style={{ maxWidth: "560px", margin: "0 auto", padding: "32px 16px" }}>
          <Section style={{ borderTop: "4px solid {{ brand.color }}", backgroundColor: "#ffffff", padding: "32px" }}>
            {"{{#if brand.logo_url}}"}
            <Img src="{{ brand.logo_url }}" alt="{{ brand.name }}" height="40" loading="lazy" style={{ margin: "0 0 24px" }} />
            {"{{else}}"}
            <Text style={{ fontSize: "20px", fontWeight: "bold", color: "{{ brand.color }}", margin: "0 0 24px" }}>
              {"{{ brand.name }}"}
            </Text>
            {"{{/if}}"}
            {BODY}
          </Section>
          <Hr style={{ borderColor: "#e5e7eb", margin: "24px 0 16px" }} />
          <Text style={small}>{"{{ brand.name }}"}</Text>
          {"{{#if brand.footer}}"}
          <Text style={small}>{"{{ brand.footer }}"}</Text>
          {"{{/if}}"}
          {"{{#if mail.unsubscribe_url}}"}
          <Text style={small}>
            <Link href="{{ mail.unsubscribe_url }}" style={{ color: "#6b7280", textDecoration: "underline" }}>
              {FOOTER[locale].unsubscribe}
            </Link>
          </Text>
          {"{{/if}}"}
        </Container>
      </Body>
    </Html>
  );
}

/** The same below a text. */
export const frameText = (locale: MailLocale): string =>
  `-- \n{{ brand.name }}\n{{#if brand.footer}}{{ brand.footer }}\n{{/if}}{{#if mail.unsubscribe_url}}\n${FOOTER[locale].unsubscribe}: {{ mail.unsubscribe_url }}\n{{/if}}`;
