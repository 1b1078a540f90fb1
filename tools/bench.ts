import { benchOrders } from "./bench/orders.ts";
import { benchValidation } from "./bench/validation.ts";
import { sayTo } from "./say.ts";

const benches = { validation: benchValidation, orders: benchOrders };
const say = sayTo(process.stdout);
const wanted = process.argv.slice(2);
const unknown = wanted.find((name) => !(name in benches));

if (unknown !== undefined) {
  say.line(`There is no bench ${unknown}. Run: npm run bench -- [${Object.keys(benches).join("] [")}]`);
  process.exitCode = 2;
} else {
  for (const [name, bench] of Object.entries(benches)) {
    if (wanted.length > 0 && !wanted.includes(name)) continue;
    say.line(`\n${name}`);
    await bench(say);
  }
}
