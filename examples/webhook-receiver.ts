import { readFileSync } from "node:fs";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import path from "node:path";
import { Webhook, WebhookVerificationError } from "standardwebhooks";

const port = Number(process.argv[2] ?? 8795);
const largestBody = 1024 * 1024;

/**
 * A receiver as a vendor would write it. It registers itself at a running `npm start`, asks for a test event, prints what comes, and
 * deletes its endpoint when it is stopped: `npx node examples/webhook-receiver.ts [port]`.
 */
async function main(): Promise<void> {
  const url = `http://127.0.0.1:${port}/latchkey`;
  const asked = { url, events: ["license.*", "activation.*", "order.*"], description: "examples/webhook-receiver.ts" };
  const endpoint = await call<{ id: string; secret: string }>("POST", "/v1/webhook_endpoints", asked);
  const webhook = new Webhook(endpoint.secret);

  const server = createServer((request, response) => void receive(webhook, request, response));
  server.listen(port, "127.0.0.1", () => console.log(`${endpoint.id} sends to ${url}; Ctrl-C ends it.`));
  process.once("SIGINT", () => {
    server.close();
    server.closeAllConnections();
    void call("DELETE", `/v1/webhook_endpoints/${endpoint.id}`).then(() => console.log("The endpoint is deleted."));
  });
  await call("POST", `/v1/webhook_endpoints/${endpoint.id}/test`);
}

type Event = { id: string; seq: number; type: string; timestamp: string; subject: { type: string; id: string } };

/** Events that were acted on. A real receiver keeps them in its database, under a unique key, in the transaction of what it does. */
const seen = new Set<string>();

/** Verifies before reading, answers 2xx only when the event is safe, and takes a repetition for what it is. */
async function receive(webhook: Webhook, request: IncomingMessage, response: ServerResponse): Promise<void> {
  try {
    const body = await rawBody(request);
    const event = webhook.verify(body, request.headers as Record<string, string>) as Event;
    if (!seen.has(event.id)) {
      seen.add(event.id);
      console.log(`${event.seq} ${event.type} ${event.subject.id}`);
    }
    response.writeHead(204).end();
  } catch (error) {
    const refused = error instanceof WebhookVerificationError;
    console.error(refused ? `refused: ${error.message}` : error);
    response.writeHead(refused ? 400 : 500).end(); // anything but 2xx is sent again later
  }
}

/** The bytes as they came: parsing and writing the JSON anew would break the signature. */
async function rawBody(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    length += chunk.byteLength;
    if (length > largestBody) throw new Error("The body is too large.");
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString("utf8");
}

async function call<Answer>(method: string, where: string, body?: object): Promise<Answer> {
  const answer = await fetch(dev().edge_url + where, {
    method,
    headers: { authorization: `Bearer ${dev().tenant.secret_key}`, "content-type": "application/json" },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    signal: AbortSignal.timeout(10_000),
  });
  const text = await answer.text();
  if (!answer.ok) throw new Error(`${method} ${where} answered ${answer.status}: ${text}`);
  return JSON.parse(text === "" ? "null" : text) as Answer;
}

/** Where the running installation is, and the demo tenant's secret key. */
function dev(): { edge_url: string; tenant: { secret_key: string } } {
  const home = path.resolve(import.meta.dirname, "..", process.env["LATCHKEY_HOME"] ?? ".latchkey");
  return JSON.parse(readFileSync(path.join(home, "dev.json"), "utf8"));
}

await main();
