import path from "node:path";

/** Where a simulator listens, and the file (if any) in which its state survives. Port 0 takes any free one. */
export type SimulatorOptions = { port: number; host?: string; statePath?: string };

/** A running simulator: its origin without a slash, and how to stop it. */
export type Simulator = { url: string; close: () => Promise<void> };

/** What a simulator's program needs to know: names of variables and defaults. */
type Program = {
  name: string;
  portVariable: string;
  defaultPort: number;
  stateFile: string;
  start: (options: SimulatorOptions) => Promise<Simulator>;
};

/** Runs one simulator as a program until it is told to stop; ends with one plain line where it cannot start. */
export async function runSimulator({ name, portVariable, defaultPort, stateFile, start }: Program): Promise<void> {
  const port = Number(process.env[portVariable] ?? defaultPort);
  if (!Number.isInteger(port) || port < 0 || port > 65_535) {
    console.error(`${name}: ${portVariable} must be a port number.`);
    process.exitCode = 1;
    return;
  }

  try {
    const simulator = await start({ port, statePath: path.join(process.env["LATCHKEY_HOME"] ?? ".latchkey", stateFile) });
    console.log(`${name}: ${simulator.url}`);
    const stop = () => void simulator.close().then(() => process.exit(0));
    process.once("SIGINT", stop);
    process.once("SIGTERM", stop);
  } catch (error) {
    const taken = error instanceof Error && "code" in error && error.code === "EADDRINUSE";
    const reason = taken ? `port ${port} is taken; set ${portVariable} to another` : String(error);
    console.error(`${name}: cannot start: ${reason}`);
    process.exitCode = 1;
  }
}
