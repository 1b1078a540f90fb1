import { afterAll, beforeAll, expect, test } from "vitest";
import { HANDLE, startMailChannels, type MailChannelsSimulator } from "../../simulators/mailchannels/server.ts";
import type { ReceivedMail } from "../../simulators/mail/received.ts";
import { mailChannelsTransport } from "../../worker-host/mail/mailchannels.ts";
import { callerOf, expectNothingStuck, installation, pay, until, upTo } from "./installation.ts";

type Installed = Awaited<ReturnType<typeof installation>>;

let installed: Installed;
let mailChannels: MailChannelsSimulator;
beforeAll(async () => {
  mailChannels = await startMailChannels({ port: 0 });
  process.env["LATCHKEY_MAILCHANNELS_HANDLES"] = HANDLE;
  process.env["LATCHKEY_MAILCHANNELS_WEBHOOK_KEYS"] = `${mailChannels.keyId}=${mailChannels.publicKey}`;
  installed = await installation("mail");
});
afterAll(() => Promise.all([installed?.stop(), mailChannels?.close()]));

const outbox = async () => (await fetch(installed.dev.simulators.mail.log_url)).json<ReceivedMail[]>();
const control = (body: object) =>
  fetch(installed.dev.simulators.mail.control_url, { method: "POST", body: JSON.stringify(body) });

/** A paid and fulfilled order of a customer of its own; with the keys of its licenses. */
async function bought(email: string, quantity: number): Promise<string[]> {
  const call = callerOf(installed);
  const customer = await call("POST", "/v1/customers", { name: "Ada Example", email, kind: "person", locale: "de" });
  const items = [{ template_id: installed.dev.demo.template_id, quantity }];
  const order = await call("POST", "/v1/orders", { customer_id: customer.body["id"], items });
  expect(await pay(installed, order.body["payment"].client_secret)).toBe("succeeded");
  const read = () => call("GET", `/v1/orders/${order.body["id"]}`);
  await until("the order", async () => (await read()).body["status"] === "fulfilled");
  const ids: string[] = (await read()).body["license_ids"];
  return Promise.all(ids.map(async (id) => (await call("POST", `/v1/licenses/${id}/reveal_key`)).body["license_key"]));
}

/** Licenses that are made by hand, each of which is a mail of its own; their keys. */
async function licensed(email: string, count: number): Promise<string[]> {
  const call = callerOf(installed);
  const customer = await call("POST", "/v1/customers", { name: "Ada Example", email, kind: "person", locale: "de" });
  const about = { template_id: installed.dev.demo.template_id, customer_id: customer.body["id"] };
  const made = await Promise.all(upTo(count).map(() => call("POST", "/v1/licenses", about)));
  return made.map(({ body }) => body["license_key"]);
}

const mailsTo = async (email: string) => (await outbox()).filter(({ to }) => to.includes(email));
const notices = async (state: string) =>
  (await callerOf(installed)("GET", `/v1/notices?limit=100&state=${state}`)).body["data"] as object[];

test("an order that is paid brings exactly one mail, with every license key", async () => {
  const email = "one@customer.example";
  const keys = await bought(email, 3);
  await until("the mail", async () => (await mailsTo(email)).length > 0);
  await until("its notice", async () => (await notices("pending")).length === 0);
  const mails = await mailsTo(email);
  expect(mails).toHaveLength(1);
  expect(mails[0]?.subject).toContain("Ihre Bestellung");
  for (const key of keys) {
    expect(mails[0]?.text).toContain(key);
    expect(mails[0]?.html).toContain(key);
  }
  expect(mails[0]?.message_id).toMatch(/^<ntc_[0-9a-z]+@latchkey\.example>$/);

  const page = await fetch(installed.dev.simulators.mail.outbox_url);
  expect(await page.text()).toContain(email);
});

test("while the mail server is down mail waits and says why; when it is back nothing is lost and nothing comes twice", async () => {
  await control({ mode: "down" });
  const email = "many@customer.example";
  const keys = await licensed(email, 12);
  const status = async () => (await callerOf(installed)("GET", "/v1/mail/status")).body;
  await until("the status to say why", async () => (await status())["problem"] !== null);
  expect(await mailsTo(email)).toEqual([]);
  expect((await status())["waiting_count"]).toBeGreaterThanOrEqual(12);

  await control({ mode: "normal" });
  await until("every mail", async () => (await mailsTo(email)).length >= 12);
  await until("their notices", async () => (await notices("pending")).length === 0);
  const mails = await mailsTo(email);
  expect(mails).toHaveLength(12);
  for (const key of keys) expect(mails.filter(({ text }) => text.includes(key))).toHaveLength(1);
  expect(await status()).toMatchObject({ problem: null, transport: "smtp" });
});

