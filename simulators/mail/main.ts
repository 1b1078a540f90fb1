import { runSimulator } from "../run.ts";
import { startMailSink } from "./server.ts";

const smtpPort = Number(process.env["LATCHKEY_SMTP_PORT"] ?? 8794);

if (Number.isInteger(smtpPort) && smtpPort >= 0 && smtpPort <= 65_535) {
  await runSimulator({
    name: "mail sink",
    portVariable: "LATCHKEY_MAIL_PORT",
    defaultPort: 8793,
    stateFile: "mail.ndjson",
    start: (options) => startMailSink({ ...options, smtpPort }),
  });
} else {
  console.error("mail sink: LATCHKEY_SMTP_PORT must be a port number.");
  process.exitCode = 1;
}
