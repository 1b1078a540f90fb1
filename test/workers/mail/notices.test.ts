import { createExecutionContext } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { beforeEach, describe, expect, test } from "vitest";
import { tellMark } from "#kernel/tenant-marks";
import { makeMails } from "../../../workers/mail/making.ts";
import { recordResults } from "../../../workers/mail/recording.ts";
import { asHost } from "../events/host.ts";
import { shop } from "../sales/shop.ts";
import { upTo, world, type World } from "../world.ts";
import {
  accepted,
  allMailIsDue,
  claim,
  customer,
  deferred,
  emptyMailQueue,
  license,
  mailLeasesRunOut,
  refused,
  result,
  stocked,
  template,
  unreached,
} from "./pump.ts";

beforeEach(emptyMailQueue);

const listed = async (w: World, query = "", key = w.keys.secret) =>
  (await w.get(`/v1/notices${query}`, undefined, { key })).body["data"] as Record<string, any>[]; // oxlint-disable-line typescript/no-explicit-any -- a test reads what it expects
const one = async (w: World, id: string) => (await w.get(`/v1/notices/${id}`)).body;

describe("a license that is issued", () => {
  test("is mailed with its key, in the customer's language and the tenant's brand, once", async () => {
    const w = await world();
    await w.patch("/v1/settings", {
      mail: {
        brand_name: "Acme <3 GmbH",
        reply_to: "help@acme.example",
        brand_color: "#ff8800",
        footer: "Acme GmbH, Ring 1, Wien",
      },
    });
    const { buyer, about } = await stocked(w, { customer: { name: 'Eva "<b>" Muster', locale: "de-AT" } });
    const made = await license(w, about);
    const mails = await claim();

    expect(mails).toHaveLength(1);
    const [mail] = mails;
    expect(mail).toMatchObject({
      tenant_id: w.tenant.id,
      attempt: 1,
      from: { name: "Acme <3 GmbH", address: null },
      reply_to: "help@acme.example",
      to: buyer["email"],
      subject: "Ihre Lizenz für Acme Studio",
      unsubscribe_url: null,
    });
    expect(mail!.message_ref).toBe(mail!.notice_id);
    expect(mail!.text).toContain(`    ${made["license_key"]}`);
    expect(mail!.text).toContain('Guten Tag Eva "<b>" Muster,');
    expect(mail!.html).toContain(made["license_key"]!);
    expect(mail!.html).toContain("Guten Tag Eva &quot;&lt;b&gt;&quot; Muster,");
    expect(mail!.html).toContain("Acme &lt;3 GmbH");
    expect(mail!.html).toContain("#ff8800");
    expect(mail!.html).toContain("Acme GmbH, Ring 1, Wien");
    expect(mail!.html + mail!.text).not.toMatch(/\{\{|\}\}/);
    expect(await claim()).toEqual([]); // it is leased
  });

  test("keeps its key out of the row, the event and what the API shows of the notice", async () => {
    const w = await world();
    const { about } = await stocked(w);
    const { license_key } = await license(w, about);
    const [mail] = await claim();
    await claim({ results: [result(mail!, accepted)] });
    const rows = await env.DB_00.prepare("select * from notices where tenant_id = ?").bind(w.tenant.id).all();
    const attempts = await env.DB_00.prepare("select * from notice_attempts where tenant_id = ?").bind(w.tenant.id).all();
    const shown = await one(w, mail!.notice_id);
    for (const each of [rows, attempts, shown]) expect(JSON.stringify(each)).not.toContain(license_key!);
  });

  test("of a tenant that keeps digests alone is mailed with where to get the key", async () => {
    const w = await world();
    await w.patch("/v1/settings", { licensing: { key_storage: "hash_only" } });
    const { about } = await stocked(w);
    const made = await license(w, about);
    const [mail] = await claim();
    expect(mail!.text).toContain(`ends in ${made["key_last4"]}`);
    expect(mail!.text).not.toContain("Your license key:");
  });

  test("by import is told to nobody: they have it from elsewhere", async () => {
    const w = await world();
    const { about } = await stocked(w);
    await license(w, { ...about, license_key: "AN-OLD-KEY-FROM-ELSEWHERE-42" });
    expect(await claim()).toEqual([]);
  });
});

