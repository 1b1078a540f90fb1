import { once } from "node:events";
import http from "node:http";
import { portOf } from "./edge-stand-in.ts";

export type Received = { path: string; headers: http.IncomingHttpHeaders; body: string };

/** A webhook endpoint: keeps what it gets, and answers by the last digits of its path (`/503`), hangs at `/hang`, else 200. */
export async function receiver() {
  const received: Received[] = [];
  const server = http.createServer((request, response) => {
    let body = "";
    request.on("data", (chunk) => (body += String(chunk)));
    request.on("end", () => {
      received.push({ path: String(request.url), headers: request.headers, body });
      const status = Number(/\/(\d{3})$/.exec(String(request.url))?.[1] ?? 200);
      if (request.url !== "/hang") response.writeHead(status).end(`answer ${status}`);
    });
  });
  await once(server.listen(0, "127.0.0.1"), "listening");
  return {
    url: `http://127.0.0.1:${portOf(server)}`,
    received,
    ids: () => received.map(({ headers }) => String(headers["webhook-id"])),
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

export type Receiver = Awaited<ReturnType<typeof receiver>>;
