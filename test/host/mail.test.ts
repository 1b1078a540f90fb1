import { MockActivityEnvironment } from "@temporalio/testing";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { startMailSink, type MailSink } from "../../simulators/mail/server.ts";
import type { ReceivedMail } from "../../simulators/mail/received.ts";
import { openEdge } from "../../worker-host/edge/client.ts";
import { edgeRoutes, type MailResult } from "../../worker-host/edge/routes.ts";
import { mailActivities } from "../../worker-host/mail/activities.ts";
import { readMail, type MailConfig } from "../../worker-host/mail/config.ts";
import { postmanOf, type Postman } from "../../worker-host/mail/postman.ts";
import { edgeStandIn, until, type EdgeStandIn } from "./edge-stand-in.ts";
import { keptLog } from "./log-lines.ts";

const CLAIM = "/internal/notices/claim";
let edge: EdgeStandIn;
let sink: MailSink;
beforeEach(async () => {
  [edge, sink] = await Promise.all([edgeStandIn({ retryMs: 100 }), startMailSink({ port: 0, smtpPort: 0 })]);
});
afterEach(() => Promise.all([edge.close(), sink.close()]));

const received = async () => (await fetch(`${sink.url}/_log`)).json<ReceivedMail[]>();
const control = async (body: object) => {
  const answer = await fetch(`${sink.url}/_control`, { method: "POST", body: JSON.stringify(body) });
  if (!answer.ok) throw new Error(await answer.text());
};

/** How the sink is reached, as the variables would say. */
function configOf(variables: Record<string, string> = {}): MailConfig {
  const given = {
    SMTP_HOST: "127.0.0.1",
    SMTP_PORT: new URL(sink.smtpUrl).port,
    SMTP_FROM_EMAIL: "licenses@vendor.example",
    ...variables,
  };
  const problems: string[] = [];
  const config = readMail(
    (name) => (given as Record<string, string>)[name],
    (variable, detail) => void problems.push(`${variable} ${detail}`),
  );
  if (!config) throw new Error(problems.join(", "));
  return config;
}

/** One round of the drain activity, as Temporal would run it. */
function round({ held, postman = postmanOf(configOf()) }: { held?: unknown; postman?: Postman } = {}) {
  const { log } = keptLog();
  const activities = mailActivities({ edge: edgeRoutes(openEdge(edge)), postman, failpoint: () => undefined, log });
  const environment = new MockActivityEnvironment({ heartbeatDetails: held });
  const beats: MailResult[][] = [];
  environment.on("heartbeat", (details: MailResult[]) => beats.push(details));
  const finished = environment.run(activities.drainNotices, { shard: "00" });
  return { finished, beats, stop: () => environment.cancel("WORKER_SHUTDOWN") };
}

const states = () => edge.mail.rows.map(({ state }) => state);