test("a host that is killed while it sends loses no mail, and what it sends twice is the same mail", async () => {
  await control({ mode: "slow", ms: 400 });
  const email = "killed@customer.example";
  const keys = await licensed(email, 20);
  await until("some mails", async () => (await mailsTo(email)).length >= 3);
  await installed.part("host").kill();
  await control({ mode: "normal" });
  await until("every mail", async () => new Set((await mailsTo(email)).map(({ message_id }) => message_id)).size === 20, 240_000);
  await until("their notices", async () => (await notices("pending")).length === 0, 240_000);
  const mails = await mailsTo(email);
  for (const key of keys) {
    const same = mails.filter(({ text }) => text.includes(key));
    expect(new Set(same.map(({ message_id }) => message_id)).size).toBe(1);
  }
});

test("who unsubscribes by one click gets no more of that kind, but what is legal", async () => {
  const call = callerOf(installed);
  const email = "leaver@customer.example";
  const customer = await call("POST", "/v1/customers", { name: "L", email, kind: "person" });
  const about = { template_id: installed.dev.demo.template_id, customer_id: customer.body["id"] };
  const license = await call("POST", "/v1/licenses", about);
  const turn = (verb: string, body: object = {}) => call("POST", `/v1/licenses/${license.body["id"]}/${verb}`, body);
  await turn("suspend", { reason: "late" });
  await turn("reinstate");
  await until("three mails", async () => (await mailsTo(email)).length === 3);
  const again = (await mailsTo(email)).find(({ subject }) => subject.includes("valid again"));
  const header = again?.headers.find(({ name }) => name === "list-unsubscribe")?.value ?? "";
  const body = "List-Unsubscribe=One-Click";
  const headers = { "content-type": "application/x-www-form-urlencoded" };
  expect((await fetch(header.slice(1, -1), { method: "POST", headers, body })).status).toBe(200);

  await turn("suspend", { reason: "late" });
  await turn("reinstate");
  await turn("revoke", { reason: "over" });
  await until("five mails", async () => (await mailsTo(email)).length === 5);
  expect((await mailsTo(email)).map(({ subject }) => subject).filter((subject) => subject.includes("valid again"))).toHaveLength(
    1,
  );
  expect(upTo(2)).toHaveLength((await mailsTo(email)).filter(({ subject }) => subject.includes("is suspended")).length);
});

test("what MailChannels tells of a mail by its signed webhooks shows at its notice, and shuts an address that is refused later", async () => {
  const call = callerOf(installed);
  const about = { name: "Ada", email: "gone@customer.example", kind: "person" };
  const customer = (await call("POST", "/v1/customers", about)).body;
  await call("POST", "/v1/licenses", { template_id: installed.dev.demo.template_id, customer_id: customer["id"] });
  const noticed = async () => (await call("GET", `/v1/notices?customer_id=${customer["id"]}`)).body["data"][0];
  await until("the mail to be taken", async () => (await noticed()).state === "sent");
  const { id } = await noticed();

  const at = (path: string, body: object = {}) =>
    fetch(mailChannels.url + path, { method: "POST", headers: { "x-api-key": "k" }, body: JSON.stringify(body) });
  await at(`/tx/v1/webhook?endpoint=${encodeURIComponent(`${installed.dev.edge_url}/hooks/mailchannels`)}`);
  await at("/_control", { recipient: about.email, events: ["processed", "delivered", "open", "hard-bounced"] });
  const from = "licenses@latchkey.example";
  const how = { kind: "mailchannels" as const, apiKey: "k", baseUrl: mailChannels.url, from, fromDomains: [] };
  const mail = { tenant_id: "", notice_id: id, attempt: 1, message_ref: id, reply_to: null, unsubscribe_url: null };
  const words = { subject: "Hi", html: "<p>Hi</p>", text: "Hi", from: { name: "Acme", address: null }, to: about.email };
  expect((await mailChannelsTransport(how).send({ ...mail, ...words })).outcome.kind).toBe("accepted");

  await until("the bounce", async () => (await noticed()).state === "bounced");
  expect(await noticed()).toMatchObject({ delivered_at: expect.any(String), last_error: "550 5.1.1 No such mailbox." });
  const preferences = await call("GET", `/v1/customers/${customer["id"]}/mail_preferences`);
  expect(preferences.body).toMatchObject({ bounced_at: expect.any(String) });
  const { answers } = await (await fetch(`${mailChannels.url}/_log`)).json<{ answers: number[] }>();
  expect(answers).toEqual([200, 200, 200, 200]);
});

test("after all of that no story is stuck, and none tries again", () => expectNothingStuck(installed));
