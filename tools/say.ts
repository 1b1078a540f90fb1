/** Where the lines of a tool go. Quiet runs (tests) collect or drop them. */
export type Say = {
  /** One finished line. */
  line: (text: string) => void;
  /** A line that will be replaced by the next one; on a terminal in place, elsewhere at most every ten seconds. */
  progress: (text: string) => void;
};

const quietBetweenProgressMs = 10_000;

/** Lines for a person at `stream`. */
export function sayTo(stream: NodeJS.WriteStream): Say {
  let progressWidth = 0;
  let saidAt = Date.now();
  const wipe = () => {
    if (progressWidth > 0) stream.write(`\r${" ".repeat(progressWidth)}\r`);
    progressWidth = 0;
  };
  return {
    line(text) {
      wipe();
      saidAt = Date.now();
      stream.write(`${text}\n`);
    },
    progress(text) {
      if (stream.isTTY) {
        const shown = text.slice(0, Math.max(20, stream.columns - 1));
        stream.write(`\r${shown.padEnd(progressWidth)}`);
        progressWidth = Math.max(progressWidth, shown.length);
      } else if (Date.now() - saidAt >= quietBetweenProgressMs) {
        saidAt = Date.now();
        stream.write(`${text}\n`);
      }
    },
  };
}

/** Says nothing. */
export const silent: Say = { line: () => {}, progress: () => {} };

/** An error that a person can act on: what happened, why, and the command that fixes it. Shown without a stack. */
export class Advice extends Error {
  override name = "Advice";
}

/** Prints what went wrong and ends the process with status 1: advice as it stands, anything else with its stack. */
export function endWith(error: unknown): never {
  if (error instanceof Advice) console.error(error.message);
  else console.error(error);
  process.exit(1);
}
