import { parseArgs } from "node:util";
import { Advice } from "../say.ts";

/** What `npm start` is told to do. */
export type Options = { reset: boolean; demo: boolean; help: boolean };

export const usage = `Starts Latchkey on this machine: Temporal, the edge, the worker host and the simulators, and plays the main job once.

  npm start                  start; data of an earlier start is kept
  npm start -- --reset       forget all data first
  npm start -- --no-demo     start without playing the main job
  npm start -- --help        this text

  LATCHKEY_PORT, LATCHKEY_TEMPORAL_PORT, LATCHKEY_TEMPORAL_UI_PORT, LATCHKEY_STRIPE_PORT, LATCHKEY_RECEIVER_PORT,
  LATCHKEY_HOST_PORT, LATCHKEY_MAIL_PORT, LATCHKEY_SMTP_PORT, LATCHKEY_PAYPAL_PORT
                             ports; without them 8787, 7233, 8233, 8790, 8791, 8792, 8793, 8794, 8795 or the next free one
  SMTP_HOST, SMTP_PORT, …    a mail server of your own; without one, mail goes to the sink and no further
  LATCHKEY_HOME              where data and logs lie (.latchkey)
  LATCHKEY_CACHE             where downloaded programs lie (~/.cache/latchkey)
  TEMPORAL_ADDRESS           a Temporal server that already runs; then none is started`;

/**
 * Reads the arguments of `npm start`.
 * @throws {Advice} that names an unknown one
 */
export function readOptions(args: string[]): Options {
  try {
    const { values } = parseArgs({
      args,
      options: { reset: { type: "boolean" }, "no-demo": { type: "boolean" }, help: { type: "boolean", short: "h" } },
    });
    return { reset: values.reset === true, demo: values["no-demo"] !== true, help: values.help === true };
  } catch (error) {
    const why = error instanceof Error ? (error.message.split(". ")[0] ?? "") : String(error);
    throw new Advice(`${why}.\n\n${usage}`, { cause: error });
  }
}
