import { env } from "cloudflare:workers";
import { beforeEach, describe, expect, test } from "vitest";
import { unsubscribeToken } from "../../../workers/mail/unsubscribing.ts";
import { send, upTo, world, type World } from "../world.ts";
import { accepted, claim, customer, emptyMailQueue, license, refused, result, stocked } from "./pump.ts";

beforeEach(emptyMailQueue);

const FORM = { "content-type": "application/x-www-form-urlencoded" };
const oneClick = (path: string, body = "List-Unsubscribe=One-Click") => send("POST", path, body, { headers: FORM });
const preferences = async (w: World, id: string) => (await w.get(`/v1/customers/${id}/mail_preferences`)).body;

/** A world with a customer who began a trial and was mailed of it; with the link in that mail. */
async function mailed() {
  const w = await world();
  const { buyer, about } = await stocked(w, { template: { type: "trial", trial: { allowed: true } } });
  await license(w, about);
  const [mail] = await claim();
  await claim({ results: [result(mail!, accepted)] });
  return { w, buyer, about, mail: mail!, link: new URL(mail!.unsubscribe_url!).pathname };
}

/** What comes of each kind of mail for a customer: suspends, reinstates and revokes a license of theirs. */
async function wholeStory(w: World, customerId: string): Promise<string[]> {
  const { about } = await stocked(w);
  const { id } = await license(w, { ...about, customer_id: customerId });
  for (const [turn, body] of [
    ["suspend", { reason: "late" }],
    ["reinstate", {}],
    ["revoke", { reason: "over" }],
  ] as const) {
    await w.post(`/v1/licenses/${id}/${turn}`, body);
  }
  await claim();
  const notices = (await w.get(`/v1/notices?subject_id=${id}`)).body["data"] as {
    kind: string;
    state: string;
    reason: string | null;
  }[];
  return notices.map(({ kind, state, reason }) => `${kind} ${reason ?? state}`).toSorted();
}

describe("unsubscribing by the link of a mail", () => {
  test("looking at the link changes nothing, its button does, and once more does nothing more", async () => {
    const { w, buyer, link } = await mailed();
    await w.patch(`/v1/customers/${buyer.id}`, { locale: "de-AT" });
    const page = await send("GET", link, undefined, { headers: { "accept-language": "en" } });
    expect(page.status).toBe(200);
    expect(page.headers.get("content-type")).toContain("text/html");
    expect(page.headers.get("content-security-policy")).toContain("default-src 'none'");
    expect(page.text).toContain('<html lang="de">');
    expect(page.text).toContain("<button");
    expect((await preferences(w, buyer.id))["unsubscribed"]).toEqual([]);

    expect((await oneClick(link)).status).toBe(200);
    expect((await oneClick(link)).status).toBe(200);
    expect((await preferences(w, buyer.id))["unsubscribed"]).toEqual(["trial_started"]);
    const events = (await w.get("/v1/events?type=mail_preferences.updated")).body["data"];
    expect(events).toHaveLength(1);
    expect(events[0]).toMatchObject({
      actor: { type: "user", id: buyer.id },
      subject: { type: "mail_preferences", id: buyer.id },
    });
  });

  test("stops that kind, and what is legal comes all the same", async () => {
    const { w, buyer, link } = await mailed();
    await oneClick(link, "scope=all");
    expect((await preferences(w, buyer.id))["unsubscribed"]).toEqual([
      "trial_started",
      "license_reinstated",
      "quota_alert",
      "welcome",
    ]);
    expect(await wholeStory(w, buyer.id)).toEqual([
      "license_issued pending",
      "license_reinstated unsubscribed",
      "license_revoked pending",
      "license_suspended pending",
    ]);
  });

  test("counts at the moment of sending: a mail that waits is not sent any more", async () => {
    const { w, buyer, link } = await mailed();
    const { id } = await license(w, (await stocked(w)).about);
    await w.post(`/v1/licenses/${id}/transfer`, { customer_id: buyer.id });
    await w.post(`/v1/licenses/${id}/suspend`, { reason: "late" });
    await w.post(`/v1/licenses/${id}/reinstate`, {});
    await oneClick(link, "scope=all");
    await claim();
    const [notice] = (await w.get("/v1/notices?kind=license_reinstated")).body["data"];
    expect(notice).toMatchObject({ state: "suppressed", reason: "unsubscribed" });
  });

  test("takes what RFC 8058 allows, as a form of either kind, and nothing else", async () => {
    const { w, buyer, link } = await mailed();
    for (const wrong of ["", "a=b", "scope=everything"]) expect((await oneClick(link, wrong)).status).toBe(400);
    expect((await preferences(w, buyer.id))["unsubscribed"]).toEqual([]);
    const body = '--b\r\nContent-Disposition: form-data; name="List-Unsubscribe"\r\n\r\nOne-Click\r\n--b--\r\n';
    const headers = { "content-type": "multipart/form-data; boundary=b" };
    expect((await send("POST", link, body, { headers })).status).toBe(200);
    expect((await preferences(w, buyer.id))["unsubscribed"]).toEqual(["trial_started"]);
  });

  test("works by links that we made and by no other", async () => {
    const { w, buyer, link } = await mailed();
    const [encoded, mac] = link.split("/").at(-1)!.split(".") as [string, string];
    const named = atob(encoded.replaceAll("-", "+").replaceAll("_", "/"));
    expect(named).toBe(`${w.tenant.id}/${buyer.id}/trial_started`); // no address stands in it
    const forge = (text: string) => btoa(text).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
    const other = await customer(w);
    const forged = [
      `${encoded}.${mac.replace(/.$/, (last) => (last === "0" ? "1" : "0"))}`,
      `${forge(named.replace(buyer.id, other.id))}.${mac}`,
      `${forge(named.replace("trial_started", "license_reinstated"))}.${mac}`,
      encoded,
      "x",
      "%00",
    ];
    for (const token of forged) {
      const answers = [await send("GET", `/unsubscribe/${token}`), await oneClick(`/unsubscribe/${token}`)];
      expect(answers.map(({ status, body }) => `${status} ${body.code}`)).toEqual([
        "404 unsubscribe_link_invalid",
        "404 unsubscribe_link_invalid",
      ]);
    }
    expect((await preferences(w, other.id))["unsubscribed"]).toEqual([]);
  });

  test("that was cut off shows a browser a page in its own language that says so, and a program the problem", async () => {
    const { link } = await mailed();
    const accept = "text/html,application/xhtml+xml,*/*;q=0.8";
    for (const [languages, said] of [
      ["de-AT,de;q=0.9,en;q=0.8", "Dieser Link führt nirgendwohin"],
      ["fr", "This link does not lead anywhere"],
    ] as const) {
      const headers = { accept, "accept-language": languages };
      const page = await send("GET", link.slice(0, -9), undefined, { headers });
      expect(page.status).toBe(404);
      expect(page.headers.get("content-type")).toContain("text/html");
      expect(page.headers.get("content-security-policy")).toContain("default-src 'none'");
      expect(page.text).toContain(said);
      expect(page.text).not.toContain("<form");
    }
    expect((await send("GET", link.slice(0, -9))).body["code"]).toBe("unsubscribe_link_invalid");
  });

  test("of two kinds at once loses neither", async () => {
    const { w, buyer } = await mailed();
    const kinds = ["trial_started", "license_reinstated", "quota_alert", "welcome"] as const;
    const tokens = await Promise.all(
      kinds.map((kind) => unsubscribeToken(env, { tenantId: w.tenant.id, recipientId: buyer.id, kind })),
    );
    await Promise.all(tokens.map((token) => oneClick(`/unsubscribe/${token}`)));
    expect((await preferences(w, buyer.id))["unsubscribed"]).toEqual(kinds);
  });
});

