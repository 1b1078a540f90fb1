import type { z } from "zod";
import type { FieldError } from "./problem.ts";

type Issue = z.core.$ZodIssue;

/** How many faults one answer names. */
const TOLD = 50;

/** The faults of a body or of parameters, a field each, as a person reads them. `prefix`: what the pointers begin with. */
export function fieldErrorsOf(prefix: string, issues: readonly Issue[]): FieldError[] {
  const all = issues
    .slice(0, TOLD)
    .flatMap(nearest)
    .flatMap((issue): FieldError[] => {
      const pointer = prefix + issue.path.map((part) => `/${String(part).replaceAll("~", "~0").replaceAll("/", "~1")}`).join("");
      if (issue.code !== "unrecognized_keys") return [{ pointer, code: issue.code, detail: sentenceOf(issue) }];
      return issue.keys.slice(0, TOLD).map((key) => ({
        pointer: `${pointer}/${key.slice(0, 100)}`,
        code: "unknown_field",
        detail: "There is no field of this name.",
      }));
    });
  // what has one fault may have others because of it
  return all.filter(({ pointer }, at) => all.findIndex((each) => each.pointer === pointer) === at);
}

/** Of several forms that a value does not have, the one that it comes closest to says what is wrong. */
function nearest(issue: Issue): Issue[] {
  if (issue.code !== "invalid_union" || issue.message !== "Invalid input") return [issue];
  const [closest] = issue.errors.filter((each) => each.length > 0).toSorted((a, b) => weightOf(a) - weightOf(b));
  if (!closest) return [issue];
  return closest.flatMap((each) => nearest({ ...each, path: [...issue.path, ...each.path] }));
}

/** A field that is missing or unknown says that another form was meant. */
const weightOf = (issues: readonly Issue[]) =>
  issues.reduce(
    (sum, { code, message }) => sum + (code === "unrecognized_keys" || message.endsWith("received undefined") ? 2 : 1),
    0,
  );

/** Zod's own words say what a program compared; a schema's own words stand. */
function sentenceOf(issue: Issue): string {
  const [, expected, received] = /^Invalid input: expected (.+), received (\w+)$/.exec(issue.message) ?? [];
  if (received === "undefined") return "It is missing.";
  if (expected === "int" && received === "number") return "Must be a whole number.";
  if (expected !== undefined && received !== undefined)
    return `Must be ${withArticle(expected)}, and is ${withArticle(received)}.`;
  if (issue.code === "invalid_value" && issue.message.startsWith("Invalid "))
    return `Must be ${issue.values.length > 1 ? "one of " : ""}${issue.values.map((value) => JSON.stringify(value)).join(", ")}.`;
  if (issue.code === "too_small" && issue.message.startsWith("Too small: "))
    return boundOf(issue.origin, "at least", issue.minimum, issue.inclusive !== false);
  if (issue.code === "too_big" && issue.message.startsWith("Too big: "))
    return boundOf(issue.origin, "at most", issue.maximum, issue.inclusive !== false);
  return issue.message;
}

function boundOf(origin: string, which: "at least" | "at most", bound: number | bigint, inclusive: boolean): string {
  const unit = origin === "string" ? "character" : origin === "array" || origin === "set" ? "item" : null;
  if (unit !== null) return `Must have ${which} ${bound} ${unit}${Number(bound) === 1 ? "" : "s"}.`;
  return `Must be ${inclusive ? which : which === "at least" ? "more than" : "less than"} ${bound}.`;
}

const NAMES: Record<string, string> = { null: "null", int: "a whole number", record: "an object", NaN: "no number" };

const withArticle = (type: string) => NAMES[type] ?? `${/^[aeiou]/.test(type) ? "an" : "a"} ${type}`;
