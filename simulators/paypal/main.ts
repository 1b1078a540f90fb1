import { runSimulator } from "../run.ts";
import { startPaypal } from "./server.ts";

await runSimulator({
  name: "paypal simulator",
  portVariable: "LATCHKEY_PAYPAL_PORT",
  defaultPort: 8795,
  stateFile: "paypal.ndjson",
  start: startPaypal,
});
