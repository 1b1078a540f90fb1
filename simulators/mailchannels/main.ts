import { runSimulator } from "../run.ts";
import { startMailChannels } from "./server.ts";

await runSimulator({
  name: "MailChannels simulator",
  portVariable: "LATCHKEY_MAILCHANNELS_PORT",
  defaultPort: 8796,
  stateFile: "mailchannels.ndjson",
  start: async (options) => {
    const simulator = await startMailChannels(options);
    console.log(
      `LATCHKEY_MAILCHANNELS_HANDLES=simulated LATCHKEY_MAILCHANNELS_WEBHOOK_KEYS=${simulator.keyId}=${simulator.publicKey}`,
    );
    return simulator;
  },
});
