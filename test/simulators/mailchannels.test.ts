import { createServer } from "node:http";
import { Webhooks } from "mailchannels-sdk";
import { expect, onTestFinished, test } from "vitest";
import { startMailChannels } from "../../simulators/mailchannels/server.ts";

/** A simulator, and what a webhook that is enrolled with it gets. */
async function mailChannels() {
  const there = await startMailChannels({ port: 0 });
  const got: { headers: Record<string, string>; body: string }[] = [];
  const receiver = createServer((request, response) => {
    let body = "";
    request.on("data", (chunk: Buffer) => (body += chunk.toString()));
    request.on("end", () => {
      got.push({ headers: request.headers as Record<string, string>, body });
      response.writeHead(200).end();
    });
  });
  await new Promise<void>((resolve) => receiver.listen(0, "127.0.0.1", resolve));
  onTestFinished(async () => {
    receiver.close();
    await there.close();
  });
  const address = receiver.address();
  const hook = `http://127.0.0.1:${typeof address === "object" && address ? address.port : 0}/hook`;
  const call = (path: string, body?: object, headers: Record<string, string> = { "x-api-key": "k" }) =>
    fetch(there.url + path, { method: body ? "POST" : "GET", headers, ...(body ? { body: JSON.stringify(body) } : {}) });
  await call(`/tx/v1/webhook?endpoint=${encodeURIComponent(hook)}`, {});
  const mail = (to: string) =>
    call("/tx/v1/send", {
      from: { email: "a@x.example" },
      subject: "Hi",
      campaign_id: "ntc_1",
      personalizations: [{ to: [{ email: to }] }],
    });
  return { call, got, mail };
}

test("what becomes of a mail is told as was asked, each time signed so that MailChannels' own SDK takes it", async () => {
  const { call, got, mail } = await mailChannels();
  await call("/_control", { recipient: "eve@x.example", events: ["processed", "soft-bounced", "hard-bounced"] });
  for (const to of ["ada@x.example", "eve@x.example"]) expect((await mail(to)).status).toBe(202);
  await expect.poll(() => got.length).toBe(5);
  const told = got.flatMap(({ body }) => JSON.parse(body));
  const about = { customer_handle: "simulated", campaign_id: "ntc_1" };
  expect(told.filter(({ recipients }) => recipients[0] === "ada@x.example")).toMatchObject([
    { event: "processed", ...about },
    { event: "delivered", ...about },
  ]);
  expect(told.findLast(({ recipients }) => recipients[0] === "eve@x.example")).toMatchObject({
    event: "hard-bounced",
    status: "550",
  });
  const { key } = await (await call("/tx/v1/webhook/public-key?id=mckey", undefined, {})).json<{ key: string }>();
  for (const { body, headers } of got) {
    const named = {
      "content-digest": headers["content-digest"] ?? "",
      signature: headers["signature"] ?? "",
      "signature-input": headers["signature-input"] ?? "",
    };
    expect(await Webhooks.verify({ payload: body, headers: named, publicKey: key })).toBe(true);
    expect(await Webhooks.verify({ payload: `${body} `, headers: named, publicKey: key })).toBe(false);
  }
});

test("nothing is taken without a key, and no campaign that MailChannels would refuse", async () => {
  const { call } = await mailChannels();
  const body = { from: { email: "a@x.example" }, subject: "", personalizations: [{ to: [{ email: "b@x.example" }] }] };
  expect((await call("/tx/v1/send", body, {})).status).toBe(401);
  expect((await call("/tx/v1/send", { ...body, campaign_id: "x".repeat(49) })).status).toBe(400);
});
