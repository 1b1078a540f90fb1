import { beforeEach, describe, expect, test } from "vitest";
import { KINDS, MAIL_LOCALES, NOTICE_KINDS } from "#rules/mail/kinds";
import { world } from "../world.ts";
import { claim, emptyMailQueue, license, stocked } from "./pump.ts";

beforeEach(emptyMailQueue);

const OWN = {
  subject: "{{ product.name }}: Ihr Schlüssel",
  body: "Servus {{ recipient.name }},\n\n<b>fett</b> ist hier nichts.\n{{#if license.expires_on}}Bis {{ license.expires_on }}.{{else}}Für immer.{{/if}}\n\n{{ license.key }}",
};

describe("a tenant's own words", () => {
  test("are what its customers get from then on, in its frame, escaped, until it goes back", async () => {
    const w = await world();
    const { about } = await stocked(w, { customer: { name: "Eva & <i>Co</i>", locale: "de" } });
    const path = "/v1/mail/templates/license_issued/de";
    expect((await w.put(path, OWN)).body).toMatchObject({ customized: true, ...OWN });
    const { license_key } = await license(w, about);
    const [mail] = await claim();
    expect(mail!.subject).toBe("Acme Studio: Ihr Schlüssel");
    expect(mail!.text).toContain(`Servus Eva & <i>Co</i>,\n\n<b>fett</b> ist hier nichts.\n`);
    expect(mail!.html).toContain("Servus Eva &amp; &lt;i&gt;Co&lt;/i&gt;,");
    expect(mail!.html).toContain("&lt;b&gt;fett&lt;/b&gt; ist hier nichts.<br/>");
    expect(mail!.html).toContain(license_key!);
    expect(mail!.html).toContain("<!DOCTYPE html");

    expect((await w.delete(path)).status).toBe(204);
    expect((await w.delete(path)).status).toBe(204);
    await license(w, about);
    expect((await claim())[0]!.subject).toBe("Ihre Lizenz für Acme Studio");
    const types = (await w.get("/v1/events?subject_id=license_issued.de")).body["data"].map(({ type }: { type: string }) => type);
    expect(types).toEqual(["mail_template.reset", "mail_template.updated"]);
  });

  test.each([
    [{ ...OWN, body: "No key" }, "/body", "missing_placeholder"],
    [{ ...OWN, body: "{{#if license.key}}there is one{{/if}}" }, "/body", "missing_placeholder"],
    [{ ...OWN, body: "{{ license.key }} {{ customer.card }}" }, "/body", "unknown_placeholder"],
    [{ ...OWN, subject: "{{ license.key" }, "/subject", "syntax"],
    [{ ...OWN, subject: "{{ secrets }}" }, "/subject", "unknown_placeholder"],
  ])("%o are refused with what is wrong", async (words, pointer, code) => {
    const w = await world();
    const path = "/v1/mail/templates/license_issued/en";
    const [put, draft] = [await w.put(path, words), await w.post("/v1/mail/preview", { kind: "license_issued", ...words })];
    for (const answer of [put, draft]) {
      expect(answer).toMatchObject({ status: 400, body: { code: "mail_template_invalid", errors: [{ pointer, code }] } });
    }
    expect((await w.get(path)).body).toMatchObject({ customized: false });
  });

  test("make no header of their own, whatever a customer is called", async () => {
    const w = await world();
    const { about } = await stocked(w, { customer: { name: "Eva\nBcc: all@x.example" } });
    await w.put("/v1/mail/templates/license_issued/en", { ...OWN, subject: "For {{ recipient.name }}" });
    await license(w, about);
    expect((await claim())[0]!.subject).toBe("For Eva Bcc: all@x.example");
  });

  test("of one tenant are no other's", async () => {
    const [w, other] = [await world(), await world()];
    await w.put("/v1/mail/templates/license_issued/en", OWN);
    expect((await other.get("/v1/mail/templates/license_issued/en")).body).toMatchObject({ customized: false });
    const { about } = await stocked(other);
    await license(other, about);
    expect((await claim())[0]!.subject).toBe("Your license for Acme Studio");
  });
});

test("every kind is listed in every language, with words that can be put back as they are", async () => {
  const w = await world();
  const { data } = (await w.get("/v1/mail/templates")).body;
  expect(data.map(({ id }: { id: string }) => id)).toEqual(
    NOTICE_KINDS.flatMap((kind) => MAIL_LOCALES.map((locale) => `${kind}.${locale}`)),
  );
  for (const { kind, locale, subject, body } of data) {
    expect((await w.put(`/v1/mail/templates/${kind}/${locale}`, { subject, body })).status).toBe(200);
  }
});

test("a kind or language that there is not is not found", async () => {
  const w = await world();
  for (const path of [
    "/v1/mail/templates/license_issued/fr",
    "/v1/mail/templates/newsletter/en",
    "/v1/mail/templates/constructor/en",
  ]) {
    expect(await w.get(path)).toMatchObject({ status: 404, body: { code: "mail_template_not_found" } });
  }
});

describe("a preview", () => {
  test.each(NOTICE_KINDS)("of %s is complete, in both languages", async (kind) => {
    const w = await world();
    await w.patch("/v1/settings", { mail: { brand_name: "Acme & Co", logo_url: "https://acme.example/logo.png" } });
    for (const locale of MAIL_LOCALES) {
      const { status, body } = await w.post("/v1/mail/preview", { kind, locale });
      expect(status).toBe(200);
      expect(body["subject"] + body["text"] + body["html"]).not.toMatch(/\{\{|\}\}|undefined/);
      expect(body["html"]).toContain('src="https://acme.example/logo.png"');
      expect(body["text"].includes("/unsubscribe/")).toBe(!KINDS[kind].isLegal);
    }
  });

  test("of a draft keeps nothing", async () => {
    const w = await world();
    await emptyMailQueue();
    const draft = await w.post("/v1/mail/preview", { kind: "license_issued", locale: "de", ...OWN });
    expect(draft.body["subject"]).toBe("Acme Studio: Ihr Schlüssel");
    expect((await w.get("/v1/mail/templates/license_issued/de")).body).toMatchObject({ customized: false });
    expect(await claim()).toEqual([]);
  });
});

test("a test mail shows a mail with made-up values, says that it is a test, and is a notice like any other", async () => {
  const w = await world();
  await emptyMailQueue();
  const sent = await w.post("/v1/mail/test", { kind: "license_issued", locale: "de", to: "me@vendor.example" });
  expect(sent).toMatchObject({
    status: 202,
    body: { kind: "test", recipient: "me@vendor.example", event_id: null, locale: "de" },
  });
  expect(await claim()).toMatchObject([{ to: "me@vendor.example", subject: "[Test] Ihre Lizenz für Acme Studio" }]);
  await w.post("/v1/mail/test", {});
  expect(await claim()).toMatchObject([{ to: "owner@world.example", subject: "[Test] A test of the mail of World" }]);
});

test("the status says how mail goes out, why it does not, and what waits", async () => {
  const w = await world();
  await claim({ transport: null, problem: "No mail transport is configured", limit: 0 });
  const { about } = await stocked(w);
  await license(w, about);
  expect((await w.get("/v1/mail/status")).body).toMatchObject({
    transport: null,
    problem: "No mail transport is configured",
    waiting_count: 1,
    waiting_since: expect.any(String),
  });
  await claim({ transport: "smtp" });
  expect((await w.get("/v1/mail/status")).body).toMatchObject({ transport: "smtp", problem: null });
});
