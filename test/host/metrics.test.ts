import { describe, expect, test } from "vitest";
import { BUCKETS } from "#rules/cache/counted";
import { metricsOf } from "#rules/cache/metrics";
import { addFlush, beginSums, readSums } from "#rules/cache/sums";
import { openLog } from "../../worker-host/log.ts";
import { serveHealth, type HostState } from "../../worker-host/health.ts";
import { exposition } from "../../worker-host/metrics/exposition.ts";
import { HostCounts } from "../../worker-host/metrics/host-counts.ts";
import { metricsPage } from "../../worker-host/metrics/page.ts";
import { postmanOf } from "../../worker-host/mail/postman.ts";
import type { Delivery, SendOutcome } from "../../worker-host/edge/routes.ts";
import { parseExposition } from "./exposition-parser.ts";

const NOW = new Date("2030-01-01T12:00:00Z");
const state: HostState = {
  worker: "running",
  lastClaims: new Map([["00", new Date("2030-01-01T11:59:57.500Z")]]),
  shards: ["00"],
};

/** What an edge tells that has counted something of each sort. */
function edgeMetrics() {
  const sums = beginSums(NOW.getTime());
  addFlush(
    sums,
    {
      isolate: "a",
      seq: 1,
      counters: { requests: { "licenses.validate/2xx": 4 }, validations: { VALID: 3, REVOKED: 1 }, limits_blind: { "": 1 } },
      histograms: { hot_seconds: { memory: { buckets: [2, 0, 1], sum: 0.0051 } } },
      tenants: {},
      held: null,
    },
    NOW.getTime(),
  );
  return { metrics: metricsOf(readSums(sums, NOW.getTime())), stories: [{ kind: "fulfill_order", state: "stuck", count: 2 }] };
}

/** What the SDK's own page begins like. */
const SDK = "# HELP temporal_request_total Requests\n# TYPE temporal_request_total counter\ntemporal_request_total 3\n";

const pageOf = async (counts: HostCounts, readEdge = async () => edgeMetrics()) =>
  parseExposition(await metricsPage({ readEdge, readSdk: async () => SDK, readHost: async () => counts.metrics(state, NOW) }));
const linesOf = (page: Awaited<ReturnType<typeof pageOf>>, name: string) => page.find((family) => family.name === name)?.lines;

describe("the page for Prometheus", () => {
  test("holds every counter and histogram of the edge in the text format", async () => {
    const page = await pageOf(new HostCounts());
    expect(linesOf(page, "latchkey_edge_requests_total")?.filter(({ value }) => value > 0)).toEqual([
      { name: "latchkey_edge_requests_total", labels: { route: "licenses.validate", status: "2xx" }, value: 4 },
    ]);
    expect(linesOf(page, "latchkey_edge_limits_blind_total")).toMatchObject([{ labels: {}, value: 1 }]);
    expect(linesOf(page, "latchkey_edge_up")).toMatchObject([{ value: 1 }]);
    const buckets = linesOf(page, "latchkey_edge_hot_seconds")?.filter(({ name }) => name.endsWith("_bucket"));
    expect(buckets?.map(({ value }) => value)).toEqual([2, 2, ...BUCKETS.slice(2).map(() => 3), 3]);
    expect(page.every(({ name, help }) => /^(latchkey|temporal)_/.test(name) && help.length > 7)).toBe(true);
    expect(linesOf(page, "latchkey_host_stories")).toMatchObject([
      { labels: { kind: "fulfill_order", state: "stuck" }, value: 2 },
    ]);
    expect(linesOf(page, "temporal_request_total")).toMatchObject([{ value: 3 }]);
  });

  test("counts claims, events and deliveries of the host by how they ended", async () => {
    const counts = new HostCounts();
    counts.claimed("00", 3);
    counts.claimed("00", 0);
    const outcomes: SendOutcome[] = [
      { kind: "answered", status: 204, retry_after_s: null, body: "", duration_ms: 1 },
      { kind: "answered", status: 500, retry_after_s: null, body: "", duration_ms: 1 },
      { kind: "failed", error: "timeout", detail: "", duration_ms: 1 },
      { kind: "failed", error: "blocked", detail: "", duration_ms: 1 },
      { kind: "failed", error: "tls", detail: "", duration_ms: 1 },
    ];
    const send = counts.counting(async () => outcomes.shift() as SendOutcome);
    for (let left = outcomes.length; left > 0; left--) await send({} as Delivery, new AbortController().signal);
    const page = await pageOf(counts);
    expect(linesOf(page, "latchkey_host_relay_claims_total")).toMatchObject([{ labels: { shard: "00" }, value: 2 }]);
    expect(linesOf(page, "latchkey_host_relay_events_total")).toMatchObject([{ value: 3 }]);
    expect(linesOf(page, "latchkey_host_last_claim_age_seconds")).toMatchObject([{ labels: { shard: "00" }, value: 2.5 }]);
    const deliveries = linesOf(page, "latchkey_host_deliveries_total") ?? [];
    expect(Object.fromEntries(deliveries.map(({ labels, value }) => [labels["outcome"], value]))).toEqual({
      accepted: 1,
      refused: 1,
      unanswered: 2,
      blocked: 1,
    });
  });

  test("says whether mail goes out, once the transport was asked", async () => {
    const counts = new HostCounts();
    expect(linesOf(await pageOf(counts), "latchkey_host_mail_problem")).toEqual([]);
    await counts.countingMail(postmanOf(null)).state();
    expect(linesOf(await pageOf(counts), "latchkey_host_mail_problem")).toMatchObject([{ value: 1 }]);
  });

  test("has a series for what sweeps look after before they find anything, so that the first is seen to be more", async () => {
    const counts = new HostCounts();
    counts.found("run_operation");
    const found = linesOf(await pageOf(counts), "latchkey_host_lifecycle_found_total") ?? [];
    expect(Object.fromEntries(found.map(({ labels, value }) => [labels["kind"], value]))).toMatchObject({
      fulfill_order: 0,
      run_operation: 1,
    });
  });

  test("keeps the host's own part when the edge does not answer, and says so", async () => {
    const page = await pageOf(new HostCounts(), () => Promise.reject(new Error("The edge is away.")));
    expect(linesOf(page, "latchkey_edge_up")).toMatchObject([{ value: 0 }]);
    expect(linesOf(page, "latchkey_host_worker_running")).toMatchObject([{ value: 1 }]);
    expect(linesOf(page, "latchkey_edge_requests_total")).toBeUndefined();
  });

  test("quotes what a label may hold", () => {
    const text = 'a "quoted" \\ and\nbroken one';
    const samples = [{ values: [text], value: 1 }];
    const page = exposition("x_", [{ type: "gauge", name: "y", help: "Two\nlines \\", labels: ["z"], samples }]);
    expect(parseExposition(page)).toMatchObject([{ help: "Two\\nlines \\\\", lines: [{ labels: { z: text } }] }]);
  });

  test("is served beside the health page, under its content type", async () => {
    const log = openLog(() => undefined);
    const metrics = () => metricsPage({ readEdge: async () => edgeMetrics(), readSdk: async () => "", readHost: async () => [] });
    const parts = { address: "127.0.0.1", port: 0, state, askTemporal: async () => undefined, metrics, log };
    const server = await serveHealth(parts);
    const bound = server.address();
    const answer = await fetch(`http://127.0.0.1:${typeof bound === "object" ? bound?.port : 0}/metrics`);
    expect(answer.headers.get("content-type")).toBe("text/plain; version=0.0.4; charset=utf-8");
    expect(parseExposition(await answer.text()).length).toBeGreaterThan(10);
    server.close();
  });
});
