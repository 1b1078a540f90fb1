import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { expect, test } from "vitest";
import { metricsOf } from "#rules/cache/metrics";
import { standingMetrics } from "#rules/cache/standing";
import { beginSums, readSums } from "#rules/cache/sums";
import { HostCounts } from "../../worker-host/metrics/host-counts.ts";
import { metricsPage } from "../../worker-host/metrics/page.ts";
import { parseExposition } from "../host/exposition-parser.ts";
import { alertRules, metricsIn } from "./alert-rules.ts";

const root = path.join(import.meta.dirname, "../..");
const rules = alertRules();

/** What Prometheus says of its own targets, and what a running host is asked for in test/host/main.test.ts. */
const ELSEWHERE = /^up$|^temporal_|^latchkey_host_current_build$/;

/** The page as the code makes it, of an edge that has counted nothing. */
async function pageNames(): Promise<Set<string>> {
  const now = new Date(0);
  const metrics = [...metricsOf(readSums(beginSums(0), 0)), ...standingMetrics([], now)];
  const page = await metricsPage({
    readEdge: async () => ({ metrics, stories: [] }),
    readSdk: async () => "",
    readHost: async () => new HostCounts().metrics({ worker: "starting", lastClaims: new Map(), shards: null }, now),
  });
  return new Set(parseExposition(page).map(({ name }) => name));
}

const kebab = (name: string) => name.replaceAll(/(?<!^)[A-Z]/g, "-$&").toLowerCase();

test("every alert has a runbook of its name, and every runbook its alert", () => {
  expect(rules.map(({ runbook }) => runbook)).toEqual(rules.map(({ alert }) => `docs/runbooks/${kebab(alert)}.md`));
  const pages = readdirSync(path.join(root, "docs/runbooks")).map((page) => `docs/runbooks/${page}`);
  expect(pages.toSorted()).toEqual(rules.map(({ runbook }) => runbook).toSorted());
});

test.each(rules)("$alert reads metrics that a host's page has", async ({ expr }) => {
  const page = await pageNames();
  const read = metricsIn(expr);
  expect(read.length).toBeGreaterThan(0);
  expect(read.filter((name) => !ELSEWHERE.test(name) && !page.has(name))).toEqual([]);
});

test.each(rules)("the runbook of $alert says what it means, what to look at, what to do, and what when nothing helps", (rule) => {
  const page = readFileSync(path.join(root, rule.runbook), "utf8");
  const headings = [...page.matchAll(/^#+ (.+)$/gm)].map((match) => match[1]);
  expect(headings.slice(1)).toEqual(["What it means", "Look", "Do", "When nothing helps"]);
  expect(page).toContain(`\`${rule.expr}\``);
  expect(page).toMatch(/## Look\n\n```sh\n[^`]+\n```\n\n## Do\n\n1\. /);
  const links = [...page.matchAll(/\]\(([^)#]+)/g)].map((match) => path.join("docs/runbooks", match[1] as string));
  expect(links.filter((link) => !readdirSync(path.join(root, path.dirname(link))).includes(path.basename(link)))).toEqual([]);
});

test("what an expression reads is found in it, and a line that is no rule is not read over", () => {
  expect(metricsIn('sum by (le) (rate(a_b_bucket{x_y="c_d"}[5m])) > 0.5 and on() max(e_f_total) > 1')).toEqual([
    "a_b",
    "e_f_total",
  ]);
  const begin = "groups:\n  - name: latchkey\n    rules:\n";
  expect(() => alertRules(`${begin}      - alert: Abc\n        expr: a > 1\n`)).toThrow("Not expr");
  expect(() => alertRules(`${begin}      - alert: Abc\n`)).toThrow("not complete");
});
