import { randomBytes } from "../crypto.ts";
import { base64url } from "../keyring.ts";

/** A JSON text cut where values are to stand: one piece more than values. */
export type Mould = readonly string[];

/** What stands in a JSON value where a mould is to be cut. Nobody else can write it: an isolate draws it by lot. */
export class Marks {
  readonly all: readonly string[];

  constructor(howMany: number) {
    this.all = Array.from({ length: howMany }, () => base64url(randomBytes(16)));
  }

  /** Cuts a JSON text at the marks, which stand in it once each, as strings, in their order. Throws an Error where one does not. */
  cut(text: string): Mould {
    const pieces: string[] = [];
    let rest = 0;
    for (const mark of this.all) {
      const at = text.indexOf(`"${mark}"`, rest);
      if (at < 0) throw new Error("A mark is missing in its place");
      pieces.push(text.slice(rest, at));
      rest = at + mark.length + 2;
    }
    return [...pieces, text.slice(rest)];
  }
}

/** The text with values in place, each of them JSON already. */
export function filled(mould: Mould, values: readonly (string | number)[]): string {
  let text = mould[0] ?? "";
  for (let n = 0; n < values.length; n++) text += `${values[n]}${mould[n + 1]}`;
  return text;
}
