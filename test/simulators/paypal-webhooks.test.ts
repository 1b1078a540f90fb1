import { createVerify, X509Certificate } from "node:crypto";
import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { crc32 } from "node:zlib";
import { expect, test } from "vitest";
import { type Account, paid, paypalWorld, type Shown } from "./paypal-world.ts";
import { receiverWorld, until } from "./world.ts";

const ALL = [{ name: "*" }];

async function hooked(event_types: { name: string }[] = ALL) {
  const world = await paypalWorld();
  const receiver = await receiverWorld();
  const shop = await world.account();
  const webhook = (await shop.post("/v1/notifications/webhooks", { url: `${receiver.url}/hook`, event_types })).body;
  const received = async (type?: string) =>
    (await receiver.log("/hook"))
      .map((one) => ({ ...one, event: JSON.parse(one.body) as Shown }))
      .filter(({ event }) => (type ?? event["event_type"]) === event["event_type"]);
  return { ...world, shop, webhook, received, receiver };
}

/** What a careful receiver does with plain tools. */
async function isGenuine(headers: Record<string, unknown>, body: string, webhookId: string, root: string): Promise<boolean> {
  const of = (name: string) => String(headers[`paypal-${name}`]);
  const pem = await (await fetch(of("cert-url"))).text();
  const [leaf, middle] = pem.split(/(?<=-----END CERTIFICATE-----\n)/).map((one) => new X509Certificate(one));
  const authority = new X509Certificate(root);
  const chained = middle && leaf?.verify(middle.publicKey) && leaf.checkIssued(middle) && middle.verify(authority.publicKey);
  const text = `${of("transmission-id")}|${of("transmission-time")}|${webhookId}|${crc32(body)}`;
  return (
    chained === true &&
    createVerify("RSA-SHA256")
      .update(text)
      .verify(leaf?.publicKey ?? "", of("transmission-sig"), "base64")
  );
}

test("a payment is told in signed webhooks, whose certificate leads to the root that the control tells", async () => {
  const { url, shop, webhook, received, control, ...world } = await hooked();
  const { order, capture } = await paid({ url, control, ...world }, shop);
  await until(async () => (await received()).length === 3);
  const all = await received();
  expect(all.map(({ event }) => String(event["event_type"])).toSorted()).toEqual([
    "CHECKOUT.ORDER.APPROVED",
    "CHECKOUT.ORDER.COMPLETED",
    "PAYMENT.CAPTURE.COMPLETED",
  ]);
  const told = all.find(({ event }) => event["event_type"] === "PAYMENT.CAPTURE.COMPLETED");
  expect(told?.event["resource"]).toMatchObject({
    id: capture["id"],
    supplementary_data: { related_ids: { order_id: order["id"] } },
  });

  const { root_certificate: root } = await (await fetch(`${url}/_control`)).json<{ root_certificate: string }>();
  for (const { headers, body } of all) {
    expect(headers["paypal-auth-algo"]).toBe("SHA256withRSA");
    expect(await isGenuine(headers, body, webhook["id"], root)).toBe(true);
    expect(await isGenuine(headers, `${body} `, webhook["id"], root)).toBe(false);
  }
});

async function verified(shop: Account, headers: Record<string, unknown>, body: string, webhookId: string): Promise<string> {
  const of = (name: string) => headers[`paypal-${name}`];
  const about = {
    auth_algo: of("auth-algo"),
    cert_url: of("cert-url"),
    transmission_id: of("transmission-id"),
    transmission_sig: of("transmission-sig"),
    transmission_time: of("transmission-time"),
    webhook_id: webhookId,
  };
  const text = `${JSON.stringify(about).slice(0, -1)},"webhook_event":${body}}`;
  return (await shop.post("/v1/notifications/verify-webhook-signature", undefined, { text })).body["verification_status"];
}

