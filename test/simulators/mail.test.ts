import { createTransport } from "nodemailer";
import { expect, onTestFinished, test } from "vitest";
import { startMailSink } from "../../simulators/mail/server.ts";
import type { ReceivedMail } from "../../simulators/mail/received.ts";

async function sink() {
  const there = await startMailSink({ port: 0, smtpPort: 0 });
  onTestFinished(() => there.close());
  const port = Number(new URL(there.smtpUrl).port);
  const transport = createTransport({ host: "127.0.0.1", port, secure: false });
  const mail = (to: string, html = "<p>Hello</p>") =>
    transport.sendMail({ from: "a@x.example", to, subject: "<Hi>", html, text: "Hello" });
  const control = async (body: object) =>
    (await fetch(`${there.url}/_control`, { method: "POST", body: JSON.stringify(body) })).status;
  const log = async (query = "") => (await fetch(`${there.url}/_log${query}`)).json<ReceivedMail[]>();
  return { there, mail, control, log };
}

test("every mail is kept as it came, to be read as JSON or looked at, and nothing in it can run", async () => {
  const { there, mail, log } = await sink();
  await mail("ada@x.example", "<script>alert(1)</script><p>Grüße</p>");
  await mail("eve@x.example");
  expect(await log("?to=ada@x.example")).toMatchObject([
    { to: ["ada@x.example"], subject: "<Hi>", text: expect.stringContaining("Hello") },
  ]);
  const outbox = await (await fetch(there.url)).text();
  expect(outbox).toContain("&lt;Hi&gt;");
  const page = await (await fetch(`${there.url}/mail/1`)).text();
  expect(page).toContain("<iframe sandbox ");
  expect(page).not.toContain("<script>");
});

test("a fault meets its recipient, as often as it was told to, and nobody else", async () => {
  const { mail, control, log } = await sink();
  await control({ mode: "defer", recipient: "ada@x.example", times: 1 });
  await control({ mode: "refuse", recipient: "eve@x.example" });
  await expect(mail("ada@x.example")).rejects.toMatchObject({ responseCode: 451, command: "RCPT TO" });
  await expect(mail("eve@x.example")).rejects.toMatchObject({ responseCode: 550 });
  await mail("ada@x.example");
  expect((await log()).map(({ to }) => to[0])).toEqual(["ada@x.example"]);
  await control({ mode: "normal" });
  await mail("eve@x.example");
});

test("a sink that is down is not there at all, and comes back on the same port with what it had", async () => {
  const { mail, control, log } = await sink();
  await mail("ada@x.example");
  await control({ mode: "down" });
  await expect(mail("ada@x.example")).rejects.toMatchObject({ code: "ESOCKET" });
  await control({ mode: "normal" });
  await mail("ada@x.example");
  expect(await log()).toHaveLength(2);
});

test.each([{}, { mode: "dwon" }, { mode: "defer", status: 200 }, { mode: "refuse", at: "door" }, { mode: "down", times: 3 }])(
  "a control call of %o is refused",
  async (body) => {
    const { control } = await sink();
    expect(await control(body)).toBe(400);
  },
);
