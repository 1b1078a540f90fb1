import { FINGERPRINT, file, NOW, PRODUCT, roots, stateAfter, TENANT } from "./world.ts";

/** One question to a verifier, and the answer that it has to give. The names are those of the published file. */
export type Case = {
  name: string;
  kind: "verify";
  file: string;
  options: { tenant: string; product: string; roots: string[]; now: number } & Record<string, unknown>;
  expected: Expected;
};

export type Expected =
  | { code: string }
  | {
      code: "OK";
      decision: { valid: boolean; code: string; reasons: (readonly [code: string, severity: "deny" | "warn"])[] };
      warnings: string[];
      state: unknown;
    };

const options = (over: Record<string, unknown>): Case["options"] => ({
  tenant: TENANT,
  product: PRODUCT,
  roots: [roots.current.x, roots.next.x],
  now: NOW,
  fingerprint: FINGERPRINT,
  ...over,
});

/** A file that is refused. */
export async function refused(name: string, code: string, text?: string, over: Record<string, unknown> = {}): Promise<Case> {
  return { name, kind: "verify", file: text ?? (await file()), options: options(over), expected: { code } };
}

type Taken = {
  valid?: boolean;
  reasons?: (readonly [code: string, severity: "deny" | "warn"])[];
  warnings?: string[];
  state?: unknown;
  options?: Record<string, unknown>;
};

/** A file that is taken; valid without a reason, unless said otherwise. */
export async function taken(name: string, text: string | undefined, answer: Taken = {}): Promise<Case> {
  const { reasons = [], warnings = [], options: over = {} } = answer;
  const denial = reasons.find(([, severity]) => severity === "deny");
  const now = typeof over["now"] === "number" ? over["now"] : NOW;
  return {
    name,
    kind: "verify",
    file: text ?? (await file()),
    options: options(over),
    expected: {
      code: "OK",
      decision: { valid: denial === undefined, code: (denial ?? reasons[0])?.[0] ?? "VALID", reasons },
      warnings,
      state: answer.state ?? stateAfter({ highest_time: now }),
    },
  };
}
