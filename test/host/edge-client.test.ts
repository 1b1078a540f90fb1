import { ApplicationFailure } from "@temporalio/common";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { openEdge } from "../../worker-host/edge/client.ts";
import { EdgeProblem, EdgeUnreachable, isFinal, viaEdge } from "../../worker-host/edge/errors.ts";
import { edgeRoutes } from "../../worker-host/edge/routes.ts";
import { signature } from "../../worker-host/edge/sign.ts";
import { edgeStandIn, type EdgeStandIn, type Fault } from "./edge-stand-in.ts";

let stand: EdgeStandIn;
beforeEach(async () => {
  stand = await edgeStandIn();
});
afterEach(() => stand.close());

describe("the signature", () => {
  test("is the HMAC of its seven lines, to the byte", () => {
    // computed apart, with: printf 'POST\n/internal/shards?a=1\n127.0.0.1:8787\n3\n<sha256 of {}>\n1795000000\nAAAAAAAAAAAAAAAAAAAAAA' | openssl dgst -sha256 -mac HMAC -macopt hexkey:0707…
    const request = { method: "POST", pathAndQuery: "/internal/shards?a=1", host: "127.0.0.1:8787", body: "{}" };
    const signed = signature({ kid: 3, bytes: Buffer.alloc(32, 7) }, request, { t: 1_795_000_000, nonce: "A".repeat(22) });
    expect(signed).toBe("kid=3,t=1795000000,n=AAAAAAAAAAAAAAAAAAAAAA,s=ceCD5HpKuO0dz0xO87uMsAeRvsuimq3k3ZBIjOEV_OI");
  });

  test("opens the edge, is made anew for each call, and fits no other secret", async () => {
    const edge = edgeRoutes(openEdge(stand));
    expect(await edge.listShards()).toEqual(["00"]);
    expect(await edge.listShards()).toEqual(["00"]);
    const foreign = edgeRoutes(openEdge({ ...stand, secret: { kid: 1, bytes: Buffer.alloc(32, 8) } }));
    await expect(foreign.listShards()).rejects.toMatchObject({ status: 401, code: "bad_signature" });
    expect(stand.state.refused).toBe(1);
  });
});

describe("what an answer means", () => {
  const answered = async (fault: Fault) => {
    stand.failNext("/internal/shards", fault);
    return openEdge(stand)("/internal/shards", {}).then(
      () => expect.unreachable("the call should have failed"),
      (error: unknown) => error,
    );
  };

  test.each<[Fault, { code: string; final: boolean }]>([
    [
      { status: 400, body: { code: "invalid", detail: "Bad." } },
      { code: "invalid", final: true },
    ],
    [
      { status: 404, body: { code: "order_not_found" } },
      { code: "order_not_found", final: true },
    ],
    [
      { status: 409, body: { code: "order_canceled" } },
      { code: "order_canceled", final: true },
    ],
    [
      { status: 409, body: { code: "idempotency_in_flight" } },
      { code: "idempotency_in_flight", final: false },
    ],
    [
      { status: 429, body: { code: "rate_limited" } },
      { code: "rate_limited", final: false },
    ],
    [{ status: 404 }, { code: "http_404", final: false }],
    [{ status: 500 }, { code: "http_500", final: false }],
    [
      { status: 503, body: "<html>" },
      { code: "http_503", final: false },
    ],
    [
      { status: 302, headers: { location: "http://127.0.0.1:1/" } },
      { code: "http_302", final: false },
    ],
  ])("%j", async (fault, { code, final }) => {
    const error = await answered(fault);
    expect(error).toBeInstanceOf(EdgeProblem);
    expect(error).toMatchObject({ code });
    expect(isFinal(error)).toBe(final);
    const failure = await viaEdge(Promise.reject(error)).catch((failure: unknown) => failure);
    expect(failure).toBeInstanceOf(ApplicationFailure);
    expect(failure).toMatchObject({ type: code, nonRetryable: final });
  });

  test("Retry-After becomes the delay of the next try", async () => {
    const error = await answered({ status: 429, body: { code: "rate_limited" }, headers: { "retry-after": "7" } });
    await expect(viaEdge(Promise.reject(error))).rejects.toMatchObject({ nextRetryDelay: 7_000, nonRetryable: false });
  });

  test("a cut connection, a silent edge and an answer that is no JSON leave the outcome open", async () => {
    const cut = await answered("hang up");
    expect(cut).toBeInstanceOf(EdgeUnreachable);
    expect(isFinal(cut)).toBe(false);
    const waits = openEdge(stand)(
      "/internal/relay/claim",
      { shard: "00", done: [], limit: 1, wait_ms: 5_000 },
      { timeoutMs: 100 },
    );
    await expect(waits).rejects.toThrow("/internal/relay/claim did not answer within 100 ms");
    await expect(viaEdge(Promise.reject(cut))).rejects.toBe(cut);
  });

  test("an abort from outside is passed on as it is", async () => {
    const stop = new AbortController();
    const call = edgeRoutes(openEdge(stand)).claimEvents({ shard: "00", done: [], limit: 1, waitMs: 5_000, signal: stop.signal });
    stop.abort(new Error("stopping"));
    await expect(call).rejects.toThrow("stopping");
  });
});
