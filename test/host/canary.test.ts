import diagnostics from "node:diagnostics_channel";
import { once } from "node:events";
import http from "node:http";
import net from "node:net";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { guardedSend, type SendOptions } from "../../worker-host/outbound/send.ts";
import type { Address, Resolve } from "../../worker-host/outbound/target.ts";
import { portOf } from "./edge-stand-in.ts";

// A canary sits where nothing may be sent, and counts who comes by. Beside it every socket is counted that this process opens at all: what is
// refused must be refused before anything leaves, whatever listens there.

let canary: http.Server;
let port: number;
let hits = 0;
let sockets = 0;
const opened = (): void => void sockets++;

beforeAll(async () => {
  canary = http.createServer((_, response) => {
    hits++;
    response.end("the canary sang");
  });
  // on every address of this machine: loopback of both families leads here
  await once(canary.listen(0), "listening");
  port = portOf(canary);
  diagnostics.subscribe("net.client.socket", opened);
});
afterAll(() => {
  diagnostics.unsubscribe("net.client.socket", opened);
  canary.closeAllConnections();
  canary.close();
});
beforeEach(() => {
  hits = 0;
  sockets = 0;
});

const words = (text: string) => text.split(/\s+/).filter((word) => word !== "");

const LOOPBACK = words(`
  127.0.0.1 127.0.0.1. 127.1 127.0.1 127.255.255.254 2130706433 0x7f000001 0x7F.0x0.0x0.0x1 0x7f.1 017700000001 0177.0.0.1 0177.1 127.0x0.0.01
  %31%32%37.0.0.1 １２７.0.0.1 ①②⑦.⓪.⓪.① 127。0。0。1 [::1] [0:0:0:0:0:0:0:1] [0000::0001]`);
const WITHIN_IPV6 = words(`
  [::ffff:127.0.0.1] [::ffff:7f00:1] [0:0:0:0:0:ffff:127.0.0.1] [::FFFF:169.254.169.254] [::ffff:0:127.0.0.1] [::127.0.0.1] [::7f00:1]
  [64:ff9b::127.0.0.1] [64:ff9b::7f00:1] [64:ff9b::a00:1] [64:ff9b::a9fe:a9fe] [64:ff9b:1::7f00:1] [2002:7f00:1::] [2002:7f00:0001::1] [2002:a9fe:a9fe::]
  [2002:c0a8:101::1] [2001:0:7f00:1::] [2001:0:4136:e378:8000:63bf:80ff:fffe]`);
const NOT_PUBLIC = words(`
  0 0.0.0.0 0.1.2.3 10.0.0.1 10.255.255.255 012.0.0.1 167772161 100.64.0.1 100.127.255.255 169.254.169.254 2852039166 0xa9fea9fe 0251.0376.0251.0376
  172.16.0.1 172.31.255.255 192.0.0.1 192.0.0.192 192.0.2.1 192.88.99.1 192.168.0.1 192.168.1 3232235777 198.18.0.1 198.19.255.255 198.51.100.1 203.0.113.1
  224.0.0.1 239.255.255.255 240.0.0.1 255.255.255.255 4294967295
  [::] [0:0:0:0:0:0:0:0] [100::1] [2001::1] [2001:2::1] [2001:10::1] [2001:db8::1] [3fff::1] [5f00::1] [fc00::1] [fd00::1] [fd00:ec2::254] [fe80::1]
  [fe80::1%25eth0] [fec0::1] [ff02::1] [ff0e::1] [4000::1]`);
const NAMES = words("localhost LOCALHOST localhost. ⓛⓞⓒⓐⓛⓗⓞⓢⓣ loca%6Chost");

const send = (url: string, options: Partial<SendOptions> = {}) =>
  guardedSend({ allowLoopback: false, totalTimeoutMs: 2_000, ...options })({
    url,
    headers: { "webhook-id": "evt_1" },
    body: "{}",
  });

const toNames =
  (...addresses: string[]): Resolve =>
  async () =>
    addresses.map((address): Address => ({ address, family: net.isIPv6(address) ? 6 : 4 }));

/** The ways to write a URL to a host: as it may be written, and to where the canary sits. */
const urlsOf = (host: string) => [`https://${host}/`, `https://${host}:${port}/`, `http://${host}:${port}/`, `http://${host}/`];

/** What of the URLs was not refused before anything left; a name that this machine does not know leads nowhere either. */
async function notRefused(urls: readonly string[], options: Partial<SendOptions> = {}): Promise<string[]> {
  const outcomes = await Promise.all(urls.map((url) => send(url, options)));
  return outcomes.flatMap((outcome, index) =>
    outcome.kind === "failed" && ["blocked", "dns"].includes(outcome.error) ? [] : [`${urls[index]}: ${JSON.stringify(outcome)}`],
  );
}

test.each(Object.entries({ LOOPBACK, WITHIN_IPV6, NOT_PUBLIC, NAMES }))(
  "no spelling of an address that is not public leads anywhere: %s",
  async (_, hosts) => {
    expect(await notRefused(hosts.flatMap(urlsOf))).toEqual([]);
    expect({ hits, sockets }).toEqual({ hits: 0, sockets: 0 });
  },
);

test("nor does a name that stands for one, alone or beside a public address, whichever comes first", async () => {
  const unbracketed = [...WITHIN_IPV6, ...NOT_PUBLIC, "[::1]", "127.0.0.1"].map((host) => host.replace(/^\[(.*)\]$/, "$1"));
  for (const address of unbracketed.filter((host) => net.isIP(host) !== 0)) {
    for (const answers of [[address], ["93.184.215.14", address], [address, "2606:4700::1111"]]) {
      const faults = await notRefused(urlsOf("hooks.example"), { resolve: toNames(...answers) });
      expect(faults, answers.join()).toEqual([]);
    }
  }
  expect({ hits, sockets }).toEqual({ hits: 0, sockets: 0 });
});

test("nor does a redirect, of any status, to any of them", async () => {
  let location = "";
  let status = 302;
  const redirecting = http.createServer((_, response) => response.writeHead(status, { location }).end());
  await once(redirecting.listen(0, "127.0.0.1"), "listening");
  const url = `http://127.0.0.1:${portOf(redirecting)}/`;
  for (status of [301, 302, 303, 307, 308]) {
    for (const host of ["127.0.0.1", "127.1", "2130706433", "[::1]", "[::ffff:127.0.0.1]", "localhost"]) {
      location = `http://${host}:${port}/`;
      // whoever followed would be let in: in development this machine may be asked
      expect(await send(url, { allowLoopback: true })).toMatchObject({ kind: "answered", status });
    }
  }
  redirecting.closeAllConnections();
  redirecting.close();
  expect(hits).toBe(0);
  expect(sockets).toBeLessThanOrEqual(30);
});

test("the canary sings when it is asked, so that silence means something", async () => {
  for (const host of ["127.0.0.1", "2130706433", "127.1"]) {
    expect(await send(`http://${host}:${port}/`, { allowLoopback: true })).toMatchObject({ body: "the canary sang" });
  }
  expect({ hits, sockets }).toEqual({ hits: 3, sockets: 3 });
});