describe("an order that is fulfilled", () => {
  /** An order of a customer with so many licenses, as its story leaves it. */
  async function fulfilled(quantity: number, { locale, disabled = [] }: { locale?: string; disabled?: string[] } = {}) {
    const s = await shop({ stripe: null });
    await s.patch(`/v1/customers/${s.customerId}`, { locale: locale ?? "en" });
    await s.patch("/v1/settings", { mail: { disabled_kinds: disabled } });
    await emptyMailQueue(); // the welcome
    const { id } = (await s.order({ items: [{ template_id: s.templateId, quantity }] })).body as { id: string };
    await s.post(`/v1/orders/${id}/approve`);
    const ref = { tenant_id: s.tenant.id, order_id: id };
    await asHost("/internal/orders/issue_licenses", { ...ref, from: 0, to: quantity });
    expect(await claim()).toEqual([]); // nothing is said of an order that is not whole
    expect((await asHost("/internal/orders/complete", ref)).body).toEqual({ status: "fulfilled" });
    const { license_ids } = await s.read(id);
    return { s, id, licenseIds: license_ids as string[], mails: await claim() };
  }

  test.each([1, 20])("with %i licenses is one mail with every key", async (quantity) => {
    const { s, id, licenseIds, mails } = await fulfilled(quantity);
    expect(mails).toMatchObject([{ subject: "Your order ORD-000001", unsubscribe_url: null }]);
    const [mail] = mails;
    for (const licenseId of licenseIds.slice(0, 5)) {
      const { license_key } = (await s.post(`/v1/licenses/${licenseId}/reveal_key`)).body;
      expect(mail!.text.split(license_key)).toHaveLength(2);
      expect(mail!.html.split(license_key)).toHaveLength(2);
    }
    const lines = mail!.text.split("\n").filter((line) => /^Studio.*: [0-9A-Z-]{20,}$/.test(line));
    expect(new Set(lines).size).toBe(quantity);
    expect(mail!.html.split("<br/>Studio")).toHaveLength(quantity); // a line for each
    expect(await listed(s, `?subject_id=${id}`)).toMatchObject([{ kind: "order_fulfilled", recipient: "ada@customer.example" }]);
    const rows = await env.DB_00.prepare("select * from notices where tenant_id = ?").bind(s.tenant.id).all();
    expect(JSON.stringify(rows)).not.toContain(lines[0]?.split(": ")[1]);
  });

  test("with more than twenty is one mail that says how many there are, and how to have them", async () => {
    const { licenseIds, mails } = await fulfilled(21, { locale: "de" });
    expect(licenseIds).toHaveLength(21);
    expect(mails).toMatchObject([{ subject: "Ihre Bestellung ORD-000001" }]);
    expect(mails[0]!.text).toContain("Anzahl der Lizenzen: 21.");
    expect(mails[0]!.text).toContain("zu viele Schlüssel für eine E-Mail");
    expect(mails[0]!.text).not.toMatch(/[0-9A-Z]{4}-[0-9A-Z]{4}-/);
  });

  test("says how a key ends that is not kept any more, and nothing at all where its kind is turned off", async () => {
    const { s, id, licenseIds } = await fulfilled(2);
    await env.DB_00.prepare("update licenses set key_sealed = null, key_sealed_until = null where id = ?")
      .bind(licenseIds[0])
      .run();
    const [notice] = await listed(s, `?subject_id=${id}`);
    await mailLeasesRunOut();
    await s.post(`/v1/notices/${notice!["id"]}/resend`);
    const [again] = await claim();
    expect(again!.text.match(/key ending in [0-9A-Z]{4}$/gm)).toHaveLength(1);

    expect((await fulfilled(2, { disabled: ["order_fulfilled"] })).mails).toEqual([]);
  });
});

