import { env } from "cloudflare:workers";
import { expect, test } from "vitest";
import { send, upTo, world } from "../world.ts";

/** A tenant of a tier that asks few requests of a test. */
async function tenantOf(tier: string, limits?: Record<string, number>) {
  const w = await world();
  const changed = await send("PATCH", `/v1/tenants/${w.tenant.id}`, { tier, ...(limits ? { limits } : {}) }, { key: w.operator });
  expect(changed.status).toBe(200);
  return w;
}

const statuses = (answers: readonly { status: number }[], status: number) => answers.filter((a) => a.status === status).length;

test("a free tenant's 61st management request of a minute is refused, and says which limit, how many and when it starts again", async () => {
  const w = await tenantOf("free");
  const answers = await Promise.all(upTo(70).map(() => w.get("/v1/products")));
  expect([statuses(answers, 200), statuses(answers, 429)]).toEqual([60, 10]);

  const refused = answers.find(({ status }) => status === 429);
  expect(refused?.body).toMatchObject({
    code: "rate_limited",
    detail: expect.stringMatching(/^This tenant has used its 60 requests of this minute; the next minute begins at 20\d\d-.*Z\.$/),
  });
  expect(Number(refused?.headers.get("retry-after"))).toBeGreaterThanOrEqual(1);
  expect(Number(refused?.headers.get("retry-after"))).toBeLessThanOrEqual(60);
  expect(refused?.headers.get("ratelimit-policy")).toMatch(
    /^"requests_minute";q=60;w=60, "requests_hour";q=1000;w=3600, "requests_month";q=1000;w=2\d{6}$/,
  );
  expect(refused?.headers.get("ratelimit")).toMatch(/^"requests_minute";r=0;t=\d+, "requests_hour";r=9\d\d;t=\d+, "requests_month"/);
});
