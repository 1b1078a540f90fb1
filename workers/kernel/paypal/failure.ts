/**
 * What a call to PayPal came to when it did not succeed. `refused`: nothing happened, and will not under this request.
 * `unknown`: it may have happened, or may succeed later; ask again under the same request id, or fetch the object.
 */
export class PayPalFailure extends Error {
  readonly kind: "refused" | "unknown";
  /** Null where no answer came. */
  readonly status: number | null;
  /** PayPal's own name of the error, such as `UNPROCESSABLE_ENTITY`; `NO_ANSWER` where none came. */
  override readonly name: string;
  /** What exactly was wrong, such as `INSTRUMENT_DECLINED`. */
  readonly issue: string | null;
  /** One sentence for people, without secrets. */
  readonly detail: string;
  /** What PayPal's support finds the call by. */
  readonly debugId: string | null;

  constructor(what: Pick<PayPalFailure, "kind" | "status" | "name" | "issue" | "detail" | "debugId">, options?: ErrorOptions) {
    super(what.detail, options);
    this.kind = what.kind;
    this.status = what.status;
    this.name = what.name;
    this.issue = what.issue;
    this.detail = what.detail;
    this.debugId = what.debugId;
  }
}

const MAX_WORDS = 300;

/** The failure that an answer tells. Knows PayPal's form of an error and OAuth's, and says what there is when it is neither. */
export function failureOf(status: number, text: string, debugHeader: string | null): PayPalFailure {
  const body = objectOf(text);
  const [first] = Array.isArray(body["details"]) ? (body["details"] as unknown[]) : [];
  const detail = isObject(first) ? first : {};
  const name = textOf(body["name"]) ?? textOf(body["error"]) ?? `HTTP_${status}`;
  const issue = textOf(detail["issue"]) ?? null;
  const words = textOf(detail["description"]) ?? textOf(body["message"]) ?? textOf(body["error_description"]);
  const debugId = textOf(body["debug_id"]) ?? debugHeader;
  const what = [name, ...(issue === null ? [] : [issue])].join(" ");
  const sentence =
    status === 401
      ? "PayPal does not know the client id or its secret"
      : `PayPal answered ${what}${words === undefined ? "" : `: ${words.slice(0, MAX_WORDS)}`}`;
  const traced = debugId === null ? sentence : `${sentence} (debug id ${debugId})`;
  return new PayPalFailure({ kind: kindOf(status), status, name, issue, detail: traced, debugId });
}

/** A request in progress, too many of them, PayPal's own breakdown, or something that is no answer: later it may succeed. */
function kindOf(status: number): PayPalFailure["kind"] {
  return status < 400 || status === 408 || status === 409 || status === 429 || status >= 500 ? "unknown" : "refused";
}

/** No answer came: time ran out, or the line broke. */
export function noAnswer(error: unknown): PayPalFailure {
  const what = {
    kind: "unknown",
    status: null,
    name: "NO_ANSWER",
    issue: null,
    detail: "PayPal did not answer.",
    debugId: null,
  } as const;
  return new PayPalFailure(what, { cause: error });
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

const textOf = (value: unknown) => (typeof value === "string" && value !== "" ? value : undefined);

function objectOf(text: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text);
    return isObject(value) ? value : {};
  } catch {
    return {};
  }
}
