import { fc, test } from "@fast-check/vitest";
import { expect } from "vitest";
import { plainToken, plainValidation } from "../../../workers/licensing/hot/plain.ts";
import { TokenValidation, Validation } from "../../../workers/licensing/schemas.ts";

/** Texts around every limit of length there is, and things that are none. */
const value = fc.oneof(
  fc.constantFrom(0, 1, 100, 101, 200, 201, 253, 254, 255, 256, 500, 501, 512, 513).map((length) => "x".repeat(length)),
  fc.string(),
  fc.constantFrom(null, 1, true, {}, []),
);
const features = fc.oneof(
  fc.array(value, { maxLength: 4 }),
  fc.constantFrom(99, 100, 101).map((n) => Array<string>(n).fill("f")),
  value,
);
const body = fc.record(
  {
    license_key: value,
    fingerprint: value,
    user: value,
    product: value,
    version: value,
    domain: value,
    nonce: value,
    features,
    more: value,
  },
  { requiredKeys: [] },
);

test.prop([body], { numRuns: 3000 })("a body is plain exactly where the schema takes it, and means the same", (asked) => {
  const parsed = Validation.safeParse(asked);
  expect(plainValidation(asked)).toEqual(parsed.success ? parsed.data : undefined);
});

test.prop([fc.record({ activation_token: value, more: value }, { requiredKeys: [] })], { numRuns: 500 })(
  "a token is plain exactly where the schema takes it",
  (asked) => {
    const parsed = TokenValidation.safeParse(asked);
    expect(plainToken(asked)).toEqual(parsed.success ? parsed.data : undefined);
  },
);
