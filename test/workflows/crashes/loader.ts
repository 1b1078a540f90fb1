import path from "node:path";
import { withCrossings } from "./awaits.ts";

const CROSSING = path.join(import.meta.dirname, "crossing.ts");

/** A loader for the bundler: the stories' code with its awaits made heard. */
const loader = function (this: { resourcePath: string }, code: string): string {
  return withCrossings(code, this.resourcePath, CROSSING).code;
};
export default loader;
