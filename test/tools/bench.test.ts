import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { expect, test } from "vitest";
import { counting, type Counts, ONE_BY_ONE } from "../../tools/bench/counting.ts";
import { compared, isFlat, median, type Round, type Stretch } from "../../tools/bench/figures.ts";
import { grown, type Grown } from "../../tools/bench/growth.ts";
import { answerIn, load, numbered, rotating, shotOf } from "../../tools/bench/load.ts";
import { SUBJECTS } from "../../tools/bench/names.ts";
import { commandOf, readBenchOptions } from "../../tools/bench/options.ts";
import { aimsOf, type Report, sayReport } from "../../tools/bench/report.ts";
import type { Measured } from "../../tools/bench/rounds.ts";
import { Advice } from "../../tools/say.ts";

const stretch = (answers: number, cpuMs: number, seconds = 1): Stretch => ({ answers, failed: 0, seconds, cpuMs, p50Ms: 1 });

const measured = (given: Partial<Measured> = {}): Measured => ({
  ...compared([{ bare: [stretch(100, 10), stretch(100, 10)], subject: stretch(50, 10) }]),
  p50_ms_one_client: 0.5,
  awaited: { d1: 0, kv: 0, object: 0 },
  background: { d1: 0, kv: 0, object: 0 },
  ...given,
});

test("npm run bench runs all of it, and what is quick leaves the orders out", () => {
  expect(readBenchOptions([])).toEqual({
    benches: ["ratios", "growth", "orders"],
    subjects: SUBJECTS,
    quick: false,
    json: false,
    help: false,
  });
  expect(readBenchOptions(["--quick", "--json"])).toMatchObject({ benches: ["ratios", "growth"], quick: true, json: true });
});

test("a subject's name measures it alone, and the ratios all of them", () => {
  expect(readBenchOptions(["consume", "activation"])).toMatchObject({ benches: ["ratios"], subjects: ["consume", "activation"] });
  expect(readBenchOptions(["growth"])).toMatchObject({ benches: ["growth"] });
  expect(readBenchOptions(["ratios", "consume"]).subjects).toEqual(SUBJECTS);
});

test("a report names the command that measures the same again", () => {
  const asked = [[], ["--quick"], ["growth", "orders"], ["consume", "activation", "--quick"], ["growth", "refused"]];
  for (const words of asked) {
    const options = readBenchOptions(words);
    const command = commandOf(options);
    expect(command).toMatch(/^npm run bench -- /);
    expect(readBenchOptions(command.split(" ").slice(4))).toEqual(options);
  }
  expect(commandOf(readBenchOptions(["consume", "--quick"]))).toBe("npm run bench -- consume --quick");
});

test("a bench or option that there is not is named beside those that there are", () => {
  expect(() => readBenchOptions(["consum"])).toThrow(Advice);
  expect(() => readBenchOptions(["--fast"])).toThrow(/--fast[^]*--quick/);
});

test("the median of an even number lies between the two in the middle", () => {
  expect(median([9, 1, 5])).toBe(5);
  expect(median([4, 1, 9, 2])).toBe(3);
  expect(median([])).toBeNaN();
});

test("a round is compared with the bare worker before and after it, and a run by the median of its rounds", () => {
  const rounds: Round[] = [
    { bare: [stretch(1000, 100), stretch(3000, 300)], subject: stretch(1000, 200) }, // half the rate, twice the time
    { bare: [stretch(100, 10), stretch(100, 10)], subject: stretch(10, 100) }, // a machine that was busy for once
    { bare: [stretch(1000, 100), stretch(1000, 100)], subject: stretch(600, 90) },
  ];
  expect(compared(rounds)).toMatchObject({
    rate_ratio: 0.5,
    rate_ratio_spread: [0.1, 0.6],
    cpu_ratio: 2,
    cpu_ratio_spread: [1.5, 100],
    cpu_us: 200,
    per_second: 600,
    answers: 1610,
    rounds: 3,
  });
});

test("a series is flat while no size costs more than the smallest, and calls the same", () => {
  expect(isFlat([100, 114, 90])).toBe(true);
  expect(isFlat([100, 116])).toBe(false);
  const row = (size: number, cpu: number, d1: number): Grown => ({
    ...measured({ cpu_ratio: cpu, awaited: { d1, kv: 0, object: 0 } }),
    of: "licenses",
    what: "cold",
    size,
  });
  expect(grown([row(1_000, 10, 2), row(10_000, 11, 2)]).flat).toEqual({ licenses_cold: { cpu: true, calls: true } });
  expect(grown([row(1_000, 10, 2), row(10_000, 12, 3)]).flat).toEqual({ licenses_cold: { cpu: false, calls: false } });
});

