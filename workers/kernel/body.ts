import { bodyTooLarge, invalidRequest, malformedJson, unsupportedMediaType } from "./problems.ts";

/** Reads a body to its end or to its limit, whichever comes first. Throws `body_too_large`. */
export async function readBody(request: Request, limit: number): Promise<Uint8Array> {
  if (Number(request.headers.get("content-length") ?? 0) > limit) throw bodyTooLarge({ limit });
  const chunks: Uint8Array[] = [];
  let length = 0;
  if (request.body) {
    for await (const chunk of request.body as ReadableStream<Uint8Array>) {
      length += chunk.byteLength;
      if (length > limit) throw bodyTooLarge({ limit });
      chunks.push(chunk);
    }
  }
  const body = new Uint8Array(length);
  let at = 0;
  for (const chunk of chunks) {
    body.set(chunk, at);
    at += chunk.byteLength;
  }
  return body;
}

/**
 * The JSON text of a body with every string, names of fields too, well-formed and in normal form C.
 * Throws `unsupported_media_type`, `malformed_json`, and `invalid_request` for what no JSON value of ours can be.
 */
export function jsonText(body: Uint8Array, contentType: string | null): string {
  if (!/^application\/json\s*(;\s*charset\s*=\s*"?utf-8"?\s*)?$/i.test(contentType ?? ""))
    throw unsupportedMediaType({ takes: "application/json" });
  try {
    return JSON.stringify(parsedJson(new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(body)));
  } catch (error) {
    if (error instanceof SyntaxError || error instanceof TypeError || error instanceof RangeError) throw malformedJson({});
    throw error;
  }
}

/** The value of a JSON text with every string well-formed and in normal form C. Throws SyntaxError, and `invalid_request` as `jsonText` does. */
export function parsedJson(text: string): unknown {
  return JSON.parse(text, (_, value: unknown) => normal(value));
}

/**
 * The text of a body that is no JSON, and which of the types that the operation takes it is. A byte order mark is left out.
 * Throws `unsupported_media_type`, and `invalid_request` for what is not UTF-8.
 */
export function textOf(body: Uint8Array, contentType: string | null, takes: readonly string[]): { type: string; text: string } {
  const type = mediaTypeOf(contentType);
  if (type === null || !takes.includes(type)) throw unsupportedMediaType({ takes: takes.join(" or ") });
  try {
    return { type, text: new TextDecoder("utf-8", { fatal: true, ignoreBOM: false }).decode(body) };
  } catch {
    throw invalidRequest({ what: "The body is not UTF-8." });
  }
}

/** The media type of a header, in lower case and without its parameters; null where it is none, or of another character set than UTF-8. */
function mediaTypeOf(header: string | null): string | null {
  const [type = "", ...parameters] = (header ?? "").split(";").map((part) => part.trim().toLowerCase());
  const charset = parameters.find((parameter) => parameter.startsWith("charset="))?.slice("charset=".length);
  if (!/^[a-z]+\/[a-z0-9.+-]+$/.test(type)) return null;
  return charset === undefined || /^"?utf-8"?$/.test(charset) ? type : null;
}

/** A value as it is handed on. Objects are made anew, so that two spellings of one name are one field. */
function normal(value: unknown): unknown {
  if (typeof value === "string") return wellFormed(value);
  // 1e400 is written back as null, and null would mean "none"
  if (typeof value === "number" && !Number.isFinite(value)) throw refusedNumber();
  if (typeof value !== "object" || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([name, field]) => [fieldName(name), field]));
}

function fieldName(name: string): string {
  if (name !== "__proto__") return wellFormed(name);
  // validators drop it in silence, wherever names are free
  const errors = [{ pointer: "", code: "unknown_field", detail: "There is no field of this name." }];
  throw invalidRequest({ what: "A field of the body is named __proto__." }, { errors });
}

function refusedNumber() {
  const errors = [{ pointer: "", code: "number_too_large", detail: "A number is larger than any that can be kept." }];
  return invalidRequest({ what: "A number of the body is too large." }, { errors });
}

function wellFormed(text: string): string {
  if (text.isWellFormed() && !text.includes("\u0000")) return text.normalize("NFC");
  const errors = [{ pointer: "", code: "malformed_text", detail: "A string holds half a character or the character NUL." }];
  throw invalidRequest({ what: "A string of the body is not well-formed text." }, { errors });
}
