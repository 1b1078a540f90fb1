import { mkdtempSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { describe, expect, test } from "vitest";
import { readConfig } from "../../worker-host/config.ts";

const SECRET = `1=${Buffer.alloc(32, 7).toString("base64url")}`;
const GOOD = { LATCHKEY_EDGE_URL: "https://edge.example", LATCHKEY_INTERNAL_SECRET: SECRET };

/** The names of the variables that are complained about. */
function complaints(env: Record<string, string>): string[] {
  const read = readConfig(env);
  return "problems" in read ? read.problems.map(({ variable }) => variable) : [];
}

function configOf(env: Record<string, string>) {
  const read = readConfig(env);
  if ("problems" in read) throw new Error(JSON.stringify(read.problems));
  return read.config;
}

describe("the host's configuration", () => {
  test("everything that is missing or wrong is said at once, a sentence each", () => {
    const read = readConfig({ TEMPORAL_ADDRESS: "http://127.0.0.1:7233", LATCHKEY_HOST_PORT: "eighty", LATCHKEY_EDGE_URL: " " });
    expect(read).toEqual({
      problems: [
        { variable: "LATCHKEY_EDGE_URL", detail: "is missing: the origin of the edge, for example http://127.0.0.1:8787" },
        { variable: "LATCHKEY_INTERNAL_SECRET", detail: expect.stringMatching(/^is missing: 1=<32 bytes in base64url>/) },
        { variable: "TEMPORAL_ADDRESS", detail: "must be host:port without a scheme, for example 127.0.0.1:7233" },
        { variable: "LATCHKEY_HOST_PORT", detail: "must be a port number, 0 to 65535 (0 takes any free one)" },
      ],
    });
  });

  test("two variables are enough, and the rest has safe values", () => {
    expect(configOf(GOOD)).toMatchObject({
      env: "production",
      allowLoopback: false,
      failpoint: null,
      health: { address: "127.0.0.1", port: 8792 },
      temporal: {
        address: "127.0.0.1:7233",
        namespace: "default",
        taskQueue: "latchkey",
        auth: { kind: "none" },
        deployment: null,
      },
    });
  });

  test.each([
    [{ LATCHKEY_EDGE_URL: "https://edge.example/v1" }, "LATCHKEY_EDGE_URL"],
    [{ LATCHKEY_EDGE_URL: "edge.example" }, "LATCHKEY_EDGE_URL"],
    [{ LATCHKEY_EDGE_URL: "ftp://edge.example" }, "LATCHKEY_EDGE_URL"],
    [{ LATCHKEY_EDGE_URL: "http://edge.example" }, "LATCHKEY_EDGE_URL"],
    [{ LATCHKEY_INTERNAL_SECRET: "short" }, "LATCHKEY_INTERNAL_SECRET"],
    [{ LATCHKEY_INTERNAL_SECRET: `${SECRET},2=x` }, "LATCHKEY_INTERNAL_SECRET"],
    [{ LATCHKEY_ENV: "staging" }, "LATCHKEY_ENV"],
    [{ LATCHKEY_ALLOW_LOOPBACK: "yes" }, "LATCHKEY_ALLOW_LOOPBACK"],
    [{ LATCHKEY_ALLOW_LOOPBACK: "true" }, "LATCHKEY_ALLOW_LOOPBACK"],
    [{ LATCHKEY_FAILPOINT: "relay.claimed" }, "LATCHKEY_FAILPOINT"],
    [{ LATCHKEY_ENV: "development", LATCHKEY_FAILPOINT: "anywhere" }, "LATCHKEY_FAILPOINT"],
    [{ TEMPORAL_TLS_CERT_FILE: "/nowhere/cert.pem" }, "TEMPORAL_TLS_KEY_FILE,TEMPORAL_TLS_CERT_FILE"],
    [{ TEMPORAL_TLS_CA_FILE: "/nowhere/ca.pem" }, "TEMPORAL_TLS_CA_FILE"],
    [{ TEMPORAL_API_KEY: "key", TEMPORAL_TLS_KEY_FILE: "/nowhere/key.pem" }, "TEMPORAL_API_KEY"],
    [{ LATCHKEY_HOST_PORT: "70000" }, "LATCHKEY_HOST_PORT"],
  ])("%j is complained about", (env, variables) => {
    expect(complaints({ ...GOOD, ...env }).join(",")).toBe(variables);
  });

  test("loopback targets and failpoints exist in development only", () => {
    const env = { ...GOOD, LATCHKEY_ENV: "development", LATCHKEY_ALLOW_LOOPBACK: "true", LATCHKEY_FAILPOINT: "delivery.sent" };
    expect(configOf(env)).toMatchObject({ allowLoopback: true, failpoint: "delivery.sent" });
    expect(complaints({ ...env, LATCHKEY_ENV: "production" })).toEqual(["LATCHKEY_ALLOW_LOOPBACK", "LATCHKEY_FAILPOINT"]);
  });

  test("plain http to the edge is for development, or for this machine", () => {
    const url = "http://edge.internal:8787";
    expect(configOf({ ...GOOD, LATCHKEY_ENV: "development", LATCHKEY_EDGE_URL: url }).edge.url.origin).toBe(url);
    expect(configOf({ ...GOOD, LATCHKEY_EDGE_URL: "http://127.0.0.1:8787" }).edge.url.port).toBe("8787");
  });

  test("client certificates are read from their files", () => {
    const folder = mkdtempSync(path.join(os.tmpdir(), "latchkey-config-"));
    for (const name of ["cert", "key", "ca"]) writeFileSync(path.join(folder, name), name);
    const files = { TEMPORAL_TLS_CERT_FILE: path.join(folder, "cert"), TEMPORAL_TLS_KEY_FILE: path.join(folder, "key") };
    const { temporal } = configOf({ ...GOOD, ...files, TEMPORAL_TLS_CA_FILE: path.join(folder, "ca") });
    expect(temporal.auth).toEqual({ kind: "tls", cert: Buffer.from("cert"), key: Buffer.from("key") });
    expect(temporal.serverRootCa?.toString()).toBe("ca");
  });
});
