// What a program needs to check a license file: see README.md and docs/olp-1.md. What a device makes itself is in device.ts.
export type { Part } from "./crypto.ts";
export {
  createVerifier,
  type Circumstances,
  type State,
  type Trust,
  type Verdict,
  type Warning,
  type WarningCode,
} from "./verify.ts";
