/** One line of a page: the metric's name, its labels and its value. */
export type Line = { name: string; labels: Record<string, string>; value: number };

/** What a page says of one metric. */
export type Family = { name: string; help: string; type: string; lines: Line[] };

const NAME = /^[a-zA-Z_:][a-zA-Z0-9_:]*/;
const LABEL = /^([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\\\|\\"|\\n)*)"(,|$)/;
const ESCAPES: Record<string, string> = { "\\\\": "\\", '\\"': '"', "\\n": "\n" };

/** Reads Prometheus' text format, version 0.0.4, by the letter: throws for whatever the format does not allow. */
export function parseExposition(text: string): Family[] {
  if (!text.endsWith("\n")) throw new Error("The last line does not end.");
  const families: Family[] = [];
  for (const line of text.slice(0, -1).split("\n")) {
    const [, keyword, name, rest] = /^# (HELP|TYPE) (\S+) (.+)$/.exec(line) ?? [];
    const last = families.at(-1);
    if (keyword === "HELP" && name && rest !== undefined) {
      if (families.some((family) => family.name === name)) throw new Error(`${name} comes twice.`);
      families.push({ name, help: rest, type: "untyped", lines: [] });
    } else if (keyword === "TYPE" && rest !== undefined) {
      if (last?.name !== name || last?.lines.length !== 0) throw new Error(`The type of ${name} is out of place.`);
      last.type = rest;
    } else {
      const sample = sampleOf(line);
      const suffixes = last?.type === "histogram" ? ["_bucket", "_sum", "_count"] : [""];
      if (!last || !suffixes.some((suffix) => sample.name === last.name + suffix)) throw new Error(`Out of place: ${line}`);
      if (last.lines.some((known) => isSameSeries(known, sample))) throw new Error(`Twice: ${line}`);
      last.lines.push(sample);
    }
  }
  for (const family of families) if (family.type === "histogram") checkHistogram(family);
  return families;
}

function sampleOf(line: string): Line {
  const name = NAME.exec(line)?.[0];
  if (!name) throw new Error(`Not a name: ${line}`);
  const [, inBraces = "", value = ""] = /^(?:\{(.*)\})? (\S+)$/.exec(line.slice(name.length)) ?? [];
  const labels: Record<string, string> = {};
  for (let left = inBraces; left !== "";) {
    const [all, label, text] = LABEL.exec(left) ?? [];
    if (!all || !label || text === undefined || label in labels) throw new Error(`Not labels: ${line}`);
    labels[label] = text.replaceAll(/\\[\\"n]/g, (escaped) => ESCAPES[escaped] ?? "");
    left = left.slice(all.length);
  }
  const number = value === "+Inf" ? Infinity : Number(value);
  if (value === "" || Number.isNaN(number)) throw new Error(`Not a value: ${line}`);
  return { name, labels, value: number };
}

function isSameSeries(a: Line, b: Line): boolean {
  const names = Object.keys(a.labels);
  return (
    a.name === b.name && names.length === Object.keys(b.labels).length && names.every((name) => a.labels[name] === b.labels[name])
  );
}

/** Of each series: buckets that only grow, the last one without an end and equal to the count, and a sum. */
function checkHistogram({ name, lines }: Family): void {
  const series = Map.groupBy(lines, ({ labels }) => JSON.stringify({ ...labels, le: undefined }));
  for (const [labels, of] of series) {
    const buckets = of.filter((line) => line.name === `${name}_bucket`);
    const ends = buckets.map(({ labels }) => (labels["le"] === "+Inf" ? Infinity : Number(labels["le"])));
    const grows = (numbers: number[]) => numbers.every((n, i) => i === 0 || n >= (numbers[i - 1] ?? 0));
    const count = of.find((line) => line.name === `${name}_count`)?.value;
    const ok = grows(ends) && ends.at(-1) === Infinity && grows(buckets.map(({ value }) => value));
    if (!ok || count !== buckets.at(-1)?.value || !of.some((line) => line.name === `${name}_sum`))
      throw new Error(`Not a histogram: ${name}${labels}`);
  }
}
