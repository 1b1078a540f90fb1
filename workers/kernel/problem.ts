import type { ContentfulStatusCode } from "hono/utils/http-status";

/** What is wrong with one field of a request. */
export type FieldError = { pointer: string; code: string; detail: string };

/** A problem as it was declared: once, with the sentence a person needs. */
export type ProblemKind<Facts> = {
  readonly code: string;
  readonly status: ContentfulStatusCode;
  readonly title: string;
  /** What to do now: the command or call that mends it. */
  readonly fix: string;
  /** The same where the facts of a case allow more to be said; undefined leaves it at `fix`. */
  readonly fixFor?: (facts: Facts) => string | undefined;
  readonly detail: (facts: Facts) => string;
};

/** A declared problem: call it with the facts of the case and throw what comes back. */
export type Problem<Facts> = ProblemKind<Facts> & ((facts: Facts, more?: More) => ProblemError);

type More = { errors?: readonly FieldError[]; headers?: Record<string, string>; extra?: Record<string, unknown> };

/** An answer that is not the wished one, as RFC 9457 tells it. */
export class ProblemError extends Error {
  override name = "ProblemError";
  readonly kind: ProblemKind<never>;
  readonly detail: string;
  readonly fix: string;
  readonly more: More;
  constructor(kind: ProblemKind<never>, { detail, fix }: { detail: string; fix: string }, more: More) {
    super(`${kind.code}: ${detail}`);
    this.kind = kind;
    this.detail = detail;
    this.fix = fix;
    this.more = more;
  }
}

const declared = new Map<string, ProblemKind<never>>();

/** Every problem that was declared, by code; the reference and the laws read it. */
export const allProblems = (): ReadonlyMap<string, ProblemKind<never>> => declared;

/** Declares a problem. Codes are unique: a second one of the same name is an error when the worker is built. */
export function defineProblem<Facts = Record<string, never>>(kind: ProblemKind<Facts>): Problem<Facts> {
  if (declared.has(kind.code)) throw new Error(`Problem ${kind.code} is declared twice`);
  declared.set(kind.code, kind);
  const make = (facts: Facts, more: More = {}) =>
    new ProblemError(kind, { detail: kind.detail(facts), fix: kind.fixFor?.(facts) ?? kind.fix }, more);
  return Object.assign(make, kind);
}

/** The answer to a problem: `application/problem+json`. */
export function problemResponse(problem: ProblemError, requestId: string, publicUrl: string): Response {
  const { code, title, status } = problem.kind;
  const { errors, extra, headers } = problem.more;
  const body = {
    type: `${publicUrl}/docs/problems/${code}`,
    title,
    status,
    code,
    detail: problem.detail,
    fix: problem.fix,
    request_id: requestId,
    ...(errors ? { errors } : {}),
    ...extra,
  };
  return new Response(JSON.stringify(body), { status, headers: { "content-type": "application/problem+json", ...headers } });
}
