import { env } from "cloudflare:workers";
import { fc, test } from "@fast-check/vitest";
import { expect } from "vitest";
import { device, shop } from "../licensing/shop.ts";
import { BOUND_MS, gone, isolate, staleKv, standingTime } from "./isolates.ts";

const { pass } = standingTime();

const NAMES = ["a", "b"] as const;

/** One thing that happens: something changes, somebody asks, time passes, or a part of an isolate's surroundings dies or comes back. */
const step = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.record({ do: fc.constant("change" as const), what: fc.nat(5), device: fc.nat(1) }),
  },
  {
    weight: 6,
    arbitrary: fc.record({ do: fc.constant("ask" as const), isolate: fc.nat(2), device: fc.nat(1), nonce: fc.boolean() }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constant("pass" as const),
      ms: fc.constantFrom(100, 2_500, 4_000, 9_000, 12_000, 30_000, 70_000),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("forget" as const), isolate: fc.nat(2) }) },
  {
    weight: 1,
    arbitrary: fc.record({ do: fc.constant("cut" as const), isolate: fc.nat(2), part: fc.constantFrom("FEED", "CACHE", "none") }),
  },
);

/** What was so, from when on. The last one is what is so now. */
type History = { at: number; valid: boolean }[];

/** The truth about a device: what it was at any moment of the last ten seconds. */
function couldBe(history: History, since: number): Set<boolean> {
  const late = history.filter(({ at }) => at > since).map(({ valid }) => valid);
  const before = history.findLast(({ at }) => at <= since);
  return new Set(before ? [before.valid, ...late] : late);
}

async function begin() {
  const s = await shop();
  const license = await s.license({ max_activations: 2 });
  for (const name of NAMES) await s.activate(license["license_key"], name, { name });
  const isolates = [0, 1, 2].map(() => isolate(s.keys.publishable));
  const kv = staleKv(env.CACHE, 90_000, Date.now);
  for (const each of isolates) each.behind = { CACHE: kv };
  return { s, license, isolates, kv, writer: isolate(s.keys.secret) };
}

/** Changes the license or a device of it, in an isolate that tells no other. */
async function changeTo(
  { s, license, writer }: Awaited<ReturnType<typeof begin>>,
  { what, device: at }: { what: number; device: number },
): Promise<void> {
  const id = String(license["id"]);
  const name = NAMES[at] ?? "a";
  const post = (path: string, body: Record<string, unknown> = {}) => writer.ask(path, body);
  if (what === 0) await post(`/v1/licenses/${id}/suspend`, { reason: "x" });
  if (what === 1) await post(`/v1/licenses/${id}/reinstate`);
  if (what === 2) {
    const active = (await s.get(`/v1/activations?license_id=${id}&status=active`)).body["data"] as { id: string; name: string }[];
    const seat = active.find((each) => each.name === name);
    if (seat) await post(`/v1/activations/${seat.id}/deactivate`);
  }
  if (what === 3) await post("/v1/activations", { license_key: license["license_key"], fingerprint: device(name), name });
  if (what === 4) await post("/v1/devices/blacklist", { fingerprint: device(name), reason: "x" });
  if (what === 5) {
    const entries = (await s.get("/v1/devices/blacklist")).body["data"] as { id: string }[];
    for (const entry of entries) await writer.ask(`/v1/devices/blacklist/${entry.id}`, undefined, {}, "DELETE");
  }
}

test.prop([fc.array(step, { minLength: 15, maxLength: 30 })], { numRuns: 12, endOnFailure: true })(
  "whatever happens in whatever order, no answer is older than the bound, and none refuses after a good deed that was acknowledged",
  async (steps) => {
    const world = await begin();
    const { s, license, isolates, kv } = world;
    const key = license["license_key"];
    const histories = new Map<string, History>(NAMES.map((name) => [name, [{ at: 0, valid: true }]]));
    // the oracle asks the database itself, by a dry run
    const note = async () => {
      for (const name of NAMES) {
        const truth = (await s.post("/v1/licenses/validate?dry_run=true", { license_key: key, fingerprint: device(name) })).body[
          "valid"
        ];
        const history = histories.get(name) ?? [];
        if (history.at(-1)?.valid !== truth) history.push({ at: Date.now(), valid: truth });
      }
    };
    const ask = async (at: number, name: string, nonce: boolean) => {
      const now = Date.now();
      const more = nonce ? { nonce: "n" } : {};
      const answer = await isolates[at]?.ask("/v1/licenses/validate", { license_key: key, fingerprint: device(name), ...more });
      const history = histories.get(name) ?? [];
      const seen = JSON.stringify([
        answer?.body["code"],
        answer?.body["snapshot_age_ms"],
        answer?.headers.get("server-timing"),
        history,
        now,
      ]);
      expect(answer?.status, seen).toBe(200);
      expect([...couldBe(history, now - BOUND_MS)], seen).toContain(answer?.body["valid"]);
      // a refusal is never older than the question
      if (answer?.body["valid"] === false) expect(history.at(-1)?.valid, seen).toBe(false);
      expect(answer?.body["stale"], seen).toBe(false);
    };
    for (const each of steps) {
      if (each.do === "pass") pass(each.ms);
      if (each.do === "forget") isolates[each.isolate]?.memory.clear();
      if (each.do === "cut") {
        const parts = { FEED: { FEED: gone.objects("fails") }, CACHE: { CACHE: gone.kv("fails") }, none: {} };
        const cut = isolates[each.isolate];
        if (cut) cut.behind = { CACHE: kv, ...parts[each.part] };
      }
      if (each.do === "change") {
        await changeTo(world, each);
        await note();
      }
      if (each.do === "ask") await ask(each.isolate, NAMES[each.device] ?? "a", each.nonce);
      else for (const [at] of isolates.entries()) for (const name of NAMES) await ask(at, name, false);
    }
  },
  120_000,
);
