import { BENCH_HELP, readBenchOptions } from "./bench/options.ts";
import { benchOrders } from "./bench/orders.ts";
import { sayReport } from "./bench/report.ts";
import { runBench } from "./bench/run.ts";
import { endWith, sayTo } from "./say.ts";

try {
  const options = readBenchOptions(process.argv.slice(2));
  const say = sayTo(options.json ? process.stderr : process.stdout);
  if (options.help) say.line(BENCH_HELP);
  else {
    if (options.benches.some((bench) => bench !== "orders")) {
      const report = await runBench(options, say);
      if (options.json) process.stdout.write(`${JSON.stringify(report, null, 2)}\n`);
      else sayReport(report, say);
    }
    if (options.benches.includes("orders")) {
      say.line("\norders");
      await benchOrders(say);
    }
  }
} catch (error) {
  endWith(error);
}
