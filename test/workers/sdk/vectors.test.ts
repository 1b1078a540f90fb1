import { expect, test } from "vitest";
import published from "../../../sdk/vectors/olp-1.json" with { type: "json" };
import { answerTo, type Vector } from "../../sdk/answers.ts";

test("the verifier answers every vector in workerd as well", async () => {
  const wrong: unknown[] = [];
  for (const vector of published.cases as unknown as Vector[]) {
    const answer = await answerTo(vector);
    if (JSON.stringify(answer) !== JSON.stringify(vector.expected))
      wrong.push({ name: vector.name, answer, expected: vector.expected });
  }
  expect(wrong).toEqual([]);
});
