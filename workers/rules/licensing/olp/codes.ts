/** What reading and checking a message of OLP-1 may end with, `OK` apart. In the order of docs/olp-1.md. */
export const OLP_CODES = [
  "TOO_LARGE",
  "MALFORMED",
  "NOT_CANONICAL",
  "INVALID_JSON",
  "DUPLICATE_MEMBER",
  "INVALID_HEADER",
  "UNSUPPORTED_ALGORITHM",
  "WRONG_TYPE",
  "BAD_SIGNATURE",
  "UNKNOWN_ROOT",
  "INVALID_CLAIMS",
  "WRONG_ISSUER",
  "KEYSET_OUTDATED",
  "KEYSET_EXPIRED",
  "UNKNOWN_KEY",
  "KEY_REVOKED",
  "KEY_NOT_FOR_PRODUCT",
  "WRONG_PRODUCT",
  "KEY_OUT_OF_TIME",
  "WRONG_REQUEST",
  "WRONG_DEVICE",
  "CLOCK_ROLLBACK",
  "NOT_YET_VALID",
  "FILE_EXPIRED",
  "FILE_OUTDATED",
  "STATUS_TOO_OLD",
  "FILE_SUSPENDED",
  "FILE_REVOKED",
  "FILE_SUPERSEDED",
] as const;
export type OlpCode = (typeof OLP_CODES)[number];

/** A text that is not taken: the code, and a sentence for a person. */
export class OlpRefused extends Error {
  override name = "OlpRefused";
  readonly code: OlpCode;
  constructor(code: OlpCode, detail: string) {
    super(detail);
    this.code = code;
  }
}
