import { defineProblem } from "./problem.ts";

export const invalidRequest = defineProblem<{ what: string }>({
  code: "invalid_request",
  status: 400,
  title: "The request is not valid",
  fix: "Correct the fields named in errors; the schema of every operation is at /docs.",
  detail: ({ what }) => what,
});

export const malformedJson = defineProblem({
  code: "malformed_json",
  status: 400,
  title: "The body is no JSON",
  fix: "Send one JSON object, in UTF-8.",
  detail: () => "The body could not be read as JSON.",
});

export const unsupportedMediaType = defineProblem<{ takes: string }>({
  code: "unsupported_media_type",
  status: 415,
  title: "The body is of another type",
  fix: "Send the header Content-Type with the type that the operation takes, in UTF-8.",
  detail: ({ takes }) => `This operation takes ${takes}.`,
});

export const bodyTooLarge = defineProblem<{ limit: number }>({
  code: "body_too_large",
  status: 413,
  title: "The body is too large",
  fix: "Send less at once.",
  detail: ({ limit }) => `This operation takes at most ${limit} bytes.`,
});

export const routeNotFound = defineProblem({
  code: "route_not_found",
  status: 404,
  title: "There is nothing here",
  fix: "Look the path up at /docs.",
  detail: () => "No operation has this method and path.",
});

export const unauthorized = defineProblem({
  code: "unauthorized",
  status: 401,
  title: "A valid API key is missing",
  fix: "Send the header Authorization: Bearer <API key>; keys are made with POST /v1/api_keys.",
  detail: () => "There is no API key in the request, or it is unknown, revoked or expired.",
});

export const keyKindNotAllowed = defineProblem<{ kind: string; allowed: string }>({
  code: "key_kind_not_allowed",
  status: 403,
  title: "This kind of key may not do this",
  fix: "Call it with a key of the kind that the operation names.",
  detail: ({ kind, allowed }) => `This is ${kind} key; the operation takes ${allowed}.`,
});

export const scopeMissing = defineProblem<{ scope: string }>({
  code: "scope_missing",
  status: 403,
  title: "The key lacks a scope",
  fix: "Make a key that holds the scope with POST /v1/api_keys.",
  detail: ({ scope }) => `The operation needs the scope ${scope}.`,
});

export const originNotAllowed = defineProblem({
  code: "origin_not_allowed",
  status: 403,
  title: "The key is not for this origin",
  fix: "Call from one of the key's allowed_origins, or make a key for this origin.",
  detail: () => "The Origin header is not among the key's allowed origins.",
});

export const addressNotAllowed = defineProblem({
  code: "address_not_allowed",
  status: 403,
  title: "The key is not for this address",
  fix: "Call from an address in the key's ip_allowlist, or make a key for this one.",
  detail: () => "The request comes from an address that the key does not allow.",
});

/** `by`: whose requests are too many; `keys`: keys that are none were sent too often. */
export const rateLimited = defineProblem<{ what: string; by: "secret" | "publishable" | "keys" }>({
  code: "rate_limited",
  status: 429,
  title: "Too many requests",
  fix: "Wait for as long as Retry-After says.",
  fixFor: ({ by }) => LIMITED[by],
  detail: ({ what }) => what,
});

const LIMITED = {
  secret:
    "Wait until the instant that detail names, Retry-After seconds from now. GET /v1/usage/limits shows every limit and who set it; your own are changed with PATCH /v1/settings.",
  publishable:
    "Wait until the instant that detail names, Retry-After seconds from now, and go on with the last answer meanwhile.",
  keys: "Wait for as long as Retry-After says, and send a key that is valid; keys are made with POST /v1/api_keys.",
};

export const invalidIdempotencyKey = defineProblem({
  code: "invalid_idempotency_key",
  status: 400,
  title: "The Idempotency-Key is not valid",
  fix: "Send 1 to 255 visible ASCII characters.",
  detail: () => "The Idempotency-Key header is empty, too long or holds other characters.",
});

export const idempotencyKeyReused = defineProblem({
  code: "idempotency_key_reused",
  status: 422,
  title: "The Idempotency-Key was used for another request",
  fix: "Take a new key for a new intent; repeat a request unchanged to get its answer again.",
  detail: () => "The same Idempotency-Key came before with another method, path or body.",
});

export const idempotencyInFlight = defineProblem({
  code: "idempotency_in_flight",
  status: 409,
  title: "The first request is still under way",
  fix: "Repeat the same request after Retry-After seconds.",
  detail: () => "A request with the same Idempotency-Key is being carried out.",
});

export const changedMeanwhile = defineProblem({
  code: "changed_meanwhile",
  status: 409,
  title: "Somebody else changed the object at the same time",
  fix: "Repeat the request.",
  detail: () => "The object was changed between reading and writing, several times in a row.",
});

export const externalIdTaken = defineProblem({
  code: "external_id_taken",
  status: 409,
  title: "The external_id is taken",
  fix: "Use another external_id, or find the object that has this one with ?external_id=.",
  detail: () => "Another object of this kind has the same external_id.",
});

export const invalidCursor = defineProblem({
  code: "invalid_cursor",
  status: 400,
  title: "The cursor does not fit",
  fix: "Pass the next_cursor of the page before, with the same filters.",
  detail: () => "The cursor is not from this list with these filters.",
});

export const internalError = defineProblem({
  code: "internal_error",
  status: 500,
  title: "Something broke on our side",
  fix: "Repeat the request; if it stays, tell us the request_id.",
  detail: () => "The request could not be carried out.",
});

export const temporarilyUnavailable = defineProblem({
  code: "temporarily_unavailable",
  status: 503,
  title: "A part behind this operation does not answer",
  fix: "Repeat the request after Retry-After seconds.",
  detail: () => "The database did not answer in time.",
});
