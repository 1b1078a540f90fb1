import net from "node:net";
import { expect, onTestFinished, test } from "vitest";
import { choosePorts, isFree, portsFrom } from "../../tools/start/ports.ts";
import { listening } from "./folder.ts";

/** Takes a free port until the test is over. */
function takenPort(): Promise<number> {
  return new Promise((resolve) => {
    const server = net.createServer().listen(0, "127.0.0.1", () => {
      const address = server.address();
      resolve(typeof address === "object" && address ? address.port : 0);
    });
    onTestFinished(() => void server.close());
  });
}

/** The environment of a start that names every port but the edge's. */
async function otherPorts() {
  const free = await portsFrom(38_000);
  return {
    ...process.env,
    LATCHKEY_TEMPORAL_PORT: String(free.temporal),
    LATCHKEY_TEMPORAL_UI_PORT: String(free.temporalUi),
    LATCHKEY_STRIPE_PORT: String(free.stripe),
    LATCHKEY_PAYPAL_PORT: String(free.paypal),
    LATCHKEY_RECEIVER_PORT: String(free.receiver),
    LATCHKEY_HOST_PORT: String(free.host),
  };
}

test("a port that was asked for is used", async () => {
  const { edge: asked } = await portsFrom(38_500);
  const say = listening();
  const ports = await choosePorts({ ...(await otherPorts()), LATCHKEY_PORT: String(asked) }, say);
  expect(ports.edge).toBe(asked);
  expect(say.lines).toEqual([]);
});

test("a taken port that was asked for is refused with its variable, never replaced", async () => {
  const taken = await takenPort();
  await expect(choosePorts({ ...(await otherPorts()), LATCHKEY_PORT: String(taken) }, listening())).rejects.toThrow(
    new RegExp(`Port ${taken} \\(LATCHKEY_PORT, for the edge\\) is taken`),
  );
});

test("two parts that were asked onto one port are refused with both variables", async () => {
  const others = await otherPorts();
  await expect(choosePorts({ ...others, LATCHKEY_PORT: others.LATCHKEY_HOST_PORT }, listening())).rejects.toThrow(
    /LATCHKEY_PORT and LATCHKEY_HOST_PORT are both/,
  );
});

test("a default port gives way to a part that was asked onto it", async () => {
  const ports = await choosePorts({ ...(await otherPorts()), LATCHKEY_PORT: "", LATCHKEY_HOST_PORT: "8787" }, listening()).catch(
    (error: unknown) => String(error),
  );
  // 8787 may be held by an edge that runs beside the tests: then the host is refused, and the edge still took nothing from it.
  if (typeof ports === "string") expect(ports).toMatch(/Port 8787 \(LATCHKEY_HOST_PORT/);
  else expect([ports.host, ports.edge === 8787]).toEqual([8787, false]);
});

test.each(["http", "0", "65536", "8787.5"])("%j is refused as a port", async (asked) => {
  await expect(choosePorts({ ...(await otherPorts()), LATCHKEY_PORT: asked }, listening())).rejects.toThrow(
    /LATCHKEY_PORT is .* no port/,
  );
});

test("parts that find their port taken get the next free one, each another", async () => {
  const taken = await takenPort();
  expect(await isFree(taken)).toBe(false);
  const ports = Object.values(await portsFrom(taken));
  expect(ports).not.toContain(taken);
  expect(new Set(ports).size).toBe(ports.length);
});
