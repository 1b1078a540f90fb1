import validRange from "semver/ranges/valid.js";

/** Whether the text is a range of versions, as npm writes them: `^2.0.0`, `>=1.4 <3`, `2.x || 3.1.0`. */
export function isVersionRange(text: string): boolean {
  return validRange(text) !== null;
}
