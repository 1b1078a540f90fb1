import { execFileSync } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync } from "node:fs";
import http from "node:http";
import https from "node:https";
import net from "node:net";
import os from "node:os";
import path from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { reachOf } from "../../worker-host/outbound/address.ts";
import { guardedSend, retryAfterS, type SendOptions } from "../../worker-host/outbound/send.ts";
import { judgeTarget, type Address, type Resolve } from "../../worker-host/outbound/target.ts";
import { portOf } from "./edge-stand-in.ts";

const closing: (() => void)[] = [];
afterEach(() => {
  for (const close of closing.splice(0)) close();
});

type Handler = (request: http.IncomingMessage, response: http.ServerResponse) => void;

async function serve(handler: Handler): Promise<{ url: string; asked: () => number }> {
  let asked = 0;
  const server = http.createServer((request, response) => {
    asked++;
    handler(request, response);
  });
  await once(server.listen(0, "127.0.0.1"), "listening");
  closing.push(() => {
    server.closeAllConnections();
    server.close();
  });
  return { url: `http://127.0.0.1:${portOf(server)}/hook?a=1`, asked: () => asked };
}

const resolved = (...addresses: string[]): Resolve => {
  return async () => addresses.map((address): Address => ({ address, family: net.isIP(address) === 6 ? 6 : 4 }));
};

const post = (url: string, options: Partial<SendOptions> = {}, signal?: AbortSignal) =>
  guardedSend({ allowLoopback: true, ...options })(
    { url, headers: { "content-type": "application/json", "webhook-id": "evt_1" }, body: '{"é":1}' },
    signal,
  );

describe("what may be asked", () => {
  const PUBLIC = ["93.184.216.34", "8.8.8.8", "2606:4700::1111", "2a00:1450:4001:80b::200e"];
  const PRIVATE = [
    "0.0.0.0 0.1.2.3 10.0.0.1 100.64.0.1 127.0.0.1 127.255.1.1 169.254.169.254 172.16.0.1 172.31.255.255 192.0.0.1 192.0.2.1 192.88.99.1",
    "192.168.1.1 198.18.0.1 198.51.100.1 203.0.113.1 224.0.0.1 240.0.0.1 255.255.255.255 :: ::1 ::7f00:1 ::ffff:127.0.0.1 ::ffff:8.8.8.8",
    "64:ff9b::7f00:1 64:ff9b:1::1 100::1 fc00::1 fd12:3456::1 fe80::1 fec0::1 ff02::1 2001::1 2001:db8::1 2002:7f00:1:: 3fff::1 5f00::1",
    "4000::1 fe80::1%eth0 localhost 1",
  ].flatMap((line) => line.split(" "));

  test("only public unicast addresses are public", () => {
    expect(PUBLIC.map(reachOf)).toEqual(PUBLIC.map(() => "public"));
    expect(PRIVATE.filter((address) => reachOf(address) === "public")).toEqual([]);
  });

  test("a private address is refused in every spelling, before anything is resolved", async () => {
    const spellings = [
      "127.0.0.1 127.1 2130706433 0x7f000001 0x7f.0.0.1 0177.0.0.1 017700000001 127.0.0.1. ①②⑦.0.0.1 0 0.0.0.0 10.0.0.1 0xa.0.0.1",
      "169.254.169.254 [::1] [::] [::ffff:127.0.0.1] [::ffff:7f00:1] [::127.0.0.1] [64:ff9b::127.0.0.1] [fe80::1] [fd00::1] [2002:7f00:1::]",
    ].flatMap((line) => line.split(" "));
    const never: Resolve = async (name) => {
      throw new Error(`${name} was resolved`);
    };
    for (const host of spellings) {
      const judged = judgeTarget(`https://${host}/`, { allowLoopback: false, resolve: never });
      await expect(judged, host).rejects.toMatchObject({ kind: "blocked", message: "the address is not public" });
    }
  });

  test("a name is refused when any of its addresses is not public, and the reason does not tell which", async () => {
    for (const address of PRIVATE.filter((address) => net.isIP(address) !== 0)) {
      const judged = judgeTarget("https://hooks.example/", { allowLoopback: false, resolve: resolved("8.8.8.8", address) });
      await expect(judged, address).rejects.toMatchObject({ kind: "blocked", message: "the address is not public" });
    }
    const fine = await judgeTarget("https://hooks.example/", {
      allowLoopback: false,
      resolve: resolved("8.8.8.8", "2606:4700::1111"),
    });
    expect(fine.pinned.address).toBe("8.8.8.8");
  });

  test.each([
    ["http://hooks.example/", "only https is allowed"],
    ["https://hooks.example:8443/", "only the default port is allowed"],
    ["https://user@hooks.example/", "a URL with a user name or password is not allowed"],
    ["https://:secret@hooks.example/", "a URL with a user name or password is not allowed"],
    ["ftp://hooks.example/", "only https is allowed"],
    ["file:///etc/passwd", "only https is allowed"],
    ["hooks.example", "the URL is malformed"],
    ["https://", "the URL is malformed"],
  ])("%s is refused", async (url, message) => {
    const outcome = await post(url, { allowLoopback: false, resolve: resolved("8.8.8.8") });
    expect(outcome).toMatchObject({ kind: "failed", error: "blocked", detail: message });
  });

  test("in development loopback is allowed, and nothing else that is private", async () => {
    const { url, asked } = await serve((_, response) => response.end());
    const named = url.replace("127.0.0.1", "hooks.test");
    expect(await post(url)).toMatchObject({ kind: "answered", status: 200 });
    expect(await post(named, { resolve: resolved("127.0.0.1") })).toMatchObject({ kind: "answered", status: 200 });
    expect(await post(url, { allowLoopback: false })).toMatchObject({ kind: "failed", error: "blocked" });
    expect(await post("http://10.0.0.1/", {})).toMatchObject({ kind: "failed", error: "blocked" });
    expect(await post("https://mixed.test/", { resolve: resolved("127.0.0.1", "10.0.0.1") })).toMatchObject({
      kind: "failed",
      error: "blocked",
    });
    expect(asked()).toBe(2);
  });
});

