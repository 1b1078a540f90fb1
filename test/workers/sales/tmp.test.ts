import { test } from "vitest";
import { upTo } from "../world.ts";
import { shop } from "./shop.ts";
test("t", { timeout: 60000 }, async () => {
  const s = await shop({ stripe: null });
  await s.order();
  for (const k of [1, 2, 5, 10, 20, 40]) {
    let t = Date.now();
    await Promise.all(upTo(k).map(() => s.order()));
    const a = Date.now() - t;
    t = Date.now();
    await Promise.all(upTo(k).map((n) => s.post("/v1/customers", { name: "A", email: `a${n}@b.example`, kind: "person" })));
    console.log(k, "orders", a, "customers", Date.now() - t);
  }
});
