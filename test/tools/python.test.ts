import { expect, test } from "vitest";
import { counted } from "../../tools/test/python.ts";

test("what unittest says is counted, and a run that says nothing is a failure", () => {
  expect(counted("Ran 278 tests in 0.3s\n\nOK\n", 0)).toEqual({ passed: 278, failed: 0 });
  expect(counted("Ran 10 tests in 0.3s\n\nFAILED (failures=2, errors=1)\n", 1)).toEqual({ passed: 7, failed: 3 });
  expect(counted("No module named cryptography\n", 1)).toEqual({ passed: 0, failed: 1 });
  expect(counted("Ran 0 tests in 0.0s\n\nOK\n", 0)).toEqual({ passed: 0, failed: 1 });
});