test("aims are said to be met or missed, and what was not measured has none", () => {
  const fresh = measured({ rate_ratio: 0.4, cpu_ratio: 3.1, background: { d1: 0.02, kv: 0.02, object: 0 } });
  const aims = Object.fromEntries(aimsOf({ validation_fresh: fresh }).map(({ name, wanted, met }) => [`${name} ${wanted}`, met]));
  expect(aims).toEqual({
    "validation_fresh rate_ratio at least 0.36": true,
    "validation_fresh rate_ratio at least 0.45": false,
    "validation_fresh cpu_ratio at most 3": false,
    "validation_fresh awaited calls none": true,
    "validation_fresh background calls at most 0.03": false,
  });
});

test("an answer is taken for whole only when all of it is there", () => {
  const withLength = Buffer.from('HTTP/1.1 200 OK\r\nContent-Length: 13\r\n\r\n{"valid":true');
  expect(answerIn(withLength.subarray(0, 30))).toBeUndefined();
  expect(answerIn(withLength.subarray(0, -1))).toBeUndefined();
  const answer = answerIn(withLength);
  expect(answer?.status).toBe(200);
  expect(answer?.holds('"valid":true')).toBe(true);
  expect(answer?.holds('"valid":false')).toBe(false);

  const inChunks = Buffer.from(
    "HTTP/1.1 429 Too Many\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n0\r\n\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
  );
  for (let length = 0; length < inChunks.length; length++) expect(answerIn(inChunks.subarray(0, length))).toBeUndefined();
  expect(answerIn(inChunks)?.status).toBe(429);
});

