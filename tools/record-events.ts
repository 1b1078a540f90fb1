/**
 * Records an example of each type of event out of what happens in tests of the edge: `npm run record:events -- [--anew] [test/workers/… …] [type …]`. A
 * type that has one keeps it, unless it is named, or `--anew` is: to be run when a type is new, or the shape of an object was changed. Without files
 * those are run that together show every type.
 */
import { spawn } from "node:child_process";
import { writeFile } from "node:fs/promises";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import path from "node:path";
import { text } from "node:stream/consumers";
import { EVENT_TYPES } from "../workers/rules/events.ts";
import { RECORDED } from "../workers/rules/webhooks/recorded.ts";
import { root } from "./start/home.ts";

/** Calls of every operation with the examples of the document, and what happens otherwise than by a call. */
const EVERY_TYPE = [
  "document/isolation",
  "entitlements/telling",
  "licensing/activations",
  "licensing/security/integrity",
  "licensing/templates",
  "limits/requests",
  "mail/notices",
  "mail/tracking",
  "sales/fulfillment",
  "sales/stripe",
  "sales/trouble",
  "stories/stories",
  "stories/test-clocks",
  "webhooks/queues",
].map((file) => `test/workers/${file}.test.ts`);

const asked = process.argv.slice(2);
const chosenFiles = asked.filter((each) => each.startsWith("test/"));
const files = chosenFiles.length > 0 ? chosenFiles : EVERY_TYPE;
const named = new Set(asked.filter((each) => /^[a-z_]+\.[a-z_]+$/.test(each)));
const anew = asked.includes("--anew");

/** The words that tests make up so that they find them again, as words that a reader may be shown. */
const plain = (message: string) =>
  message.replaceAll(/mark[0-9a-f]{16,32}/g, "acme").replaceAll(/\bu[0-9a-f]{8}-(?=\d)/g, "acme-");

const heard: Record<string, string> = {};
const listen = async (request: IncomingMessage, response: ServerResponse) => {
  const told = JSON.parse(await text(request)) as Record<string, string>;
  for (const [type, message] of Object.entries(told)) heard[type] ??= plain(message);
  response.end();
};
const server = createServer((request, response) => void listen(request, response));
await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));

const { port } = server.address() as AddressInfo;
const vitest = spawn(process.execPath, ["node_modules/vitest/vitest.mjs", "run", "--project", "edge*", ...files], {
  cwd: root,
  stdio: "inherit",
  env: { ...process.env, LATCHKEY_RECORD_EVENTS: `http://127.0.0.1:${port}/` },
});
await new Promise((resolve) => vitest.once("exit", resolve));
server.close();

const kept: Record<string, string> = RECORDED;
const chosen = EVENT_TYPES.map((type) => {
  const isWanted = anew || named.has(type) || !kept[type];
  return [type, (isWanted ? heard[type] : undefined) ?? kept[type]] as const;
});
const lines = chosen.flatMap(([type, message]) => (message ? [`  "${type}":\n    ${JSON.stringify(message)},\n`] : []));
await writeFile(
  path.join(root, "workers/rules/webhooks/recorded.ts"),
  `// Made by \`npm run record:events\` out of what happens in tests. Do not edit.
import type { EventType } from "../events.ts";

/** An event of each type as webhooks deliver it. */
export const RECORDED: Record<EventType, string> = {\n${lines.join("")}};\n`,
);
const missing = chosen.flatMap(([type, message]) => (message ? [] : [type]));
console.log(missing.length === 0 ? "Every type has its example." : `Not seen in these tests: ${missing.join(", ")}`);
process.exitCode = missing.length === 0 ? 0 : 1;
