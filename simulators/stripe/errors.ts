/** The fields of Stripe's error envelope, beside `request_log_url`, which only its dashboard can serve. */
export type ErrorBody = {
  type: "api_error" | "card_error" | "idempotency_error" | "invalid_request_error";
  message: string;
  code?: string;
  param?: string;
  decline_code?: string;
  advice_code?: string;
  network_decline_code?: string;
  charge?: string;
  doc_url?: string;
  payment_intent?: object;
  payment_method?: object;
  setup_intent?: object;
};

/**
 * An error as Stripe tells it. `saved` says whether an idempotency key remembers it: Stripe keeps what came out once an
 * endpoint began to execute, also its 500s, and keeps nothing for a request that was turned away before.
 */
export class StripeProblem extends Error {
  readonly status: number;
  readonly body: ErrorBody;
  readonly saved: boolean;
  readonly headers: Record<string, string>;

  constructor(status: number, body: ErrorBody, options: { saved?: boolean; headers?: Record<string, string> } = {}) {
    super(body.message);
    this.status = status;
    this.body = body.code === undefined ? body : { ...body, doc_url: docUrl(body.code) };
    this.saved = options.saved ?? true;
    this.headers = options.headers ?? {};
  }
}

/** A request turned away before anything was executed: a parameter, a header, a key. */
export function refused(message: string, about: { code?: string; param?: string } = {}, status = 400): StripeProblem {
  return new StripeProblem(status, { type: "invalid_request_error", message, ...about }, { saved: false });
}

/** An object that this account does not have in this mode: 404 where the URL names it, 400 where a parameter does. */
export function missing(
  noun: string,
  id: string,
  param: string,
  status: 400 | 404,
  inOtherMode?: "live" | "test",
): StripeProblem {
  const hint =
    inOtherMode === undefined
      ? ""
      : `; a similar object exists in ${inOtherMode} mode, but a ${inOtherMode === "live" ? "test" : "live"} mode key was used to make this request.`;
  return new StripeProblem(status, {
    type: "invalid_request_error",
    code: "resource_missing",
    message: `No such ${noun}: '${id}'${hint}`,
    param,
  });
}

const docUrl = (code: string) => `https://stripe.com/docs/error-codes/${code.replaceAll("_", "-")}`;
