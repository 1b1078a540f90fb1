import { readFileSync } from "node:fs";
import path from "node:path";

export type AlertRule = { alert: string; expr: string; severity: string; summary: string; runbook: string };

const file = path.join(import.meta.dirname, "../../docs/alerts.yml");

/** What a rule looks like, line by line: a part of YAML that anybody reads, and no parser reads otherwise. */
const LINES: readonly [key: string, form: RegExp][] = [
  ["alert", /^ {6}- alert: ([A-Z][A-Za-z]+)$/],
  ["expr", /^ {8}expr: '((?:[^']|'')+)'$/],
  ["for", /^ {8}for: (\d+[smh])$/],
  ["severity", /^ {8}labels: \{ severity: (page|ticket) \}$/],
  ["annotations", /^ {8}(annotations):$/],
  ["summary", /^ {10}summary: '((?:[^']|'')+)'$/],
  ["runbook", /^ {10}runbook: (\S+)$/],
];

/** The rules of docs/alerts.yml. Throws for a line that is not as it should be. */
export function alertRules(text = readFileSync(file, "utf8")): AlertRule[] {
  const lines = text.split("\n").filter((line) => line !== "" && !line.startsWith("#"));
  if (lines.splice(0, 3).join("\n") !== "groups:\n  - name: latchkey\n    rules:") throw new Error("The file begins otherwise.");
  const rules: Record<string, string>[] = [];
  for (const [index, line] of lines.entries()) {
    const [key, form] = LINES[index % LINES.length] as [string, RegExp];
    const value = form.exec(line)?.[1];
    if (value === undefined) throw new Error(`Not ${key}: ${line}`);
    if (key === "alert") rules.push({});
    Object.assign(rules.at(-1) ?? {}, { [key]: value.replaceAll("''", "'") });
  }
  if (lines.length % LINES.length !== 0) throw new Error("The last rule is not complete.");
  return rules as AlertRule[];
}

/** The metrics that an expression reads; of a histogram its own name, without the part that is read. */
export function metricsIn(expr: string): string[] {
  const bare = expr.replaceAll(/"[^"]*"/g, "").replaceAll(/\b(?:by|on|without|ignoring) ?\([^)]*\)/g, "");
  const names = [...bare.matchAll(/\b[a-z_:][a-z0-9_:]*\b(?! ?\(|=)/gi)].map(String);
  return names.filter((name) => name.includes("_") || name === "up").map((name) => name.replace(/_(bucket|sum|count)$/, ""));
}
