/** Whether a field of a body is a text of one to `most` characters (UTF-16 units, as schemas count them). */
export function isText(value: unknown, most: number): value is string {
  return typeof value === "string" && value.length >= 1 && value.length <= most;
}