describe("how it is asked", () => {
  test("body and headers arrive as given, and the answer's start comes back clean", async () => {
    let seen: { method?: string; url?: string; headers: http.IncomingHttpHeaders; body: string } | undefined;
    const { url } = await serve((request, response) => {
      let body = "";
      request.on("data", (chunk) => (body += String(chunk)));
      request.on("end", () => {
        seen = { method: request.method!, url: request.url!, headers: request.headers, body };
        response.writeHead(503, { "retry-after": "120" }).end("sorry\u0000\r\n\u0007 later");
      });
    });
    const outcome = await post(url);
    expect(outcome).toMatchObject({ kind: "answered", status: 503, retry_after_s: 120, body: "sorry \n  later" });
    expect(seen).toMatchObject({ method: "POST", url: "/hook?a=1", body: '{"é":1}' });
    expect(seen?.headers).toMatchObject({
      "content-type": "application/json",
      "webhook-id": "evt_1",
      "content-length": "8",
      host: new URL(url).host,
    });
  });

  // every one of them comes to an end: a request that never did would hold up everybody's deliveries
  test.each([
    ["HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n", "was closed without an answer"],
    ["HTTP/1.1 099 Odd\r\nContent-Length: 0\r\n\r\n", "has no HTTP status"],
    ["HTTP/1.1 1000 Odd\r\nContent-Length: 0\r\n\r\n", "HPE_INVALID_STATUS"],
    ["\u0000nonsense\r\n\r\n", "HPE_INVALID"],
  ])("an answer that is none fails: %j", async (answer, reason) => {
    const server = net.createServer((socket) => socket.on("error", () => undefined).once("data", () => socket.write(answer)));
    await once(server.listen(0, "127.0.0.1"), "listening");
    closing.push(() => server.close());
    const outcome = await post(`http://127.0.0.1:${portOf(server)}/`, { totalTimeoutMs: 2_000 });
    expect(outcome).toMatchObject({ kind: "failed", error: "protocol", detail: expect.stringContaining(reason) });
  });

  test("a name that changes its address after it was judged is still asked at the judged one", async () => {
    const good = await serve((_, response) => response.end("good"));
    const evil = net.createServer().listen(Number(new URL(good.url).port), "127.0.0.2");
    await once(evil, "listening");
    closing.push(() => evil.close());
    let stolen = 0;
    evil.on("connection", (socket) => {
      stolen++;
      socket.destroy();
    });
    const answers = ["127.0.0.1", "127.0.0.2", "127.0.0.2"];
    const resolve: Resolve = async () => [{ address: answers.shift()!, family: 4 }];
    const outcome = await post(good.url.replace("127.0.0.1", "rebind.test"), { resolve });
    expect(outcome).toMatchObject({ kind: "answered", body: "good" });
    expect({ stolen, left: answers.length }).toEqual({ stolen: 0, left: 2 });
  });

  test("a redirect is an answer and is not followed", async () => {
    const inside = await serve((_, response) => response.end("secret"));
    const { url } = await serve((_, response) => response.writeHead(307, { location: inside.url }).end());
    expect(await post(url)).toMatchObject({ kind: "answered", status: 307 });
    expect(inside.asked()).toBe(0);
  });

  test("of a big answer only the start is read, and an endless one ends there", async () => {
    let written = 0;
    const { url } = await serve((_, response) => {
      const more = (): void => {
        while (!response.destroyed && response.write("x".repeat(16_384))) written += 16_384;
        response.once("drain", more);
      };
      more();
    });
    const outcome = await post(url, { totalTimeoutMs: 10_000 });
    expect(outcome).toMatchObject({ kind: "answered", status: 200 });
    expect(outcome.kind === "answered" && outcome.body).toBe("x".repeat(1_000));
    expect(written).toBeLessThan(20_000_000);
  });

  test("one that never answers, one that never ends and one that never connects are given up", async () => {
    const hang = await serve(() => undefined);
    const drip = await serve((_, response) => void response.writeHead(200).write("a"));
    expect(await post(hang.url, { totalTimeoutMs: 200 })).toMatchObject({
      kind: "failed",
      error: "timeout",
      detail: "no complete answer within 200 ms",
    });
    expect(await post(drip.url, { totalTimeoutMs: 200 })).toMatchObject({ kind: "failed", error: "timeout" });

    const mute = net.createServer().listen(0, "127.0.0.1"); // accepts, and never speaks TLS
    await once(mute, "listening");
    closing.push(() => mute.close());
    const sockets: net.Socket[] = [];
    mute.on("connection", (socket) => sockets.push(socket));
    const stuck = await post(`https://127.0.0.1:${portOf(mute)}/`, { connectTimeoutMs: 200 });
    for (const socket of sockets) socket.destroy();
    expect(stuck).toMatchObject({ kind: "failed", error: "timeout", detail: "no connection within 200 ms" });

    const slowNames: Resolve = () => new Promise(() => undefined);
    const unresolved = await post("https://slow.test/", { resolve: slowNames, connectTimeoutMs: 100 });
    expect(unresolved).toMatchObject({ kind: "failed", error: "timeout", detail: "the name was not resolved in time" });
  });

  test("a refused connection, a cut one, an unknown name and a broken answer are told apart", async () => {
    const closed = net.createServer().listen(0, "127.0.0.1");
    await once(closed, "listening");
    const port = portOf(closed);
    await new Promise((resolve) => closed.close(resolve));
    expect(await post(`http://127.0.0.1:${port}/`)).toMatchObject({
      kind: "failed",
      error: "connect",
      detail: "the request failed (ECONNREFUSED)",
    });

    const cut = await serve((request) => request.socket.destroy());
    expect(await post(cut.url)).toMatchObject({ kind: "failed", error: "connect" });

    const unknown: Resolve = async () => {
      throw Object.assign(new Error("no"), { code: "ENOTFOUND" });
    };
    expect(await post("https://nowhere.test/", { resolve: unknown })).toMatchObject({
      kind: "failed",
      error: "dns",
      detail: "the name cannot be resolved (ENOTFOUND)",
    });
    expect(await post("https://nowhere.test/", { resolve: resolved() })).toMatchObject({ kind: "failed", error: "dns" });

    const nonsense = await serve((request) => request.socket.end("SSH-2.0-OpenSSH\r\n\r\n"));
    expect(await post(nonsense.url)).toMatchObject({ kind: "failed", error: "protocol" });
    const heavy = await serve((_, response) => response.writeHead(200, { x: "y".repeat(40_000) }).end());
    expect(await post(heavy.url)).toMatchObject({ kind: "failed", error: "too_large" });
  });

  test("an abort from outside is thrown, not told as the endpoint's fault", async () => {
    const hang = await serve(() => undefined);
    const stop = new AbortController();
    const sending = post(hang.url, {}, stop.signal);
    stop.abort(new Error("stopping"));
    await expect(sending).rejects.toThrow("stopping");
  });

  test.each([
    [undefined, null],
    ["0", 0],
    ["86401", 86_401],
    ["Sun, 22 Nov 2026 10:00:30 GMT", 30],
    ["Sun, 22 Nov 2026 09:00:00 GMT", 0],
    ["soon", null],
    ["-5", null],
  ])("Retry-After %s means %s seconds", (header, seconds) => {
    expect(retryAfterS(header, new Date("2026-11-22T10:00:00Z"))).toBe(seconds);
  });
});