describe("what becomes of a license", () => {
  test("is mailed for each of its turns, and a transfer to both sides", async () => {
    const w = await world();
    const { buyer, about } = await stocked(w);
    const heir = await customer(w);
    const { id } = await license(w, about);
    const turns: [string, object][] = [
      ["suspend", { reason: "late" }],
      ["reinstate", {}],
      ["transfer", { customer_id: heir.id }],
      ["revoke", { reason: "fraud" }],
    ];
    for (const [turn, body] of turns) expect((await w.post(`/v1/licenses/${id}/${turn}`, body)).status).toBeLessThan(300);

    const told = (await listed(w, `?subject_id=${id}`)).map(({ kind, recipient }) => `${kind} ${recipient}`);
    const [ada, eve] = [buyer["email"], heir["email"]];
    expect(new Set(told)).toEqual(
      new Set([
        `license_issued ${ada}`,
        `license_suspended ${ada}`,
        `license_reinstated ${ada}`,
        `license_transferred ${ada}`,
        `license_transferred ${eve}`,
        `license_revoked ${eve}`,
      ]),
    );
    expect(told).toHaveLength(6);
    const mails = await claim();
    const text = (to: unknown, subject: string) => mails.find((mail) => mail.to === to && mail.subject.includes(subject))?.text;
    expect(text(ada, "transferred")).toContain("was transferred to somebody else");
    expect(text(eve, "transferred")).toContain("was transferred to you");
    for (const mail of mails) expect(mail.text).not.toContain("fraud"); // the vendor's own words for it stay theirs
  });

  test("is told to nobody where the tenant wants no such mail, now or when it is to be sent", async () => {
    const w = await world();
    const { about } = await stocked(w);
    await w.patch("/v1/settings", { mail: { disabled_kinds: ["license_issued"] } });
    await license(w, about);
    expect(await listed(w, "?kind=license_issued")).toEqual([]);

    await w.patch("/v1/settings", { mail: { disabled_kinds: [] } });
    await license(w, about);
    await w.patch("/v1/settings", { mail: { disabled_kinds: ["license_issued"] } });
    expect(await claim()).toEqual([]);
    expect(await listed(w, "?kind=license_issued")).toMatchObject([{ state: "suppressed", reason: "kind_disabled" }]);
  });

  test("is written with the change or not at all: a racer that loses mails nobody", async () => {
    const w = await world();
    const { about } = await stocked(w);
    const { id } = await license(w, about);
    await emptyMailQueue();
    const answers = await Promise.all(upTo(6).map(() => w.post(`/v1/licenses/${id}/suspend`, { reason: "late" })));
    const done = answers.filter(({ status }) => status === 200);
    const events = (await w.get(`/v1/events?type=license.suspended&subject_id=${id}`)).body["data"];
    expect(done.length).toBeGreaterThan(0);
    expect(await listed(w, "?kind=license_suspended")).toHaveLength(events.length);
  });
});

