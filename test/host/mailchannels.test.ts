import { createServer, type Server } from "node:http";
import { afterEach, beforeEach, expect, test } from "vitest";
import { mailChannelsTransport } from "../../worker-host/mail/mailchannels.ts";
import { postman } from "../../worker-host/mail/postman.ts";
import { portOf } from "./edge-stand-in.ts";

type Taken = { path: string | undefined; key: unknown; body: Record<string, unknown> };

let api: Server;
let taken: Taken[];
let answer: number;
beforeEach(async () => {
  taken = [];
  answer = 202;
  api = createServer((request, response) => {
    let text = "";
    request.on("data", (chunk: Buffer) => (text += chunk.toString()));
    request.on("end", () => {
      taken.push({ path: request.url, key: request.headers["x-api-key"], body: JSON.parse(text) });
      response.writeHead(answer, { "content-type": "application/json" });
      response.end(
        answer < 300
          ? '{"request_id":"r","results":[{"index":0,"message_id":"<theirs@m>","status":"sent"}]}'
          : '{"errors":["no"]}',
      );
    });
  });
  await new Promise<void>((resolve) => api.listen(0, "127.0.0.1", resolve));
});
afterEach(() => new Promise((resolve) => api.close(resolve)));

const MAIL = {
  tenant_id: "ten_00a",
  notice_id: "ntc_001",
  attempt: 1,
  message_ref: "ntc_001",
  from: { name: "Acme", address: "hello@acme.example" },
  reply_to: "help@acme.example",
  to: "ada@customer.example",
  subject: "Ihr Schlüssel",
  html: "<p>Grüße</p>",
  text: "Grüße",
  unsubscribe_url: "https://latchkey.test/unsubscribe/abc",
};

const sending = () =>
  postman(
    mailChannelsTransport({
      kind: "mailchannels",
      apiKey: "the-key",
      baseUrl: `http://127.0.0.1:${portOf(api)}`,
      from: "licenses@vendor.example",
      fromDomains: null,
    }),
  );

test("a mail goes to MailChannels as its API wants it, under the key", async () => {
  const { outcome, message_id } = await sending().send(MAIL);
  expect(outcome).toMatchObject({ kind: "accepted" });
  expect(message_id).toBe("<theirs@m>"); // it sets its own
  expect(taken).toHaveLength(1);
  const [{ path, key, body } = { path: "", key: "", body: {} }] = taken;
  expect(path).toMatch(/^\/tx\/v1\/send\b/);
  expect(key).toBe("the-key");
  expect(body).toMatchObject({
    from: { email: "hello@acme.example", name: "Acme" },
    reply_to: { email: "help@acme.example" },
    subject: "Ihr Schlüssel",
    campaign_id: "ntc_001",
    personalizations: [{ to: [{ email: "ada@customer.example" }] }],
    headers: {
      "List-Unsubscribe": "<https://latchkey.test/unsubscribe/abc>",
      "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
      "X-Latchkey-Notice": "ntc_001",
    },
  });
  expect(JSON.stringify(body)).toContain("<p>Grüße</p>");
});

test.each([
  [401, "unreached"],
  [403, "unreached"],
  [429, "deferred"],
  [502, "deferred"],
  [400, "refused"],
  [413, "refused"],
])("an answer of %i is %s", async (status, kind) => {
  answer = status;
  const { outcome } = await sending().send(MAIL);
  expect(outcome).toMatchObject({ kind, status });
});

test("an API that is not there is not reached", async () => {
  const there = sending();
  await new Promise((resolve) => api.close(resolve));
  expect((await there.send(MAIL)).outcome).toMatchObject({ kind: "unreached", status: null });
});
