import { createExecutionContext } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { beforeAll, beforeEach, describe, expect, test } from "vitest";
import { webhookKey, signedHeaders, type WebhookKey } from "../../../simulators/mailchannels/signing.ts";
import { send, world, type World } from "../world.ts";
import { trustedBy } from "../../../workers/mail/signed-by-mailchannels.ts";
import { track } from "../../../workers/mail/tracking.ts";
import { accepted, claim, customer, emptyMailQueue, license, result, stocked, template } from "./pump.ts";

let key: WebhookKey;
beforeAll(async () => {
  key = await webhookKey("mckey", new Uint8Array(32).fill(4)); // whose public half the tests' edge knows
});
beforeEach(emptyMailQueue);

const now = () => Math.floor(Date.now() / 1000);

/** Posts a body as MailChannels does; `headers` go over its own. */
async function post(body: string, { by = key, created = now(), headers = {} }: Partial<Posting> = {}) {
  const all = { ...(await signedHeaders(body, by, created)), ...headers };
  return (await send("POST", "/hooks/mailchannels", body, { headers: all })).status;
}
type Posting = { by: WebhookKey; created: number; headers: Record<string, string> };

const event = (name: string, noticeId: string, more: object = {}) => ({
  customer_handle: "vendor",
  timestamp: now(),
  event: name,
  campaign_id: noticeId,
  ...more,
});
const tell = (...events: object[]) => post(JSON.stringify(events));

/** A notice that MailChannels took, with all that belongs to it. */
async function sent(w: World) {
  const { buyer, about } = await stocked(w);
  await license(w, about);
  const [mail] = await claim();
  if (!mail) throw new Error("Nothing is mailed");
  await claim({ limit: 0, results: [result(mail, accepted)] });
  return { id: mail.notice_id, buyer, about, address: mail.to };
}

const events = async (w: World, type: string) => (await w.get(`/v1/events?type=${type}`)).body["data"];
const read = async (w: World, id: string) => (await w.get(`/v1/notices/${id}`)).body;
const preferences = async (w: World, id: string) => (await w.get(`/v1/customers/${id}/mail_preferences`)).body;

describe("what MailChannels tells of a mail", () => {
  test("that it was delivered is a state, an instant and one event, however often it is told", async () => {
    const w = await world();
    const { id } = await sent(w);
    expect(await tell(event("processed", id))).toBe(200);
    expect(await read(w, id)).toMatchObject({ state: "sent", delivered_at: null });
    for (let i = 0; i < 2; i++) expect(await tell(event("delivered", id), event("delivered", id))).toBe(200);
    expect(await read(w, id)).toMatchObject({ state: "delivered", delivered_at: expect.any(String), attempts_count: 1 });
    const told = await events(w, "notice.delivered");
    expect(told).toHaveLength(1);
    expect(told[0]).toMatchObject({ data: { object: { id, state: "delivered" } }, actor: { type: "provider" } });
  });

  test("a late bounce ends a delivered mail and the address, and what is told in the wrong order does not undo it", async () => {
    const w = await world();
    const { id, buyer, address } = await sent(w);
    const bounce = event("hard-bounced", id, { status: "550", reason: "5.1.1 no such user", recipients: [address] });
    expect(await tell(event("delivered", id), bounce, event("delivered", id), event("soft-bounced", id), bounce)).toBe(200);
    expect(await read(w, id)).toMatchObject({ state: "bounced", last_error: "550 5.1.1 no such user" });
    expect(await events(w, "notice.bounced")).toHaveLength(1);
    expect(await preferences(w, buyer.id)).toMatchObject({
      bounced_at: expect.any(String),
      bounced_detail: "550 5.1.1 no such user",
    });
  });

  test("a bounce of another address than the notice's own, as of a sandbox's owner, leaves the customer's alone", async () => {
    const w = await world();
    const { id, buyer } = await sent(w);
    expect(await tell(event("hard-bounced", id, { recipients: ["owner@elsewhere.example"] }))).toBe(200);
    expect(await read(w, id)).toMatchObject({ state: "bounced" });
    expect(await preferences(w, buyer.id)).toMatchObject({ bounced_at: null });
  });

  test("of a sandbox's mail, which went to its owner, says nothing of the customer", async () => {
    const w = await world();
    const key = w.keys.testSecret;
    const [buyer, terms] = [await customer(w, {}, key), await template(w, {}, key)];
    await emptyMailQueue();
    await license(w, { template_id: terms.id, customer_id: buyer.id }, key);
    const [mail] = await claim();
    await claim({ limit: 0, results: [result(mail!, accepted)] });
    const inProduction = {
      env: { ...env, LATCHKEY_ENV: "production" as const },
      executionCtx: createExecutionContext(),
      var: { realNow: new Date(), requestId: "req_1" },
    };
    const told = { noticeId: mail!.notice_id, resentAfter: 0, recipients: [], messageId: null, detail: null };
    await track(inProduction, [
      { ...told, report: "complained" },
      { ...told, report: "hard-bounced" },
    ]);
    const ask = async (path: string) => (await w.get(path, undefined, { key })).body;
    expect(await ask(`/v1/notices/${mail!.notice_id}`)).toMatchObject({ state: "bounced" });
    expect(await ask(`/v1/customers/${buyer.id}/mail_preferences`)).toMatchObject({ bounced_at: null, unsubscribed: [] });
  });

  test("a soft bounce is kept as words alone, and a mail that was dropped has failed", async () => {
    const w = await world();
    const { id } = await sent(w);
    await tell(event("soft-bounced", id, { status: "451", reason: "mailbox full" }));
    expect(await read(w, id)).toMatchObject({ state: "sent", last_error: "451 mailbox full" });
    await tell(event("dropped", id, { status: "550", reason: "suppressed" }));
    expect(await read(w, id)).toMatchObject({ state: "failed", last_error: "550 suppressed" });
    expect(await events(w, "notice.failed")).toHaveLength(1);
  });

  test.each(["complained", "unsubscribed"])("who %s gets nothing more but what is legal", async (name) => {
    const w = await world();
    const { id, buyer } = await sent(w);
    expect(await tell(event(name, id), event(name, id))).toBe(200);
    const { unsubscribed } = await preferences(w, buyer.id);
    expect(unsubscribed).toContain("license_reinstated");
    expect(unsubscribed).not.toContain("license_issued");
    expect(await events(w, "mail_preferences.updated")).toHaveLength(1);
    expect(await read(w, id)).toMatchObject({ state: "sent" });
  });

  test("what is told before the host came to record it is recorded then, so that the mail is not sent twice", async () => {
    const w = await world();
    const { about } = await stocked(w);
    await license(w, about);
    const [mail] = await claim();
    await tell(event("delivered", mail!.notice_id, { smtp_id: "<theirs@mailchannels.example>" }));
    await claim({ limit: 0, results: [result(mail!, accepted)] });
    expect(await read(w, mail!.notice_id)).toMatchObject({
      state: "delivered",
      attempts_count: 1,
      message_id: "<theirs@mailchannels.example>",
    });
  });

  test("what is told of an earlier round, of people who looked, of no mail of ours, and a test of theirs have no effect", async () => {
    const w = await world();
    const { id } = await sent(w);
    await w.post(`/v1/notices/${id}/resend`);
    const [again] = await claim();
    await claim({ limit: 0, results: [result(again!, accepted)] });
    const nothing = [
      event("hard-bounced", id),
      event("open", `${id}.1`),
      event("click", `${id}.1`),
      event("delivered", `ntc_00${"0".repeat(26)}`),
      { ...event("delivered", ""), campaign_id: undefined },
      event("test", ""),
    ];
    expect(await tell(...nothing)).toBe(200);
    expect(await read(w, id)).toMatchObject({ state: "sent", last_error: null });
    expect(await tell(event("delivered", `${id}.1`))).toBe(200);
    expect(await read(w, id)).toMatchObject({ state: "delivered" });
  });

  test("another tenant with a customer of the same address is not touched", async () => {
    const [w, other] = [await world(), await world()];
    const { id, address } = await sent(w);
    const theirs = await customer(other, { email: address });
    await tell(event("hard-bounced", id, { recipients: [address] }), event("complained", id));
    expect(await preferences(other, theirs.id)).toMatchObject({ bounced_at: null, unsubscribed: [] });
    for (const type of ["notice.bounced", "mail_preferences.updated"]) expect(await events(other, type)).toEqual([]);
  });
});