test("a new tenant's owner is welcomed once, its sandbox's not again", async () => {
  const w = await world();
  const mails = (await claim()).filter(({ tenant_id }) => tenant_id === w.tenant.id || tenant_id === w.tenant.sandbox_id);
  expect(mails).toMatchObject([{ to: "owner@world.example", subject: "World is ready" }]);
  expect(mails[0]!.unsubscribe_url).toMatch(/^https:\/\/latchkey\.test\/unsubscribe\//);
  expect(mails[0]!.unsubscribe_url).not.toContain("owner");
});

test("a mark of the tenant's own limits is mailed to its owner once, with what was used", async () => {
  const w = await world();
  await emptyMailQueue();
  const mark = { startsAt: 0, endsAt: Date.now(), percent: 80 as const, used: 800, limit: 1000 };
  for (const _ of [1, 2]) await tellMark(env, createExecutionContext(), w.tenant.id, mark);
  const mails = await claim();
  expect(mails).toMatchObject([{ to: "owner@world.example", subject: "api_calls: 80 % used" }]);
  expect(mails[0]!.text).toContain("80 % of api_calls are used: 800 of 1000.");
  expect(mails[0]!.text).not.toContain("license"); // it is none's
});

test("a sandbox's mail says that it is a test", async () => {
  const w = await world();
  await emptyMailQueue();
  const key = w.keys.testSecret;
  const [buyer, terms] = [await customer(w, {}, key), await template(w, {}, key)];
  await license(w, { template_id: terms.id, customer_id: buyer.id }, key);
  expect(await claim()).toMatchObject([{ subject: "[Test] Your license for Acme Studio" }]);
});

test("in production, what happens in a sandbox is mailed to nobody but the owner", async () => {
  const w = await world();
  await emptyMailQueue();
  const key = w.keys.testSecret;
  const [buyer, terms] = [await customer(w, {}, key), await template(w, {}, key)];
  await license(w, { template_id: terms.id, customer_id: buyer.id }, key);
  const [row] = await listed(w, "", key);
  const refs = [{ tenantId: w.tenant.sandbox_id, id: row!["id"] }];
  const { ready } = await makeMails(
    { env: { ...env, LATCHKEY_ENV: "production" }, publicUrl: "https://l.test", now: new Date() },
    env.DB_00,
    refs,
  );
  expect(ready).toMatchObject([{ to: "owner@world.example", subject: expect.stringMatching(/^\[Test\] /) }]);
});

describe("an attempt", () => {
  async function issued() {
    const w = await world();
    const { buyer, about } = await stocked(w);
    await license(w, about);
    const [mail] = await claim();
    return { w, buyer, about, mail: mail! };
  }

  test("that the server accepts ends the notice, however often it is told", async () => {
    const { w, mail } = await issued();
    await claim({ results: [result(mail, accepted)] });
    await claim({ results: [result(mail, accepted), result(mail, refused("recipient"))] });
    expect(await one(w, mail.notice_id)).toMatchObject({
      state: "sent",
      attempts_count: 1,
      next_attempt_at: null,
      message_id: `<${mail.notice_id}@mail.test>`,
      last_error: null,
      attempts: [{ number: 1, outcome: "accepted", status: 250 }],
    });
  });

  test("that is put off is made again under the same Message-ID", async () => {
    const { w, mail } = await issued();
    expect(await claim({ results: [result(mail, deferred)] })).toEqual([]); // not yet
    expect(await one(w, mail.notice_id)).toMatchObject({ state: "pending", last_error: "4.7.1 later" });
    await allMailIsDue();
    const [again] = await claim();
    expect(again).toMatchObject({ notice_id: mail.notice_id, attempt: 2, message_ref: mail.message_ref });
  });

  test("that found no server for a week is put off as a new one by a server that says so then", async () => {
    const { w, mail } = await issued();
    const week = "update notices set created_at = created_at - 604800000, reached_at = reached_at - 604800000 where id = ?";
    await env.DB_00.prepare(week).bind(mail.notice_id).run();
    await claim({ results: [result(mail, unreached)] });
    await allMailIsDue();
    const [again] = await claim();
    const before = Date.now();
    await claim({ results: [result(again!, deferred)] });
    const waits = await one(w, mail.notice_id);
    expect(waits).toMatchObject({ state: "pending", attempts_count: 2 });
    expect(Date.parse(waits["next_attempt_at"]) - before).toBeLessThan(90_000);
  });

  test("whose result never came is made again when its lease is over, and counted once", async () => {
    const { w, mail } = await issued();
    await mailLeasesRunOut();
    const [again] = await claim();
    expect(again).toMatchObject({ notice_id: mail.notice_id, attempt: 1, message_ref: mail.message_ref });
    await claim({ results: [result(again!, accepted)] });
    await claim({ results: [result(mail, unreached)] }); // the first one's result, late
    expect(await one(w, mail.notice_id)).toMatchObject({ state: "sent", attempts_count: 1 });
  });

  test("that is refused for its recipient bounces, is told as an event, and shuts the address to what is not legal", async () => {
    const { w, buyer, about, mail } = await issued();
    await claim({ results: [result(mail, refused("recipient"))] });
    expect(await one(w, mail.notice_id)).toMatchObject({ state: "bounced", last_error: "5.1.1 nobody" });
    const [event] = (await w.get("/v1/events?type=notice.bounced")).body["data"];
    expect(event).toMatchObject({ subject: { type: "notice", id: mail.notice_id }, data: { object: { state: "bounced" } } });

    const { id } = await license(w, about);
    await w.post(`/v1/licenses/${id}/suspend`, { reason: "late" });
    await w.post(`/v1/licenses/${id}/reinstate`, {});
    const kinds = (await claim()).map(({ subject }) => subject);
    expect(kinds).toHaveLength(2); // issued and suspended
    expect(await listed(w, "?kind=license_reinstated")).toMatchObject([
      { state: "suppressed", reason: "address_bounced", recipient: buyer["email"] },
    ]);
  });

  test("of a sandbox's mail that the owner's server refuses says nothing of the customer's address", async () => {
    const w = await world();
    await emptyMailQueue();
    const key = w.keys.testSecret;
    const [buyer, terms] = [await customer(w, {}, key), await template(w, {}, key)];
    await license(w, { template_id: terms.id, customer_id: buyer.id }, key);
    const [mail] = await claim();
    const told = { tenantId: mail!.tenant_id, id: mail!.notice_id, attempt: 1, messageId: "<m@mail.test>" };
    const outcome = { kind: "refused" as const, what: "recipient" as const, status: 550, detail: "5.1.1", durationMs: 1 };
    const inProduction = {
      env: { ...env, LATCHKEY_ENV: "production" as const },
      executionCtx: createExecutionContext(),
      var: { realNow: new Date(), requestId: "req_1" },
    };
    await recordResults(inProduction, env.DB_00, "00", [{ ...told, outcome }]);
    expect(await listed(w, "?state=bounced", key)).toMatchObject([{ id: mail!.notice_id, recipient: buyer["email"] }]);
    const preferences = await w.get(`/v1/customers/${buyer.id}/mail_preferences`, undefined, { key });
    expect(preferences.body).toMatchObject({ bounced_at: null });
  });

  test("of a mail that is refused itself fails it, and shuts nothing", async () => {
    const { w, mail } = await issued();
    await claim({ results: [result(mail, refused("mail"))] });
    expect(await one(w, mail.notice_id)).toMatchObject({ state: "failed" });
    expect((await w.get("/v1/events?type=notice.failed")).body["data"]).toHaveLength(1);
    const bounces = await env.DB_00.prepare("select 1 from mail_bounces where tenant_id = ?").bind(w.tenant.id).all();
    expect(bounces.results).toEqual([]);
  });

  test("after a resend is a new one, made anew, under a Message-ID of its own", async () => {
    const { w, mail } = await issued();
    await claim({ results: [result(mail, accepted)] });
    const sent = await w.post(`/v1/notices/${mail.notice_id}/resend`);
    expect(sent).toMatchObject({ status: 202, body: { state: "pending", attempts_count: 1 } });
    const [again] = await claim();
    expect(again).toMatchObject({ notice_id: mail.notice_id, attempt: 2, message_ref: `${mail.notice_id}.1` });
    // while it is being sent, sending it again is nothing new
    await w.post(`/v1/notices/${mail.notice_id}/resend`);
    expect(await claim()).toEqual([]);
    await claim({ results: [result(again!, accepted)] });
    expect((await one(w, mail.notice_id))["attempts"]).toHaveLength(2);
  });
});

test("a tenant that mails many people holds up nobody else, and has 50 of them under way at most, twice what a host takes", async () => {
  const [many, few] = [await world(), await world()];
  const [flood, drop] = [await stocked(many), await stocked(few)];
  await license(many, flood.about);
  // as many more as make 55, without their licenses
  await env.DB_00.prepare(
    `with recursive n (i) as (select 1 union all select i + 1 from n where i < 54)
     insert into notices (tenant_id, id, kind, audience, customer_id, recipient, locale, subject_type, subject_id, event_id, params, state, attempts,
       resent_after, reached_at, next_at, lease_until, message_id, reason, last_error, sent_at, ended_at, created_at)
     select tenant_id, id || i, kind, audience, customer_id, recipient, locale, subject_type, subject_id, event_id || i, params, state, attempts,
       resent_after, reached_at, next_at, lease_until, message_id, reason, last_error, sent_at, ended_at, created_at
     from notices join n where tenant_id = ? and state = 'pending'`,
  )
    .bind(many.tenant.id)
    .run();
  await license(few, drop.about);
  const mails = await claim({ limit: 3 });
  expect(mails.map(({ tenant_id }) => tenant_id)).toContain(few.tenant.id);
  const rest = [...(await claim()), ...(await claim())];
  expect([...mails, ...rest].filter(({ tenant_id }) => tenant_id === many.tenant.id)).toHaveLength(50);
  expect(await claim()).toEqual([]);
});

test("a key that does not open any more puts its own mail off, and nobody else's", async () => {
  const w = await world();
  const { about } = await stocked(w);
  const broken = await license(w, about);
  await license(w, about);
  await env.DB_00.prepare("update licenses set key_sealed = '1.AAAA' where id = ?").bind(broken.id).run();
  expect(await claim()).toHaveLength(1);
  expect(await listed(w, `?subject_id=${broken.id}`)).toMatchObject([{ state: "pending", attempts_count: 1 }]);
});

test("a claim that waits wakes for a new notice", async () => {
  const w = await world();
  const { about } = await stocked(w);
  const waiting = claim({ wait_ms: 20_000 });
  await new Promise((resolve) => setTimeout(resolve, 500)); // it has looked by then, so that only a ring can wake it
  await license(w, about);
  expect(await waiting).toHaveLength(1);
}, 15_000);
