import { runSimulator } from "../run.ts";
import { startReceiver } from "./server.ts";

await runSimulator({
  name: "webhook receiver",
  portVariable: "LATCHKEY_RECEIVER_PORT",
  defaultPort: 8791,
  stateFile: "receiver.ndjson",
  start: startReceiver,
});
