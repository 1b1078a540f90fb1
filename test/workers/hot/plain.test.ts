import { fc, test } from "@fast-check/vitest";
import { expect } from "vitest";
import { plainActivation, plainToken, plainValidation } from "../../../workers/licensing/hot/plain.ts";
import { NewActivation, TokenValidation, Validation } from "../../../workers/licensing/schemas.ts";

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

const control = fc.constantFrom("a\u0000", "\u0007b", "line\nbreak", "tab\t", "\u007f");
const told = fc.oneof(value, control);
const activation = fc.record(
  {
    license_key: value,
    fingerprint: value,
    user: value,
    name: told,
    platform: told,
    app_version: told,
    cores: fc.constantFrom(0, 1, 1.5, 100_000, 100_001, -1, "1", null, 2 ** 60),
    kick: fc.constantFrom("oldest", "newest", null),
  },
  { requiredKeys: [] },
);

test.prop([activation], { numRuns: 3000 })(
  "an activation is plain exactly where the schema takes it, as far as a device tells neither its parts nor its key",
  (asked) => {
    const parsed = NewActivation.safeParse(asked);
    expect(plainActivation(asked)).toEqual(parsed.success ? parsed.data : undefined);
  },
);

test.prop([fc.constantFrom("external_id", "metadata", "components", "device_public_key", "more"), value], { numRuns: 50 })(
  "whatever else an activation holds is the router's",
  (name, more) => {
    expect(plainActivation({ license_key: "k", fingerprint: "f", [name]: more })).toBeUndefined();
  },
);
