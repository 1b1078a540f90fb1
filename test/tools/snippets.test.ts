import { expect, test } from "vitest";
import { snippetsIn, whyNotShown } from "../e2e/snippets.ts";

const GUIDE = `# A guide

\`\`\`sh no-run: it runs already
npm start
\`\`\`

\`\`\`sh
api GET /v1/things
\`\`\`

Which says

\`\`\`json
{ "object": "list", … }
\`\`\`

\`\`\`ts
const aside = 1;
\`\`\`

\`\`\`sh until: hello
echo hello; sleep 99
\`\`\`
`;

test("a guide's snippets are found with what they answer, and those that do not run say why", () => {
  expect(snippetsIn(GUIDE)).toEqual([
    { line: 3, shell: "npm start", runs: false, until: null, shown: null },
    {
      line: 7,
      shell: "api GET /v1/things",
      runs: true,
      until: null,
      shown: { kind: "json", text: '{ "object": "list", … }' },
    },
    { line: 21, shell: "echo hello; sleep 99", runs: true, until: "hello", shown: null },
  ]);
  expect(() => snippetsIn("```sh no-run:\nx\n```")).toThrow("Line 1");
  expect(() => snippetsIn("```sh sometimes\nx\n```")).toThrow("Line 1");
});

const [ONE, OTHER] = ["lic_0001m80m874ywbtmw17281dnpz0y", "lic_0001m80m8ecbht7rasan4jcgfgn6"];

test.each([
  ["fewer fields than there are", '{ "a": 1, … }', '{"a":1,"b":2}'],
  ["another id of the same kind", `{ "id": "${ONE}" }`, `{"id":"${OTHER}"}`],
  ["another instant", '{ "at": "2026-11-22T03:19:30.718Z" }', '{"at":"2027-01-01T00:00:00.000Z"}'],
  ["anything for an ellipsis", '{ "token": "eyJ…", "key": "…" }', '{"token":"eyJhbGci","key":"x"}'],
  ["the first items of a list", '{ "data": [{ "a": 1, … }, …] }', '{"data":[{"a":1,"b":1},{"a":2}]}'],
  ["the last line alone", '{ "a": 1 }', 'said before\n{"a":1}\n'],
  ["a place in the tenant's events", '{ "seq": 12 }', '{"seq":13}'],
])("an answer fits: %s", (_, text, answer) => {
  expect(whyNotShown({ kind: "json", text }, answer)).toEqual([]);
});

test.each([
  ["another value", '{ "a": 1 }', '{"a":2}'],
  ["a field that is not there", '{ "a": null, … }', '{"b":2}'],
  ["an id of another kind", `{ "id": "${ONE}" }`, '{"id":"act_0001m80m8ecbht7rasan4jcgfgn6"}'],
  ["no instant", '{ "at": "2026-11-22T03:19:30.718Z" }', '{"at":null}'],
  ["too few items", '{ "data": [{ "a": 1 }, { "a": 2 }] }', '{"data":[{"a":1}]}'],
  ["another beginning", '{ "token": "eyJ…" }', '{"token":"abc"}'],
  ["another nested value", '{ "a": { "b": [true, …] }, … }', '{"a":{"b":[false]}}'],
  ["no JSON", '{ "a": 1 }', "curl: (7) Failed to connect"],
])("an answer is found wrong: %s", (_, text, answer) => {
  expect(whyNotShown({ kind: "json", text }, answer)).toHaveLength(1);
});

test("text is compared line by line", () => {
  const shown = { kind: "text" as const, text: "34  order.created  api_key\n17Y3-P26R-4DYD-TDR5-Z0J8" };
  expect(whyNotShown(shown, "7  order.created  api_key\n7K2Q-M8XT-0V4B-R3ZC-9XWD\n")).toEqual([]);
  expect(whyNotShown(shown, "7  order.paid  api_key\n7K2Q-M8XT-0V4B-R3ZC-9XWD\n")).toHaveLength(1);
  expect(whyNotShown(shown, "7  order.created  api_key\n")).toHaveLength(1);
  expect(whyNotShown(shown, "7  order.created  api_key\n7K2Q-M8XT-0V4B-R3ZC-9XWD\nmore\n")).toHaveLength(1);
});
