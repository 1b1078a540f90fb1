import { expect, test } from "vitest";
import { shop } from "../licensing/shop.ts";

test.each([
  { reset: "never", limit_value: 5 },
  { reset: "day", limit_value: null },
])("a rollover that can never happen is refused where it is given: %o", async (right) => {
  const s = await shop();
  const body = { name: "T", product_id: s.product["id"], type: "subscription", model: "per_device" };
  const refused = await s.post("/v1/templates", { ...body, entitlements: [{ feature: "export", rollover: true, ...right }] });
  expect(refused).toMatchObject({
    status: 400,
    body: { errors: [{ pointer: "/entitlements/0/rollover", code: "nothing_to_roll_over" }] },
  });
  const taken = await s.post("/v1/templates", { ...body, entitlements: [{ feature: "export", ...right }] });
  expect(taken.status).toBe(201);
});
