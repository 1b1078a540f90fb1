/**
 * The language that mails are written in, and nothing more: `{{ name }}` puts in a value, `{{#if name}} … {{else}} … {{/if}}` keeps a part when
 * the value is not empty. No code, no loops, no calls; parts do not stand inside of each other.
 */
export type Template = readonly Piece[];

type Piece =
  | { kind: "text"; text: string }
  | { kind: "value"; name: string }
  | { kind: "if"; name: string; kept: Template; otherwise: Template };

/** What is wrong with a template, as a sentence for whoever wrote it. */
export type TemplateFault = { code: "syntax" | "unknown_placeholder" | "missing_placeholder"; detail: string };

/** The values that a mail is made with, by name. */
export type Values = Readonly<Record<string, string>>;

const TAG = /\{\{\s*(?:(#if)\s+([a-z][a-z0-9_.]{0,63})|(else)|(\/if)|([a-z][a-z0-9_.]{0,63}))\s*\}\}/g;

/** Reads a template. A fault is told in place of it. */
export function parseTemplate(text: string): { template: Template } | { fault: TemplateFault } {
  const whole: Piece[] = [];
  let open: { name: string; kept: Piece[]; otherwise: Piece[] | null } | null = null;
  let at = 0;
  const into = (): Piece[] => (open ? (open.otherwise ?? open.kept) : whole);
  for (const found of text.matchAll(TAG)) {
    const [tag, isIf, condition, isElse, isEnd, name] = found;
    const before = text.slice(at, found.index);
    // three braces mean "unescaped" elsewhere; here nothing does
    if (before.includes("{{") || before.endsWith("{") || text[found.index + tag.length] === "}") return syntax(text.slice(at));
    if (before !== "") into().push({ kind: "text", text: before });
    at = found.index + tag.length;
    if (name !== undefined) into().push({ kind: "value", name });
    else if (isIf !== undefined) {
      if (open) return { fault: { code: "syntax", detail: "A part stands inside of another one; close it with {{/if}} first." } };
      open = { name: condition ?? "", kept: [], otherwise: null };
    } else if (!open) return { fault: { code: "syntax", detail: `${tag} stands without an {{#if …}} before it.` } };
    else if (isElse !== undefined) {
      if (open.otherwise) return { fault: { code: "syntax", detail: "A part has two {{else}}." } };
      open.otherwise = [];
    } else if (isEnd !== undefined) {
      whole.push({ kind: "if", name: open.name, kept: open.kept, otherwise: open.otherwise ?? [] });
      open = null;
    }
  }
  const rest = text.slice(at);
  if (rest.includes("{{")) return syntax(rest);
  if (open) return { fault: { code: "syntax", detail: `{{#if ${open.name}}} is not closed by {{/if}}.` } };
  if (rest !== "") whole.push({ kind: "text", text: rest });
  return { template: whole };
}

function syntax(text: string): { fault: TemplateFault } {
  const shown = text.slice(text.indexOf("{{"), text.indexOf("{{") + 40);
  return { fault: { code: "syntax", detail: `This is no placeholder: ${shown}` } };
}

/** Every name that a template speaks of. */
export function namesIn(template: Template): string[] {
  return template.flatMap((piece) => {
    if (piece.kind === "text") return [];
    if (piece.kind === "value") return [piece.name];
    return [piece.name, ...namesIn(piece.kept), ...namesIn(piece.otherwise)];
  });
}

/** The names whose value a template puts in, wherever it does. */
function valuesIn(template: Template): string[] {
  return template.flatMap((piece) => {
    if (piece.kind === "text") return [];
    return piece.kind === "value" ? [piece.name] : [...valuesIn(piece.kept), ...valuesIn(piece.otherwise)];
  });
}

/** Everything that is wrong with a text for a kind of mail; nothing when it may be sent. */
export function faultsOf(
  text: string,
  { placeholders, required }: { placeholders: readonly string[]; required: readonly string[] },
): TemplateFault[] {
  const read = parseTemplate(text);
  if ("fault" in read) return [read.fault];
  const unknown = [...new Set(namesIn(read.template))].filter((name) => !placeholders.includes(name));
  const put = valuesIn(read.template);
  return [
    ...unknown.map((name) => ({
      code: "unknown_placeholder" as const,
      detail: `There is no ${name} here. Known are ${placeholders.join(", ")}.`,
    })),
    ...required
      .filter((name) => !put.includes(name))
      .map((name) => ({ code: "missing_placeholder" as const, detail: `{{ ${name} }} must stand in it.` })),
  ];
}

/** How a value is written where it is put in. */
export type Escape = (value: string) => string;

/** Fills a template in. A name that has no value is empty; a value is never read as a template. */
export function fill(template: Template, values: Values, escape: Escape): string {
  return template
    .map((piece) => {
      if (piece.kind === "text") return piece.text;
      const value = Object.hasOwn(values, piece.name) ? (values[piece.name] ?? "") : "";
      if (piece.kind === "value") return escape(value);
      return fill(value === "" ? piece.otherwise : piece.kept, values, escape);
    })
    .join("");
}

/** Fills in a text that is known to be a template: one of ours, or one that was checked when it was saved. Throws on any other. */
export function filled(text: string, values: Values, escape: Escape): string {
  const read = parseTemplate(text);
  if ("fault" in read) throw new Error(`Not a template: ${read.fault.detail}`);
  return fill(read.template, values, escape);
}

/** A value in HTML, in text and in attributes between quotes alike. */
export const escapeHtml: Escape = (value) =>
  value
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;")
    .replaceAll('"', "&quot;")
    .replaceAll("'", "&#39;");

/** A value in plain text: as it is, without what only machines read. */
// oxlint-disable-next-line no-control-regex -- control characters are what is taken out
export const plain: Escape = (value) => value.replaceAll(/[\u0000-\u0008\u000b-\u001f\u007f]/g, "");

/** A value on one line, as headers need it: no line break of any spelling, no control character, at most `max` characters. */
export function oneLine(value: string, max = 200): string {
  // oxlint-disable-next-line no-control-regex -- control characters are what is taken out
  const line = value.replaceAll(/[\u0000-\u001f\u007f-\u009f\u2028\u2029]+/g, " ").trim();
  return Array.from(line).slice(0, max).join("");
}

/** Plain text as paragraphs of HTML: a blank line begins a new one, a line break stays one. */
export function paragraphs(text: string): string {
  return text
    .split(/\n{2,}/)
    .map((part) => part.trim())
    .filter((part) => part !== "")
    .map((part) => `<p style="margin:0 0 16px">${escapeHtml(part).replaceAll("\n", "<br/>")}</p>`)
    .join("");
}