describe("a round of mail", () => {
  test("sends each as it was made, with one-click unsubscribe where there is one, and records how it went", async () => {
    edge.mail.add({ unsubscribe_url: "https://latchkey.test/unsubscribe/abc", reply_to: "help@vendor.example" });
    edge.mail.add({ from: { name: 'Eve", <evil@x.example>', address: "own@acme.example" }, subject: "Grüße aus Wien" });
    const { finished, stop } = round();
    await until("both are recorded", () => edge.mail.results.length === 2);
    stop();
    expect(await finished).toEqual({ sent: 2, accepted: 2, waiting_for: null });
    const mails = (await received()).toSorted((a, b) => a.message_id.localeCompare(b.message_id));
    expect(mails).toMatchObject([
      {
        envelope_from: "licenses@vendor.example",
        to: ["ada1@customer.example"],
        from: "Acme <licenses@vendor.example>",
        reply_to: "help@vendor.example",
        message_id: "<ntc_001@vendor.example>",
        text: expect.stringContaining("Grüße"),
        html: expect.stringContaining("<p>Grüße</p>"),
      },
      { from: 'Eve", <evil@x.example> <licenses@vendor.example>', subject: "Grüße aus Wien" },
    ]);
    const header = (n: number, name: string) => mails[n]?.headers.find((each) => each.name === name)?.value;
    expect(header(0, "list-unsubscribe")).toBe("<https://latchkey.test/unsubscribe/abc>");
    expect(header(0, "list-unsubscribe-post")).toBe("List-Unsubscribe=One-Click");
    expect(header(0, "auto-submitted")).toBe("auto-generated");
    expect(header(1, "list-unsubscribe")).toBeUndefined();
    expect(edge.mail.states.at(-1)).toEqual({ transport: "smtp", problem: null });
  });

  test("sends from a tenant's own address only where the transport may send for its domain", async () => {
    edge.mail.add({ from: { name: "Acme", address: "hello@ACME.example" } });
    edge.mail.add({ from: { name: "Bad", address: "ceo@bank.example" } });
    const { finished, stop } = round({ postman: postmanOf(configOf({ MAIL_FROM_DOMAINS: "acme.example" })) });
    await until("both are recorded", () => edge.mail.results.length === 2);
    stop();
    await finished;
    expect(new Set((await received()).map(({ from }) => from))).toEqual(
      new Set(["Acme <hello@acme.example>", "Bad <licenses@vendor.example>"]),
    );
  });

  test("a server that is down for a while costs no mail an attempt, loses none and sends none twice; a round ends with the outage, so that the story can say so", async () => {
    await control({ mode: "down" });
    for (let n = 0; n < 40; n++) edge.mail.add();
    const away = round();
    await until("the edge was told why nothing goes out", () => edge.mail.states.some(({ problem }) => problem !== null));
    expect(edge.mail.results).toEqual([]);
    await control({ mode: "normal" });
    expect(await away.finished).toEqual({ sent: 0, accepted: 0, waiting_for: null });
    const { finished, stop } = round();
    await until("all are recorded", () => states().every((state) => state === "sent"));
    stop();
    await finished;
    const ids = (await received()).map(({ message_id }) => message_id);
    expect(ids).toHaveLength(40);
    expect(new Set(ids).size).toBe(40);
    expect(edge.mail.results.every(({ attempt }) => attempt === 1)).toBe(true);
    expect(edge.mail.states.at(-1)).toEqual({ transport: "smtp", problem: null });
  });

  test("a server that goes away while it is being spoken to loses none", async () => {
    for (let n = 0; n < 30; n++) edge.mail.add();
    await control({ mode: "slow", ms: 100 });
    const { finished, stop } = round();
    await until("some are taken", async () => (await received()).length > 2);
    await control({ mode: "down" });
    await control({ mode: "normal" });
    await until("all are recorded", () => states().every((state) => state === "sent"), 20_000);
    stop();
    await finished;
    // what was taken and not acknowledged came twice, as the same mail
    expect(new Set((await received()).map(({ message_id }) => message_id)).size).toBe(30);
  });

  test("tells a mail that is put off from one that is refused, and an address from a mail", async () => {
    edge.mail.add({ to: "later@x.example" });
    edge.mail.add({ to: "nobody@x.example" });
    edge.mail.add({ to: "strict@x.example" });
    edge.mail.add({ to: "fine@x.example" });
    await control({ mode: "defer", recipient: "later@x.example", times: 1 });
    await control({ mode: "refuse", recipient: "nobody@x.example" });
    await control({ mode: "refuse", recipient: "strict@x.example", at: "data", status: 554 });
    const { finished, stop } = round();
    await until("all have ended", () => states().every((state) => state !== "due"));
    stop();
    await finished;
    const told = edge.mail.results.map(({ notice_id, attempt, outcome }) => {
      const what = outcome.kind === "refused" ? ` ${outcome.what}` : "";
      return `${notice_id}/${attempt} ${outcome.kind}${what} ${outcome.status}`;
    });
    expect(new Set(told)).toEqual(
      new Set([
        "ntc_001/1 deferred 451",
        "ntc_001/2 accepted 250",
        "ntc_002/1 refused recipient 550",
        "ntc_003/1 refused mail 554",
        "ntc_004/1 accepted 250",
      ]),
    );
  });

  test("what an earlier attempt of the activity had sent is recorded, and its words stay out of the history", async () => {
    const first = round();
    await until("it waits for mail", () => edge.callsOf(CLAIM).length === 1);
    for (let n = 0; n < 8; n++) edge.failNext(CLAIM, { status: 503 }); // what is sent cannot be recorded for a while
    edge.mail.add();
    await until("a heartbeat tells of it", () => first.beats.some((beat) => beat.length > 0), 10_000);
    first.stop();
    edge.heal();
    await first.finished;
    const said = JSON.stringify(first.beats);
    expect(said).toContain("ntc_001");
    expect(said).not.toContain("customer.example");
    expect(said).not.toContain("Taken");

    const row = edge.mail.add();
    row.leasedUntil = Date.now() + 60_000; // the dead host's
    const outcome = { kind: "accepted", status: 250, detail: null, duration_ms: 5 };
    const held = [{ tenant_id: "ten_00a", notice_id: row.notice_id, attempt: 1, message_id: "<x@y>", outcome }];
    const second = round({ held });
    await until("it is recorded", () => row.state === "sent");
    second.stop();
    await second.finished;
    expect((await received()).map(({ message_id }) => message_id)).not.toContain(`<${row.notice_id}@vendor.example>`);
  });

  test("without a transport nothing is claimed, and the edge is told why", async () => {
    edge.mail.add();
    const { finished, stop } = round({ postman: postmanOf(null) });
    await until("the edge was told", () => edge.mail.states.length > 0);
    stop();
    expect(await finished).toMatchObject({ sent: 0, waiting_for: expect.stringContaining("SMTP_HOST") });
    expect(edge.mail.states[0]).toEqual({ transport: null, problem: expect.stringContaining("SMTP_HOST") });
    expect(states()).toEqual(["due"]);
  });
});