describe("over TLS", () => {
  const folder = mkdtempSync(path.join(os.tmpdir(), "latchkey-tls-"));
  let server: https.Server;
  let ca: string;

  beforeAll(async () => {
    const subject = ["-subj", "/CN=hooks.test", "-addext", "subjectAltName=DNS:hooks.test"];
    const files = ["-keyout", path.join(folder, "key.pem"), "-out", path.join(folder, "cert.pem")];
    execFileSync(
      "openssl",
      ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2", ...subject, ...files],
      { stdio: "ignore" },
    );
    ca = readFileSync(path.join(folder, "cert.pem"), "utf8");
    server = https.createServer({ key: readFileSync(path.join(folder, "key.pem")), cert: ca }, (_, response) =>
      response.end("sealed"),
    );
    await once(server.listen(0, "127.0.0.1"), "listening");
  });
  afterAll(() => server.close());

  test("the certificate is checked against the name, though the address is pinned", async () => {
    const url = (name: string) => `https://${name}:${portOf(server)}/`;
    const resolve = resolved("127.0.0.1");
    expect(await post(url("hooks.test"), { resolve, ca })).toMatchObject({ kind: "answered", status: 200, body: "sealed" });
    expect(await post(url("other.test"), { resolve, ca })).toMatchObject({ kind: "failed", error: "tls" });
    expect(await post(url("hooks.test"), { resolve })).toMatchObject({ kind: "failed", error: "tls" });
  });
});

