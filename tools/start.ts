import { Advice, endWith, sayTo } from "./say.ts";
import { banner } from "./start/banner.ts";
import { homeAt, shown } from "./start/home.ts";
import { readOptions, usage } from "./start/options.ts";
import { choosePorts } from "./start/ports.ts";
import { endOwnChildren } from "./start/processes.ts";
import { startAll } from "./start/start-all.ts";

const parentCheckEveryMs = 1_000;

/** `npm start`: everything on this machine, until Ctrl-C. */
async function main(): Promise<void> {
  const startedMs = Date.now();
  const options = readOptions(process.argv.slice(2));
  if (options.help) return console.log(usage);

  const say = sayTo(process.stdout);
  const home = homeAt();
  const told = stopAsked();
  say.line(`Starting Latchkey in ${shown(home.folder)}${options.reset ? ", with empty data" : ""}`);
  try {
    const started = await startAll({
      home,
      ports: () => choosePorts(process.env, say),
      demo: options.demo,
      reset: options.reset,
      say,
      signal: told.signal,
    });
    say.line(banner(started.dev, home, Date.now() - startedMs));
    await told.asked;
    say.line("\nStopping");
    await started.stop();
  } catch (error) {
    if (!told.signal.aborted) throw error; // else it failed because it was stopped
  } finally {
    endOwnChildren();
  }
  say.line("Stopped");
}

/** Resolves when a person or a supervisor wants the end: Ctrl-C, a signal, a closed terminal, or the death of the npm that ran us. */
function stopAsked(): { asked: Promise<void>; signal: AbortSignal } {
  const controller = new AbortController();
  const { promise, resolve } = Promise.withResolvers<void>();
  const stop = () => {
    controller.abort(new Advice("stopped"));
    resolve();
  };
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, stop);
  if (process.env["npm_lifecycle_event"] !== undefined) {
    // npm hands signals to a shell, and not every shell hands them on
    const parent = process.ppid;
    setInterval(() => process.ppid !== parent && stop(), parentCheckEveryMs).unref();
  }
  return { asked: promise, signal: controller.signal };
}

await main().then(() => process.exit(0), endWith);
