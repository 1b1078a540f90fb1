import { MOST_FILES, normalPath } from "#rules/licensing/security";
import { z } from "./wire.ts";

/** A file of a program, as its vendor registers it and as the program tells of it. */
export const ProgramFile = z.strictObject({
  path: z
    .string()
    .max(500)
    .refine((path) => normalPath(path) !== null, "must be a path within the program: relative, and without ..")
    .openapi({ description: "Relative; slashes and backslashes are the same.", example: "bin/studio.exe" }),
  sha256: z
    .string()
    .regex(/^[0-9a-fA-F]{64}$/, "must be 64 hex digits")
    .openapi({ example: "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08" }),
});

/** The files of a program, each named once. */
export const ProgramFiles = z
  .array(ProgramFile)
  .min(1)
  .max(MOST_FILES)
  .refine((files) => new Set(files.map(({ path }) => normalPath(path))).size === files.length, "must name each path once");
