import { closeSync, existsSync, fsyncSync, mkdirSync, openSync, renameSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { claimsOf, type LicenseClaims } from "#rules/licensing/olp/claims";
import { OlpRefused } from "#rules/licensing/olp/codes";
import { isBase64url } from "#rules/licensing/olp/base64url";
import { readMessage } from "#rules/licensing/olp/message";
import type { State } from "../verifier/verify.ts";
import { newKey, type DeviceKey } from "../verifier/signing.ts";
import { Refusal, readMessageText, readText, reasonOf } from "./asked.ts";

/** What a device keeps between two commands: its key, the request that waits, its license file, and what the verifier saw. */
export type Folder = {
  deviceKey(): DeviceKey | undefined;
  /** the device key, made now where there is none; only its owner can read the file */
  ownKey(): Promise<{ key: DeviceKey; made: boolean }>;
  request(): string | undefined;
  keepRequest(text: string): void;
  license(): string | undefined;
  state(): Partial<State> | undefined;
  /** the license was taken: it and the state are kept, and no request waits any more */
  keepLicense(text: string, state: State): void;
  /** the seat goes back: no file is there any more, and older ones are refused by what is kept */
  forgetLicense(state: Partial<State>): void;
};

/** The folder of a device. It is made when something is kept. Throws Refusal where a file in it is not what it should be. */
export function folderAt(place: string): Folder {
  const at = (name: string) => path.join(place, name);
  const [key, request, license, state] = [at("device-key.json"), at("request.olp"), at("license.olp"), at("state.json")];
  const read = (file: string, what: string) => (existsSync(file) ? readMessageText(file, what) : undefined);
  const keep = (file: string, text: string) => {
    mkdirSync(place, { recursive: true, mode: 0o700 });
    writeWhole(file, text);
  };
  const deviceKey = () => (existsSync(key) ? readKey(key, "the device key") : undefined);
  return {
    deviceKey,
    ownKey: async () => {
      const own = deviceKey();
      if (own) return { key: own, made: false };
      const made = await newKey();
      keep(key, `${JSON.stringify({ kty: "OKP", crv: "Ed25519", ...made })}\n`);
      return { key: made, made: true };
    },
    request: () => read(request, "the request"),
    keepRequest: (text) => keep(request, text),
    license: () => read(license, "the license file"),
    state: () => (existsSync(state) ? readState(state) : undefined),
    keepLicense: (text, seen) => {
      keep(license, text);
      keep(state, `${JSON.stringify(seen)}\n`);
      rmSync(request, { force: true });
    },
    forgetLicense: (seen) => {
      keep(state, `${JSON.stringify(seen)}\n`);
      rmSync(license, { force: true });
      rmSync(request, { force: true });
    },
  };
}

/** Both halves of a key as JWK. Throws Refusal. */
export function readKey(file: string, what: string): DeviceKey {
  const { kty, crv, x, d } = readJson(file, what);
  if (kty !== "OKP" || crv !== "Ed25519" || !isBase64url(x, 32) || !isBase64url(d, 32))
    throw new Refusal(`${file} is not ${what}: an Ed25519 key as JWK with x and d is expected. Is it the right file?`);
  return { x, d };
}

/** A JSON object from a file. Throws Refusal. */
export function readJson(file: string, what: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(readText(file, what));
    if (typeof value === "object" && value !== null && !Array.isArray(value)) return { ...value };
  } catch (error) {
    if (error instanceof Refusal) throw error;
  }
  throw new Refusal(`${file} holds no JSON object, so it is not ${what}. Is it the right file?`);
}

/** Writes a file that only its owner can read, whole or not at all. Throws Refusal. */
export function writeWhole(file: string, text: string): void {
  const unfinished = `${file}.unfinished`;
  try {
    const handle = openSync(unfinished, "w", 0o600);
    writeFileSync(handle, text);
    fsyncSync(handle);
    closeSync(handle);
    renameSync(unfinished, file);
  } catch (error) {
    throw new Refusal(`${file} cannot be written: ${reasonOf(error)}. Choose another place.`, { cause: error });
  }
}

/** The claims of the license in a file. They are read and not judged: `verify` does that. Throws Refusal. */
export function claimsIn(file: string): LicenseClaims {
  try {
    return claimsOf(readMessage(file.split("~")[1] ?? "", "license", "emergency"));
  } catch (error) {
    if (!(error instanceof OlpRefused)) throw error;
    throw new Refusal(`The license file in the folder cannot be read (${error.code}). Get it from the vendor again.`, {
      cause: error,
    });
  }
}

function readState(file: string): Partial<State> {
  const { keyset_seq, files, newest_iat, highest_time, status } = readJson(file, "the verifier's state");
  const isCount = (value: unknown) => Number.isSafeInteger(value);
  const isCounts = typeof files === "object" && files !== null && Object.values(files).every(isCount);
  if (![keyset_seq, newest_iat, highest_time].every(isCount) || !isCounts || !(status === null || typeof status === "string"))
    throw new Refusal(`${file} is not the state that was written there. Restore it, or ask the vendor for a new license file.`);
  return { keyset_seq, files, newest_iat, highest_time, status } as State;
}
