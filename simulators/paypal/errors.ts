import { randomBytes } from "node:crypto";

/** What exactly was wrong, as PayPal tells it. */
export type Detail = {
  issue: string;
  description?: string;
  field?: string;
  value?: string;
  location?: "body" | "path" | "query";
};

type Link = { href: string; rel: string; method?: string };

/** An error as PayPal tells it. */
export class PaypalProblem extends Error {
  readonly status: number;
  readonly body: object;
  readonly debugId: string;

  constructor(status: number, name: string, message: string, details: Detail[] = [], links: Link[] = []) {
    super(message);
    this.status = status;
    this.debugId = newDebugId();
    this.body = { name, message, debug_id: this.debugId, ...(details.length > 0 ? { details } : {}), links };
  }
}

/** An error of the token endpoint, or of a token: OAuth's own form. */
export class OauthProblem extends Error {
  readonly status = 401;
  readonly body: object;

  constructor(error: string, description: string) {
    super(description);
    this.body = { error, error_description: description };
  }
}

/** What names one answer when PayPal's support is asked. */
export const newDebugId = (): string => randomBytes(7).toString("hex").slice(0, 13);

/** 400: the request breaks the schema. */
export function malformed(issue: string, description: string, about: Omit<Detail, "issue" | "description"> = {}): PaypalProblem {
  const message = "Request is not well-formed, syntactically incorrect, or violates schema.";
  return new PaypalProblem(400, "INVALID_REQUEST", message, [{ location: "body", ...about, issue, description }]);
}

/** 422: well-formed, but not now, or not so. */
export function businessFault(
  issue: string,
  description: string,
  about: Omit<Detail, "issue" | "description"> = {},
  links: Link[] = [],
): PaypalProblem {
  const message = "The requested action could not be performed, semantically incorrect, or failed business validation.";
  return new PaypalProblem(422, "UNPROCESSABLE_ENTITY", message, [{ ...about, issue, description }], links);
}

/** 404: this account has no such object in this mode. */
export function missing(id: string): PaypalProblem {
  return new PaypalProblem(404, "RESOURCE_NOT_FOUND", "The specified resource does not exist.", [
    { issue: "INVALID_RESOURCE_ID", description: "Specified resource ID does not exist.", location: "path", value: id },
  ]);
}

/** PayPal knows it, the simulator does not: refused loudly rather than ignored. */
export function notSimulated(field: string): PaypalProblem {
  return malformed("NOT_SIMULATED", "The simulator does not know this.", { field });
}