describe("what a vendor says of a customer's mail", () => {
  test("is kept, told as an event, and counts like what they say themselves", async () => {
    const { w, buyer } = await mailed();
    const path = `/v1/customers/${buyer.id}/mail_preferences`;
    const put = await w.put(path, { unsubscribed: ["license_reinstated"] });
    expect(put).toMatchObject({
      status: 200,
      body: { id: buyer.id, unsubscribed: ["license_reinstated"], bounced_at: null },
    });
    expect(await wholeStory(w, buyer.id)).toEqual([
      "license_issued pending",
      "license_reinstated unsubscribed",
      "license_revoked pending",
      "license_suspended pending",
    ]);
    expect((await w.get("/v1/events?type=mail_preferences.updated")).body["data"]).toHaveLength(1);
  });

  test("names only what can be unsubscribed: what is always sent is refused, and why is said", async () => {
    const { w, buyer } = await mailed();
    const path = `/v1/customers/${buyer.id}/mail_preferences`;
    const put = await w.put(path, { unsubscribed: ["trial_started", "license_issued"] });
    expect(put).toMatchObject({
      status: 400,
      body: { errors: [{ pointer: "/unsubscribed/1", detail: expect.stringContaining("license_issued is always sent") }] },
    });
    expect((await preferences(w, buyer.id))["unsubscribed"]).toEqual([]);
    const unknown = await w.put(path, { unsubscribed: ["newsletter"] });
    expect(unknown.body["errors"][0].detail).toContain('Must be one of "trial_started"');
  });

  test("lifts a bounce, and mail goes there again", async () => {
    const w = await world();
    const { buyer, about } = await stocked(w, { customer: { email: `Ada.${crypto.randomUUID()}@Customer.example` } });
    await license(w, about);
    const [mail] = await claim();
    await claim({ results: [result(mail!, refused("recipient"))] });
    expect(await preferences(w, buyer.id)).toMatchObject({ bounced_at: expect.any(String), bounced_detail: "5.1.1 nobody" });
    expect(await wholeStory(w, buyer.id)).toContain("license_reinstated address_bounced");
    await w.put(`/v1/customers/${buyer.id}/mail_preferences`, { unsubscribed: [], lift_bounce: true });
    expect(await preferences(w, buyer.id)).toMatchObject({ bounced_at: null });
    expect(await wholeStory(w, buyer.id)).toContain("license_reinstated pending");
  });
});

test("an owner unsubscribes from what goes to the owner, and customers are none the wiser", async () => {
  const w = await world();
  const welcome = (await claim()).find(({ tenant_id }) => tenant_id === w.tenant.id);
  expect((await oneClick(new URL(welcome!.unsubscribe_url!).pathname)).status).toBe(200);
  await claim({ results: [result(welcome!, accepted)] });
  const [notice] = (await w.get("/v1/notices?kind=welcome")).body["data"];
  await w.post(`/v1/notices/${notice.id}/resend`);
  await claim();
  expect((await w.get(`/v1/notices/${notice.id}`)).body).toMatchObject({ state: "suppressed", reason: "unsubscribed" });
});

test("many who unsubscribe by one link at once leave one event", async () => {
  const { w, link } = await mailed();
  const answers = await Promise.all(upTo(8).map(() => oneClick(link)));
  expect(answers.map(({ status }) => status)).toEqual(upTo(8).map(() => 200));
  expect((await w.get("/v1/events?type=mail_preferences.updated")).body["data"]).toHaveLength(1);
});