describe("a webhook that does not prove itself is refused, and changes nothing", () => {
  const refused = async (
    posting: (body: string) => Promise<number>,
    about: (id: string) => object[] = (id) => [event("delivered", id)],
  ) => {
    const w = await world();
    const { id } = await sent(w);
    expect(await posting(JSON.stringify(about(id)))).toBe(400);
    expect(await read(w, id)).toMatchObject({ state: "sent" });
  };

  test.each([
    ["too old", -301],
    ["from the future", 301],
  ])("one that is %s", (_, seconds) => refused((body) => post(body, { created: now() + seconds })));

  test("one at the edge of its time is taken", async () => {
    expect(await post("[]", { created: now() - 295 })).toBe(200);
    expect(await post("[]", { created: now() + 295 })).toBe(200);
  });

  test("one that somebody else signed under the same name, or under one that we do not know", async () => {
    await refused(async (body) => post(body, { by: await webhookKey("mckey") }));
    await refused((body) => post(body, { by: { ...key, id: "unknown" } }));
  });

  test("one whose body is not what was signed, with the digest of either", async () => {
    const other = await signedHeaders("[]", key, now());
    await refused((body) => post(body, { headers: other }));
    await refused(async (body) => {
      const { signature = "", "signature-input": input = "" } = other;
      return post(body, { headers: { signature, "signature-input": input } });
    });
  });

  test("one that is signed over more, less or something else than the digest", async () => {
    for (const components of ['("content-digest" "@method")', "()", '("date")', '("content-digest";sf)']) {
      await refused(async (body) => {
        const { "signature-input": input = "" } = await signedHeaders(body, key, now());
        return post(body, { headers: { "signature-input": input.replace('("content-digest")', components) } });
      });
    }
  });

  test.each(["content-digest", "signature", "signature-input"])("one without %s", (name) =>
    refused((body) => post(body, { headers: { [name]: "" } })),
  );

  test("one of another account, which MailChannels signs just so", () =>
    refused(
      (body) => post(body),
      (id) => [{ ...event("delivered", id), customer_handle: "stranger" }],
    ));

  test("a list with one event of another account among ours, and what is no list of events", async () => {
    await refused(
      (body) => post(body),
      (id) => [event("delivered", id), { ...event("delivered", id), customer_handle: "stranger" }],
    );
    for (const body of ["{}", "[1]", "[null]", "nonsense", ""]) expect(await post(body)).toBe(400);
  });

  test("any at all while the operator names no account, or no key", () => {
    expect(trustedBy(env)).not.toBeNull();
    for (const name of ["LATCHKEY_MAILCHANNELS_HANDLES", "LATCHKEY_MAILCHANNELS_WEBHOOK_KEYS"])
      expect(trustedBy({ ...env, [name]: "" })).toBeNull();
  });
});