describe("how mail goes out", () => {
  const read = (variables: Record<string, string>) => {
    const problems: string[] = [];
    const config = readMail(
      (name) => variables[name],
      (variable, detail) => void problems.push(`${variable} ${detail}`),
    );
    return { config, problems };
  };
  const base = { SMTP_HOST: "smtp.vendor.example", SMTP_FROM_EMAIL: "a@vendor.example" };

  test("is by TLS, but to this very machine", () => {
    expect(read(base).config).toMatchObject({ port: 587, implicitTls: false, requireTls: true, auth: null });
    expect(read({ ...base, SMTP_PORT: "465" }).config).toMatchObject({ implicitTls: true, requireTls: false });
    expect(read({ ...base, SMTP_HOST: "127.0.0.1", SMTP_PORT: "25" }).config).toMatchObject({
      implicitTls: false,
      requireTls: false,
    });
  });

  test("knows common providers by name", () => {
    const { config } = read({ ...base, SMTP_HOST: "SendGrid", SMTP_USERNAME: "apikey", SMTP_PASSWORD: "x" });
    expect(config).toMatchObject({ kind: "smtp", host: "smtp.sendgrid.net", auth: { user: "apikey", pass: "x" } });
    expect(read({ ...base, SMTP_HOST: "SES-EU-CENTRAL-1" }).config).toMatchObject({
      host: "email-smtp.eu-central-1.amazonaws.com",
      implicitTls: true,
    });
  });

  test.each([
    [{ SMTP_HOST: "smtp.x.example" }, "SMTP_FROM_EMAIL is missing"],
    [{ ...base, SMTP_FROM_EMAIL: "Acme <a@x>" }, "SMTP_FROM_EMAIL must be"],
    [{ ...base, SMTP_PORT: "smtp" }, "SMTP_PORT must be"],
    [{ ...base, SMTP_USERNAME: "a" }, "SMTP_PASSWORD is missing"],
    [{ ...base, SMTP_HOST: "smtp x" }, "SMTP_HOST must be"],
    [{ ...base, MAILCHANNELS_API_KEY: "k" }, "MAILCHANNELS_API_KEY and SMTP_HOST"],
    [{ ...base, MAIL_FROM_DOMAINS: "acme" }, "MAIL_FROM_DOMAINS must be"],
  ])("%o is told as a problem", (variables, problem) => {
    expect(read(variables as Record<string, string>).problems).toEqual([expect.stringContaining(problem)]);
  });

  test("is not at all where nothing is said of it", () => {
    expect(read({})).toEqual({ config: null, problems: [] });
  });
});
