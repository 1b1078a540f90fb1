import { runSimulator } from "../run.ts";
import { startStripe } from "./server.ts";

await runSimulator({
  name: "stripe simulator",
  portVariable: "LATCHKEY_STRIPE_PORT",
  defaultPort: 8790,
  stateFile: "stripe.ndjson",
  start: startStripe,
});
