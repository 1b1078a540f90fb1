import { env } from "cloudflare:workers";
import { expect, test } from "vitest";
import { purge } from "#db/purge";
import { signedHeaders, webhookKey } from "../../../simulators/mailchannels/signing.ts";
import { asHost } from "../events/host.ts";
import { plansOf } from "../plans.ts";
import { shop } from "../sales/shop.ts";
import { send, world } from "../world.ts";
import { accepted, claim, emptyMailQueue, license, refused, result, stocked } from "./pump.ts";

const NOW = () => Date.now();

/** The mail of an order that is fulfilled. */
async function ordered() {
  const s = await shop({ stripe: null });
  const { id } = (await s.order()).body as { id: string };
  await s.post(`/v1/orders/${id}/approve`);
  const ref = { tenant_id: s.tenant.id, order_id: id };
  await asHost("/internal/orders/issue_licenses", { ...ref, from: 0, to: 1 });
  await asHost("/internal/orders/complete", ref);
  const mails = (await claim()).filter(({ tenant_id }) => tenant_id === s.tenant.id);
  expect(mails.map(({ subject }) => subject)).toContain("Your order ORD-000001");
}

test("what mail asks of the database is found by an index", async () => {
  const w = await world();
  const { buyer, about } = await stocked(w);
  await emptyMailQueue();
  const plans = await plansOf(/notices|notice_attempts|mail_|"licenses"\."order_id"\) in/, async () => {
    await license(w, about);
    const { id } = await license(w, about);
    await w.post(`/v1/licenses/${id}/transfer`, { customer_id: (await stocked(w)).buyer.id });
    await license(w, about);
    const [mail, other] = [...(await claim()), ...(await claim())];
    await claim({ results: [result(mail!, accepted), ...(other ? [result(other, refused("recipient"))] : [])] });
    await w.post(`/v1/notices/${mail!.notice_id}/resend`);
    await claim();
    for (const query of ["state=sent", "kind=welcome", `customer_id=${buyer.id}`, `subject_id=${id}`])
      await w.get(`/v1/notices?${query}`);
    const event = { customer_handle: "vendor", event: "hard-bounced", campaign_id: `${mail!.notice_id}.1` };
    const told = JSON.stringify([event]);
    const headers = await signedHeaders(told, await webhookKey("mckey", new Uint8Array(32).fill(4)), Math.floor(NOW() / 1000));
    expect((await send("POST", "/hooks/mailchannels", told, { headers })).status).toBe(200);
    expect((await w.get(`/v1/notices/${mail!.notice_id}`)).body["state"]).toBe("bounced");
    await ordered();
    await w.get("/v1/mail/status");
    await w.put(`/v1/customers/${buyer.id}/mail_preferences`, { unsubscribed: ["welcome"], lift_bounce: true });
    const words = { subject: "Your key", body: "{{ license.key }}" };
    await w.put("/v1/mail/templates/license_issued/en", words);
    await w.get("/v1/mail/templates");
    await w.delete("/v1/mail/templates/license_issued/en");
  });
  expect(plans.length).toBeGreaterThan(12);
  const strays = plans.flatMap(({ sql, plan }) => {
    const scans = plan.filter(
      (line) => line.startsWith("SCAN") && !/VIRTUAL TABLE|\(subquery|CONSTANT ROW|USING (COVERING )?INDEX/.test(line),
    );
    // a queue and its heads are made as the claim goes, and are as long as it takes
    return scans
      .filter((line) => !/^SCAN (queues|heads|turns|q|some)\b/.test(line))
      .map((line) => `${line} in ${sql.slice(0, 200)}`);
  });
  expect(strays).toEqual([]);
});

test("what was mailed long ago is taken away with its attempts, and what waits stays, however old", async () => {
  const w = await world();
  const { about } = await stocked(w);
  await license(w, about);
  const [mail] = await claim();
  await claim({ results: [result(mail!, accepted)] });
  await license(w, about);
  const long = NOW() - 91 * 24 * 3_600_000;
  await env.DB_00.prepare("update notices set created_at = ?1, next_at = ?1 where tenant_id = ?2").bind(long, w.tenant.id).run();
  await env.DB_00.prepare("update notices set ended_at = ?1 where id = ?2").bind(long, mail!.notice_id).run();
  await purge(env.DB_00, new Date());
  const left = await env.DB_00.prepare("select state from notices where tenant_id = ? and kind = 'license_issued'")
    .bind(w.tenant.id)
    .all();
  expect(left.results).toEqual([{ state: "pending" }]);
  const attempts = await env.DB_00.prepare("select 1 from notice_attempts where notice_id = ?").bind(mail!.notice_id).all();
  expect(attempts.results).toEqual([]);
});