describe("a connection", () => {
  const request = (url: string) => ({ url, headers: { "webhook-id": "evt_1" }, body: "{}" });

  /** Counts connections beside requests, and answers as told. */
  async function counted(handler: Handler) {
    const from: (net.Socket | undefined)[] = [];
    const { url } = await serve((incoming, response) => {
      from.push(incoming.socket);
      incoming.resume().on("end", () => handler(incoming, response));
    });
    return { url, asked: () => from.length, connections: () => new Set(from).size, last: () => from.at(-1) };
  }

  test("is kept for what is sent next to the same name at the same address, and for nothing else", async () => {
    const { url, connections } = await counted((_, response) => response.end("ok"));
    const { port } = new URL(url);
    let address = "127.0.0.1";
    const send = guardedSend({
      allowLoopback: true,
      resolve: async () => [{ address, family: net.isIP(address) === 6 ? 6 : 4 }],
    });
    const named = (name: string) => send(request(`http://${name}:${port}/`));
    for (const _ of [1, 2, 3]) expect(await named("a.example")).toMatchObject({ kind: "answered", status: 200 });
    expect(connections()).toBe(1);
    await named("b.example");
    expect(connections()).toBe(2);
    // the name has another address now, where nobody listens
    address = "127.0.0.2";
    expect(await named("a.example")).toMatchObject({ kind: "failed", error: "connect" });
    expect(connections()).toBe(2);
  });

  test("that the other side closed in the meantime costs a delivery nothing", async () => {
    const { url, asked, last } = await counted((_, response) => response.end("ok"));
    const send = guardedSend({ allowLoopback: true });
    await send(request(url));
    const closed = last();
    // a server that closes without a word, as one does that goes away: the next request meets it
    closed?.pause().removeAllListeners("data");
    closed?.resetAndDestroy();
    expect(await send(request(url))).toMatchObject({ kind: "answered", status: 200 });
    expect(asked()).toBe(2);
  });

  test("that breaks in the middle of an answer is not asked again", async () => {
    const { url, asked } = await counted((_, response) => {
      if (asked() === 1) return void response.end("ok");
      response.writeHead(200, { "content-length": "100" });
      response.write("half");
      setTimeout(() => response.socket?.resetAndDestroy(), 20);
    });
    const send = guardedSend({ allowLoopback: true });
    await send(request(url));
    expect(await send(request(url))).toMatchObject({ kind: "failed" });
    expect(asked()).toBe(2);
  });

  test.each(["HTTP/1.1 103 Early Hints\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-"])(
    "that breaks after it said something is not asked again: %j",
    async (said) => {
      const { url, asked } = await counted((request, response) => {
        if (asked() === 1) return void response.end("ok");
        request.socket.write(said);
        setTimeout(() => request.socket.resetAndDestroy(), 20);
      });
      const send = guardedSend({ allowLoopback: true });
      await send(request(url));
      expect(await send(request(url))).toMatchObject({ kind: "failed", error: "connect" });
      expect(asked()).toBe(2);
    },
  );

  test("that brought more than is read is not kept", async () => {
    const { url, connections } = await counted((_, response) => response.end("x".repeat(1_000_000)));
    const send = guardedSend({ allowLoopback: true, maxBytes: 1_000 });
    for (const _ of [1, 2]) expect(await send(request(url))).toMatchObject({ kind: "answered" });
    expect(connections()).toBe(2);
  });
});
