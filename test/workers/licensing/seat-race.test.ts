import { env } from "cloudflare:workers";
import { beforeAll, expect, test } from "vitest";
import { upTo, type Answer } from "../world.ts";
import { meanwhile } from "./meanwhile.ts";
import { HISTORY_OF_LICENSE, HISTORY_SQL, mostHeld, type SeatChange } from "../../../tools/proof/seat-history.ts";
import { device, shop } from "./shop.ts";

beforeAll(async () => {
  for (const statement of HISTORY_SQL) await env.DB_00.prepare(statement).run();
});

/** A generator of numbers that is the same in every run. */
function numbers(seed: number) {
  let state = seed;
  return (below: number) => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) & 0x7fffffff;
    return (state >> 8) % below;
  };
}

const SEATS = 12;

test("activations, deactivations and heartbeats race while leases end: never more than the license has, and a retry gives the same bytes", async () => {
  const s = await shop();
  const license = await s.license({ type: "concurrent", lease_s: 20, heartbeat: { interval_s: 10 }, max_activations: SEATS });
  const key = license["license_key"];
  const next = numbers(3);
  const tokens = new Map<number, { id: string; token: string }>();
  const asked: { path: string; body: Record<string, unknown>; key: string; answer: Answer }[] = [];

  const ask = async (n: number, path: string, body: Record<string, unknown>) => {
    const answer = await s.post(path, body, { key: s.keys.publishable, idempotencyKey: `race-${n}` });
    asked.push({ path, body, key: `race-${n}`, answer });
    return answer;
  };
  const step = async (n: number) => {
    const name = next(30);
    const known = tokens.get(name);
    const what = next(10);
    if (!known || what < 4) {
      const { body } = await ask(n, "/v1/activations", { license_key: key, fingerprint: device(`d${name}`) });
      if (body["activation_token"]) tokens.set(name, { id: body["id"], token: body["activation_token"] });
    } else if (what < 6) {
      await ask(n, `/v1/activations/${known.id}/deactivate`, { activation_token: known.token });
    } else if (what < 9) {
      await s.beat(known.token);
    } else {
      // the clock jumps while others are under way: they were asked before, and are written after
      await s.later(next(12) * 1000);
    }
  };
  for (const round of upTo(15)) await Promise.all(upTo(20).map((n) => step(round * 100 + n)));

  const { results } = await env.DB_00.prepare(HISTORY_OF_LICENSE).bind(license["id"]).all<SeatChange>();
  const { most, resumed } = mostHeld(results);
  expect(most).toBe(SEATS);
  expect(resumed).toBeGreaterThan(5);
  expect(new Set(asked.flatMap(({ answer }) => (answer.status >= 500 ? [answer.text] : [])))).toEqual(new Set());

  const kept = asked.filter(({ answer }) => answer.status < 300);
  expect(kept.length).toBeGreaterThan(60);
  const again = await Promise.all(
    kept.map(({ path, body, key: idempotencyKey }) => s.post(path, body, { key: s.keys.publishable, idempotencyKey })),
  );
  expect(again.map(({ status, text }) => [status, text])).toEqual(kept.map(({ answer }) => [answer.status, answer.text]));
});

test("a heartbeat that was sent before its lease ended, and is written after another device took the seat, does not take it back", async () => {
  const s = await shop();
  const license = await s.license({ type: "concurrent", lease_s: 120, heartbeat: { interval_s: 60 }, max_activations: 1 });
  const { activation_token: token } = (await s.activate(license["license_key"], "a")).body;
  await s.later(100_000);
  const happened = meanwhile(/update "activations"/, async () => {
    await s.later(20_000);
    expect((await s.activate(license["license_key"], "b")).status).toBe(201);
  });
  expect((await s.beat(token)).body).toMatchObject({ status: 409, code: "seat_limit_reached" });
  expect(happened()).toBe(true);
  expect(await s.read(`/v1/licenses/${license["id"]}`)).toMatchObject({ activations_count: 1 });
});