test("every request of a load is another one, and what is not the wished answer counts as failed", async () => {
  const seen: string[] = [];
  const server = createServer((request, response) => {
    let body = "";
    request.on("data", (chunk: Buffer) => (body += chunk.toString()));
    request.on("end", () => {
      seen.push(body);
      response.writeHead(body.includes("b") ? 500 : 200, { "content-type": "text/plain" });
      response.end("x".repeat(100_000)); // more than one chunk of the connection
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  const shot = shotOf(new URL(`http://127.0.0.1:${port}`), { method: "POST", path: "/", body: "K-NNNN" }, [
    numbered("NNNN"),
    rotating("K", ["a", "b"]),
  ]);
  const came = await load(shot, { status: 200, holds: "x" }, { connections: 4, seconds: 30, from: 7, most: 10 });
  server.close();
  expect(came).toMatchObject({ answers: 10, failed: 5 });
  expect(came.sample).toMatch(/^500 [^]*xxx/);
  expect(seen.toSorted()).toEqual(
    [7, 8, 9, 10, 11, 12, 13, 14, 15, 16].map((n) => `${n % 2 === 0 ? "a" : "b"}-${String(n).padStart(4, "0")}`).toSorted(),
  );
});

test("a mark that stands twice, or nowhere, is refused", () => {
  const url = new URL("http://127.0.0.1:1");
  const text = { method: "POST", path: "/", body: "aa" };
  expect(() => shotOf(url, text, [numbered("a")])).toThrow(RangeError);
  expect(() => shotOf(url, text, [numbered("Q")])).toThrow(RangeError);
  const uneven = shotOf(url, text, [{ mark: "aa", values: () => "a" }]);
  expect(() => uneven.writer()(0)).toThrow(RangeError);
});

test("the bare worker is asked by the same bytes as the subject beside it, but for the host", () => {
  const request = { method: "POST", path: "/v1/x", headers: { authorization: "Bearer k" }, body: '{"n":"NNNN"}' };
  const shot = shotOf(new URL("http://127.0.0.1:11111"), request, [numbered("NNNN")]);
  const beside = shot.at(new URL("http://127.0.0.1:22222"));
  expect(beside).toMatchObject({ host: "127.0.0.1", port: 22_222 });
  const sent = shot.writer()(7).toString();
  expect(sent).toContain('{"n":"0007"}');
  expect(beside.writer()(7).toString()).toBe(sent.replace("11111", "22222"));
});

type Statement = { bind: (...values: unknown[]) => Statement; first: () => Promise<number>; real: true };

test("calls are counted by kind, and apart those that a request waits for", async () => {
  const batches: object[][] = [];
  const prepared: Statement = { bind: () => prepared, first: () => Promise.resolve(1), real: true };
  const env = {
    DB: { prepare: () => prepared, batch: (all: object[]) => Promise.resolve(void batches.push(all)) },
    CACHE: {
      get: () => Promise.resolve(null),
      put: () => new Promise((resolve) => setTimeout(resolve)), // longer than the request that begins it
      getWithMetadata: () => Promise.resolve(null),
    },
    FEED: { idFromName: (name: string) => name, get: () => ({ poll: () => Promise.resolve("news") }) },
    FILES: { get: () => Promise.resolve(null) },
    LATCHKEY_ENV: "test",
  };
  const later: Promise<unknown>[] = [];
  const { worker, counts } = counting({
    async fetch(_, bindings) {
      const { DB, CACHE, FEED, FILES, LATCHKEY_ENV } = bindings as typeof env;
      const statement = DB.prepare().bind(1).bind(2);
      await statement.first();
      await DB.batch([statement, statement]);
      await FILES.get();
      const stub = FEED.get();
      later.push(CACHE.put());
      later.push(Promise.resolve().then(() => new Promise((resolve) => setTimeout(resolve)).then(() => CACHE.get())));
      expect(await stub.poll()).toBe("news");
      return new Response(LATCHKEY_ENV);
    },
  });
  const ask = async () => worker.fetch(new Request("http://edge.test/"), env, {});
  const told = async (query = ""): Promise<Counts> => JSON.parse(await counts(new Request(`http://counts.test/${query}`)).text());
  await told(`?${ONE_BY_ONE}=`);
  expect(await (await ask()).text()).toBe("test");
  await ask();
  await Promise.all(later);
  const one = await told();
  expect(one).toEqual({
    requests: 2,
    calls: { d1: 4, kv: 4, object: 2 },
    before_answer: { d1: 4, kv: 0, object: 2 },
  });
  expect(batches).toEqual([
    [prepared, prepared],
    [prepared, prepared],
  ]);
  await Promise.all([ask(), ask()]);
  expect(await told()).toMatchObject({ requests: 4, calls: { d1: 8 }, before_answer: one.before_answer }); // who waits is not told under load
  expect(batches[0]?.[0]).toBe(prepared); // a database takes no statements but its own
});

test("a call that fails is counted, and fails for who made it", async () => {
  const env = { CACHE: { get: () => Promise.reject(new Error("down")), getWithMetadata: () => null } };
  const { worker, counts } = counting({
    fetch: async (_, bindings) => {
      const { CACHE } = bindings as typeof env;
      return new Response(await CACHE.get().catch((error: Error) => error.message));
    },
  });
  counts(new Request(`http://counts.test/?${ONE_BY_ONE}=`));
  expect(await (await worker.fetch(new Request("http://edge.test/"), env, {})).text()).toBe("down");
  expect(JSON.parse(await counts(new Request("http://counts.test/")).text())).toMatchObject({ before_answer: { kv: 1 } });
});

test("a report is one JSON object, and its lines name every subject, size and aim", () => {
  const growth = grown([{ ...measured(), of: "tenants", what: "warm", size: 1_000 }]);
  const ratios = { validation_fresh: measured({ awaited: { d1: 2, kv: 0, object: 0.5 } }) };
  const report: Report = {
    at: "2026-11-28T03:00:00.000Z",
    command: "npm run bench -- --quick",
    machine: { cpus: 2, model: "test", memory_gib: 24, load: 0.1 },
    seconds: 80,
    bare: { asked_by: "validation_fresh", per_second: 12_000, cpu_us: 60, p50_ms_one_client: 0.2 },
    ratios,
    left_out: { consume: "404 nothing here" },
    growth,
    aims: aimsOf(ratios),
  };
  expect(JSON.parse(JSON.stringify(report))).toMatchObject({
    ratios: {
      validation_fresh: {
        rate_ratio: 0.5,
        cpu_ratio: 2,
        cpu_us: 200,
        p50_ms_one_client: 0.5,
        awaited: { d1: 2, kv: 0, object: 0.5 },
        background: { d1: 0, kv: 0, object: 0 },
      },
    },
    growth: { rows: [{ of: "tenants", what: "warm", size: 1_000 }], flat: { tenants_warm: { cpu: true, calls: true } } },
  });
  const lines: string[] = [];
  sayReport(report, { line: (text) => void lines.push(text), progress: () => {} });
  const text = lines.join("\n");
  expect(text).toMatch(/^validation_fresh +0\.500 .* 2 D1 0\.5 obj +none +0$/m);
  expect(text).toMatch(/^warm, 1000 tenants +0\.500/m);
  expect(text).toMatch(/^consume was left out: 404 nothing here$/m);
  expect(text).toMatch(/^missed validation_fresh awaited calls: 2\.5 \(none\)$/m);
});
