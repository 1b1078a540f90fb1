import { expect, test } from "vitest";
import { createVerifier } from "../../../../sdk/verifier/index.ts";
import { DAY_MS } from "../shop.ts";
import { airGap } from "./air.ts";

const WHEN = [1 / 24, 4, 9.9, 10.1];
const LISTED = [undefined, "2.0.0", "3.0.0"];
// a range is judged by the edge alone, so where strangers are let in a file can decide nothing about a version that it does not list
const VERSIONS: Record<string, (string | undefined)[]> = { allow: LISTED, deny: [...LISTED, "9.9.9"] };
const ASKED = [
  {},
  { product: "studio", features: ["export"] },
  { product: "viewer", features: ["fly", "export"] },
  { domain: "example.com", user: "ada" },
];

test.each(["allow", "deny"])("a license file answers what the edge would, with unknown versions: %s", async (unknown) => {
  const g = await airGap();
  const now = Date.now();
  const released = new Date(now - DAY_MS).toISOString();
  await g.made(`/v1/products/${g.productId}/versions`, { version: "2.0.0", released_at: released });
  await g.made(`/v1/products/${g.productId}/versions`, {
    version: "3.0.0",
    released_at: new Date(now + 3.5 * DAY_MS).toISOString(),
  });
  const license = await g.offlineLicense(
    {
      offline: { max_ttl: "P60D" },
      grace_period: "P5D",
      maintenance: "P3D",
      unknown_version: unknown,
      requires: ["product"],
      entitlements: [{ feature: "export" }],
      restrictions: [{ type: "version", operator: "allow", values: ["^2.0.0"] }],
    },
    { expires_at: new Date(now + 10 * DAY_MS).toISOString() },
  );
  const { file } = await g.activated(license, "press-4");
  const { body: roots } = await g.get("/v1/offline/roots");
  const verifier = createVerifier({ tenant: g.tenant.id, product: g.productId, roots: [roots["current"].x, roots["next"].x] });

  const seen = new Set<string>();
  for (const days of WHEN)
    for (const version of VERSIONS[unknown] ?? [])
      for (const asked of ASKED) {
        const at = now + days * DAY_MS;
        const question = { ...asked, ...(version && { version }), fingerprint: "press-4" };
        const query = `dry_run=true&at=${encodeURIComponent(new Date(at).toISOString())}`;
        const edge = await g.post(`/v1/licenses/validate?${query}`, { license_key: license["license_key"], ...question });
        const verdict = await verifier.verify(file, { now: Math.floor(at / 1000), ...question });
        if (verdict.code !== "OK") throw new Error(`${verdict.code}: ${verdict.detail}`);
        const { valid, code, reasons } = edge.body;
        expect({ question, days, ...verdict.decision }).toMatchObject({ question, days, valid, code });
        const told = (all: { code: string; severity: string; pointer: string | null }[]) =>
          all.map((reason) => [reason.code, reason.severity, reason.pointer]);
        expect(told(verdict.decision.reasons)).toEqual(told(reasons));
        for (const reason of verdict.decision.reasons) seen.add(reason.code);
      }
  expect([...seen].toSorted((a, b) => (a < b ? -1 : 1))).toEqual([
    "ENTITLEMENTS_MISSING",
    "GRACE",
    "MAINTENANCE_EXPIRED",
    "PRODUCT_SCOPE_MISMATCH",
    "PRODUCT_SCOPE_REQUIRED",
    "VERSION_NOT_ALLOWED",
    "VERSION_SCOPE_REQUIRED",
  ]);
});
