/** A shell snippet of a guide, with the answer that the guide shows for it. One with `until` runs until it says that, and then gets Ctrl-C. */
export type Snippet = {
  line: number;
  shell: string;
  runs: boolean;
  until: string | null;
  shown: { kind: "json" | "text"; text: string } | null;
};

/**
 * The shell snippets of a guide, in order. A block of JSON or text right behind one, before the next, is what it answers. A snippet whose
 * fence says `no-run: why` is left out: one that starts what runs already, or needs an account of somebody else's. A program that runs
 * for ever says `until: text`.
 * @throws Error where a fence says anything else
 */
export function snippetsIn(markdown: string): Snippet[] {
  const snippets: Snippet[] = [];
  for (const { line, info, text } of fencesIn(markdown)) {
    const [, language, how, what] = /^(\w*)(?: (no-run|until): (.+))?$/.exec(info) ?? [];
    if (info.startsWith("sh") && language !== "sh")
      throw new Error(`Line ${line}: say "sh", "sh no-run: why" or "sh until: text"`);
    if (language === "sh") {
      const until = how === "until" ? (what ?? null) : null;
      snippets.push({ line, shell: text, runs: how !== "no-run", until, shown: null });
    }
    const last = snippets.at(-1);
    if ((language === "json" || language === "text") && last?.shown === null) last.shown = { kind: language, text };
  }
  return snippets;
}

function fencesIn(markdown: string): { line: number; info: string; text: string }[] {
  const fences: { line: number; info: string; text: string }[] = [];
  let open: { line: number; info: string; lines: string[] } | null = null;
  for (const [index, text] of markdown.split("\n").entries()) {
    const fence = /^```(.*)$/.exec(text)?.[1];
    if (open === null && fence !== undefined) open = { line: index + 1, info: fence.trim(), lines: [] };
    else if (open !== null && fence !== undefined) {
      fences.push({ line: open.line, info: open.info, text: open.lines.join("\n") });
      open = null;
    } else open?.lines.push(text);
  }
  return fences;
}

/** How an answer differs from what a guide shows; nothing where it fits. `…` stands for anything, and what differs with every run is not compared. */
export function whyNotShown(shown: NonNullable<Snippet["shown"]>, answer: string): string[] {
  if (shown.kind === "text") return textFaults(shown.text, answer);
  const said = parsed(answer) ?? parsed(answer.trimEnd().split("\n").at(-1) ?? "");
  if (said === undefined) return [`the answer is no JSON: ${answer.slice(0, 300)}`];
  return jsonFaults(JSON.parse(withoutEllipses(shown.text)), said, "");
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** The JSON of a guide without the `…` that stand for further fields and items. */
const withoutEllipses = (text: string) => text.replaceAll(/,?\s*…\s*(?=[}\]])/g, "");

/** Fields that are others in every run: counted, measured, or the end of a secret. */
const VOLATILE = new Set(["seq", "event_seq", "next_after", "duration_ms", "last4", "key_last4"]);

function jsonFaults(shown: unknown, said: unknown, at: string): string[] {
  if (typeof shown === "string" && typeof said === "string") {
    return fits(shown, said) ? [] : [`${at}: ${said.slice(0, 200)}, and not ${shown}`];
  }
  if (Array.isArray(shown)) {
    if (!Array.isArray(said)) return [`${at}: ${JSON.stringify(said)} is no array`];
    return shown.flatMap((item, index) => jsonFaults(item, said[index], `${at}/${index}`));
  }
  if (typeof shown === "object" && shown !== null) {
    if (typeof said !== "object" || said === null) return [`${at}: ${JSON.stringify(said)} is no object`];
    return Object.entries(shown).flatMap(([name, value]) =>
      VOLATILE.has(name) && typeof value === typeof (said as Record<string, unknown>)[name]
        ? []
        : jsonFaults(value, (said as Record<string, unknown>)[name], `${at}/${name}`),
    );
  }
  return shown === said ? [] : [`${at}: ${JSON.stringify(said)}, and not ${JSON.stringify(shown)}`];
}

function textFaults(shown: string, said: string): string[] {
  const [wanted, told] = [shown, said].map((text) => text.trimEnd().split("\n"));
  const faults = (wanted ?? []).flatMap((line, index) =>
    fits(line, told?.[index] ?? "") ? [] : [`line ${index + 1}: ${told?.[index] ?? "nothing"}, and not ${line}`],
  );
  const more = (told ?? []).slice(wanted?.length);
  return more.length === 0 ? faults : [...faults, `further lines: ${more.join("\n").slice(0, 300)}`];
}

/** What is another one in every run, and the sign that stands for it. */
const OTHER_EACH_TIME: readonly [RegExp, string][] = [
  [/\b([a-z]{2,5})_[0-9a-z]{2}[0-9a-hjkmnp-tv-z]{26}\b/g, "$1_*"],
  [/\b(req|pi)_[\w-]{20,}/g, "$1_*"],
  [/\b\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z/g, "<instant>"],
  [/\b(?:[0-9A-Z]{4}-){4,}[0-9A-Z]{4}\b/g, "<key>"],
  [/\bORD-\d+/g, "ORD-*"],
  [/127\.0\.0\.1:\d+/g, "127.0.0.1:*"],
  [/\bv1,[\w+/]+=*/g, "v1,*"],
  [/\b1[789]\d{8}\b/g, "<timestamp>"],
  [/"seq":\d+/g, '"seq":*'],
  [/^\d+(?= +\w+\.\w+)/g, "<seq>"],
];

const usual = (text: string) => OTHER_EACH_TIME.reduce((rest, [pattern, sign]) => rest.replaceAll(pattern, sign), text.trimEnd());

/** Whether what was said is what is shown, where every `…` stands for anything. */
function fits(shown: string, said: string): boolean {
  const parts = usual(shown).split("…");
  if (parts.length === 1) return usual(shown) === usual(said);
  const pattern = parts.map((part) => part.replaceAll(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`)).join("[^]*");
  return new RegExp(`^${pattern}$`).test(usual(said));
}
