import wellKnown from "nodemailer/lib/well-known";

/** An SMTP server, and how it is spoken to. */
export type SmtpConfig = {
  kind: "smtp";
  host: string;
  port: number;
  /** TLS from the first byte; else STARTTLS, which is demanded unless the server is on this very machine. */
  implicitTls: boolean;
  requireTls: boolean;
  auth: { user: string; pass: string } | null;
};

export type MailChannelsConfig = { kind: "mailchannels"; apiKey: string; baseUrl: string | null };

/** How mail goes out. */
export type MailConfig = (SmtpConfig | MailChannelsConfig) & {
  /** The address that mail is from, unless a tenant's own may be used. */
  from: string;
  /** The domains that tenants may send from; null: any. */
  fromDomains: readonly string[] | null;
};

type Given = (variable: string) => string | undefined;
/** Notes a problem; answers undefined, for the reader that has no value to give. */
type Complain = (variable: string, detail: string) => undefined;

const ADDRESS = /^[^\s@<>(),;:"[\]\\]+@[a-z0-9-]+(\.[a-z0-9-]+)*$/i;

/** Reads how mail goes out; null where nothing is said of it: then mail waits. */
export function readMail(given: Given, complain: Complain): MailConfig | null {
  const [host, apiKey] = [given("SMTP_HOST"), given("MAILCHANNELS_API_KEY")];
  if (host === undefined && apiKey === undefined) return null;
  if (host !== undefined && apiKey !== undefined) {
    complain("MAILCHANNELS_API_KEY", "and SMTP_HOST are two ways to send mail: set one of them");
    return null;
  }
  const from = given("SMTP_FROM_EMAIL");
  if (from === undefined)
    complain("SMTP_FROM_EMAIL", "is missing: the address that mail is from, for example licenses@example.com");
  else if (!ADDRESS.test(from)) complain("SMTP_FROM_EMAIL", "must be a mail address, for example licenses@example.com");
  const fromDomains = readFromDomains(given("MAIL_FROM_DOMAINS"), complain);
  const way = host === undefined ? readMailChannels(given, apiKey ?? "") : readSmtp(given, host, complain);
  return way && from !== undefined ? { ...way, from, fromDomains } : null;
}

function readMailChannels(given: Given, apiKey: string): MailChannelsConfig {
  return { kind: "mailchannels", apiKey, baseUrl: given("MAILCHANNELS_API_BASE") ?? null };
}

function readSmtp(given: Given, named: string, complain: Complain): SmtpConfig | undefined {
  // a name without a dot is a provider's, as nodemailer knows them: SendGrid, Postmark, SES-EU-CENTRAL-1 …
  const preset = /[.:]/.test(named) || named === "localhost" ? false : wellKnown(named);
  const host = preset ? preset.host : named;
  if (host === undefined || (!preset && !/^[a-z0-9.:-]+$/i.test(host))) {
    return complain(
      "SMTP_HOST",
      "must be the name of a server, or of a provider that nodemailer knows, such as SendGrid or Postmark",
    );
  }
  const port = readPort(given("SMTP_PORT") ?? String(preset ? (preset.port ?? 587) : 587), complain);
  const [user, pass] = [given("SMTP_USERNAME"), given("SMTP_PASSWORD")];
  if ((user === undefined) !== (pass === undefined)) {
    return complain(user === undefined ? "SMTP_USERNAME" : "SMTP_PASSWORD", "is missing, while the other of the two is set");
  }
  if (port === undefined) return undefined;
  const implicitTls = port === 465 || (preset !== false && preset.secure === true && given("SMTP_PORT") === undefined);
  const auth = user !== undefined && pass !== undefined ? { user, pass } : null;
  return { kind: "smtp", host, port, implicitTls, requireTls: !implicitTls && !isThisMachine(host), auth };
}

const isThisMachine = (host: string): boolean => host === "localhost" || host === "::1" || /^127\.\d+\.\d+\.\d+$/.test(host);

function readPort(text: string, complain: Complain): number | undefined {
  const port = /^\d{1,5}$/.test(text) ? Number(text) : 0;
  return port >= 1 && port <= 65_535 ? port : complain("SMTP_PORT", "must be a port number, 1 to 65535");
}

function readFromDomains(text: string | undefined, complain: Complain): readonly string[] | null {
  if (text === "*") return null;
  const domains = (text ?? "").split(",").flatMap((part) => (part.trim() === "" ? [] : [part.trim().toLowerCase()]));
  const wrong = domains.find((domain) => !/^[a-z0-9-]+(\.[a-z0-9-]+)+$/.test(domain));
  if (wrong !== undefined) complain("MAIL_FROM_DOMAINS", `must be domains with commas between, or *: "${wrong}" is none`);
  return domains;
}