test("what PayPal is asked to verify is genuine as it was sent, with its own white space, and false in every flawed form", async () => {
  const { shop, webhook, control, account } = await hooked();
  const payload = '{ "id": "WH-1",  "resource": {"value":"1.00"} }';
  const sign = (flaw?: string) =>
    control({ mode: "sign", webhook: webhook["id"], payload, ...(flaw === undefined ? {} : { flaw }) });
  const { headers, body } = await sign();
  expect(await verified(shop, headers, body, webhook["id"])).toBe("SUCCESS");
  expect(await verified(shop, headers, body.replace("1.00", "9.00"), webhook["id"])).toBe("FAILURE");
  expect(await verified(await account("live_other"), headers, body, webhook["id"])).toBe("FAILURE");
  for (const flaw of [
    "signature",
    "webhook_id",
    "body",
    "algorithm",
    "cert_host",
    "cert_path",
    "cert_redirect",
    "cert_expired",
    "cert_stranger",
  ]) {
    expect(await verified(shop, (await sign(flaw))["headers"], body, webhook["id"]), flaw).toBe("FAILURE");
  }
});

test("switches: duplicates, drops, a forgery, and a resend of what was lost", async () => {
  const { shop, webhook, received, control, deliveries, ...world } = await hooked([{ name: "PAYMENT.CAPTURE.COMPLETED" }]);
  await control({ mode: "duplicate", times: 3 });
  await paid({ control, deliveries, ...world }, shop);
  await until(async () => (await received()).length === 3);
  expect(new Set((await received()).map(({ event }) => event["id"])).size).toBe(1);

  await control({ mode: "normal" });
  await control({ mode: "drop", count: 1 });
  const { capture } = await paid({ control, deliveries, ...world }, shop);
  expect((await deliveries()).at(-1)?.outcome).toBe("dropped");
  const events = (await shop.get(`/v1/notifications/webhooks-events?transaction_id=${capture["id"]}`)).body["events"];
  expect(events).toHaveLength(1);
  expect((await shop.post(`/v1/notifications/webhooks-events/${events[0].id}/resend`)).status).toBe(202);
  await until(async () => (await received()).length === 4);

  expect(await control({ mode: "forge" })).toEqual({ sent: [{ webhook: webhook["id"], status: 200, error: null }] });
  expect((await shop.call("DELETE", `/v1/notifications/webhooks/${webhook["id"]}`)).status).toBe(204);
  await expect(control({ mode: "forge" })).rejects.toThrow("There is no webhook.");
  await expect(control({ mode: "clock", advanse_s: 1 })).rejects.toThrow("advanse_s");
});

test("a webhook that fails comes again under the same id and time, also after a restart", async () => {
  const state = path.join(mkdtempSync(path.join(tmpdir(), "latchkey-")), "paypal.ndjson");
  const world = await paypalWorld(state);
  const receiver = await receiverWorld();
  await receiver.control({ path: "/hook", mode: "fail", status: 503 });
  const shop = await world.account();
  const event_types = [{ name: "CATALOG.PRODUCT.CREATED" }];
  await shop.post("/v1/notifications/webhooks", { url: `${receiver.url}/hook`, event_types });
  const product = await shop.post("/v1/catalogs/products", { name: "Studio", type: "SERVICE" });
  await until(async () => (await receiver.log("/hook")).length > 0);
  await world.close();

  const again = await paypalWorld(state);
  await receiver.control({ path: "/hook", mode: "normal" });
  await until(async () => (await again.deliveries()).some(({ outcome }) => outcome === "delivered"));
  const tries = await receiver.log("/hook");
  expect(new Set(tries.map(({ headers }) => headers["paypal-transmission-id"])).size).toBe(1);
  expect(new Set(tries.map(({ headers }) => headers["paypal-transmission-time"])).size).toBe(1);
  const later = await again.account();
  expect((await later.get(`/v1/catalogs/products/${product.body["id"]}`)).status).toBe(200);
});
