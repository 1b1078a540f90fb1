import { fc, test } from "@fast-check/vitest";
import { describe, expect } from "vitest";
import { escapeHtml, faultsOf, filled, namesIn, oneLine, paragraphs, parseTemplate, plain } from "#rules/mail/template";

const names = fc.constantFrom("license.key", "product.name", "recipient.name", "brand.name");
const words = fc.string({ unit: "grapheme", maxLength: 30 }).filter((text) => !text.includes("{{"));
const nasty = fc.oneof(
  fc.string({ unit: "binary", maxLength: 60 }),
  fc.constantFrom(
    "<script>alert(1)</script>",
    '"><img src=x onerror=a>',
    "' onload='x",
    "{{ license.key }}",
    "{{#if a}}",
    "a\r\nBcc: x@y",
    "&lt;",
  ),
);

/** Pieces of a template, and what they become with a value for every name. */
type Part = { written: string; becomes: (values: Record<string, string>) => string };
const pieces: fc.Arbitrary<Part[]> = fc.array(
  fc.oneof<fc.Arbitrary<Part>[]>(
    words.map((text) => ({ written: text, becomes: () => text })),
    names.map((name) => ({ written: `{{ ${name} }}`, becomes: (values: Record<string, string>) => values[name] ?? "" })),
    fc.tuple(names, words, words).map(([name, then, otherwise]) => ({
      written: `{{#if ${name}}}${then}{{else}}${otherwise}{{/if}}`,
      becomes: (values: Record<string, string>) => (values[name] ? then : otherwise),
    })),
  ),
  { maxLength: 12 },
);
const values = fc.dictionary(names, nasty, { maxKeys: 4 });

describe("a template", () => {
  // neighbours could make a tag of their ends: "{" and "{"
  test.prop([pieces, values])("becomes its words, with every value where its name stands", (parts, given) => {
    const text = parts.map(({ written }) => written).join("");
    fc.pre(!parts.some(({ written }) => /^[{}]|[{}]$/.test(written.replaceAll(/\{\{.*?\}\}/g, "-"))));
    expect(filled(text, given, (value) => value)).toBe(parts.map(({ becomes }) => becomes(given)).join(""));
  });

  test.prop([nasty, nasty])("reads no value as a template: what somebody is called cannot open a key", (name, key) => {
    const made = filled("Hello {{ recipient.name }}", { "recipient.name": name, "license.key": key }, (value) => value);
    expect(made).toBe(`Hello ${name}`);
  });

  test.prop([fc.string({ unit: "binary" })])("is read or refused, whatever it is, and never throws", (text) => {
    const read = parseTemplate(text);
    expect("fault" in read || Array.isArray(namesIn(read.template))).toBe(true);
  });

  test.each([
    ["{{ license.key", "syntax"],
    ["{{ License.Key }}", "syntax"],
    ["{{{ license.key }}}", "syntax"],
    ["{{#if license.key}} a", "syntax"],
    ["a {{/if}}", "syntax"],
    ["{{else}}", "syntax"],
    ["{{#if a}}{{#if b}}{{/if}}{{/if}}", "syntax"],
    ["{{#if a}}{{else}}{{else}}{{/if}}", "syntax"],
    ["{{#each licenses}}", "syntax"],
    ["{{ constructor.constructor('x')() }}", "syntax"],
  ])("«%s» is refused", (text, code) => {
    expect(faultsOf(text, { placeholders: ["license.key", "a", "b"], required: [] })).toMatchObject([{ code }]);
  });

  test("what it names must be known, and what it needs must be put in: a condition alone is not enough", () => {
    const known = { placeholders: ["license.key", "product.name"], required: ["license.key"] };
    expect(faultsOf("{{ license.key }} {{ customer.card }}", known)).toMatchObject([{ code: "unknown_placeholder" }]);
    expect(faultsOf("{{#if license.key}}yes{{/if}}", known)).toMatchObject([{ code: "missing_placeholder" }]);
    expect(faultsOf("{{#if license.key}}{{ license.key }}{{/if}}", known)).toEqual([]);
    expect(filled("{{ constructor }}{{ valueof }}", {}, plain)).toBe(""); // names of objects are no values
  });
});

describe("what is put in", () => {
  test.prop([nasty])("cannot leave its place in HTML, between tags or between quotes", (value) => {
    const made = filled('<p title="{{ a }}">{{ a }}</p>', { a: value }, escapeHtml);
    expect(made).toBe(`<p title="${escapeHtml(value)}">${escapeHtml(value)}</p>`);
    expect(escapeHtml(value)).not.toMatch(/[<>"']|&(?!amp;|lt;|gt;|quot;|#39;)/);
  });

  test.prop([nasty])("cannot make a second header of a subject line", (value) => {
    // oxlint-disable-next-line no-control-regex -- control characters are what must be absent
    expect(oneLine(`Your ${value} license`)).not.toMatch(/[\u0000-\u001f\u007f-\u009f\u2028\u2029]/);
    expect(oneLine(value, 20).length).toBeLessThanOrEqual(40); // twenty characters, each of one or two units
  });

  test.prop([nasty])("stays text where a tenant's own words become paragraphs", (value) => {
    expect(paragraphs(value).replaceAll(/<\/?p( style="margin:0 0 16px")?>|<br\/>/g, "")).not.toMatch(/[<>"']/);
  });
});
