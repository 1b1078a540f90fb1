import { refused } from "./errors.ts";

const MAX_FIELDS = 1000;
const MAX_DEPTH = 6;
const MAX_LIMIT = 100;

/** A form or query as sent: nested by brackets, so `a[b]=1` is `a -> b -> "1"` and a list is numbered from 0. */
export type FormTree = Map<string, string | FormTree>;

/** Decodes form fields with nested brackets. Throws the 400 that Stripe gives for a form that contradicts itself. */
export function decodeForm(fields: Iterable<[string, string]>): FormTree {
  const root: FormTree = new Map();
  let count = 0;
  for (const [name, value] of fields) {
    count += 1;
    if (count > MAX_FIELDS) throw refused(`A request has at most ${MAX_FIELDS} parameters.`);
    const [, head = name, brackets = ""] = /^([^[\]]+)((?:\[[^[\]]*\])*)$/.exec(name) ?? [];
    const path = [head, ...[...brackets.matchAll(/\[([^[\]]*)\]/g)].map(([, step = ""]) => step)];
    if (path.length > MAX_DEPTH) throw refused(`Invalid request: ${name} is nested too deeply.`, { param: name });
    plant(root, path, value, name);
  }
  return root;
}

function plant(root: FormTree, path: string[], value: string, name: string): void {
  let tree = root;
  path.forEach((step, depth) => {
    const key = step === "" ? String(tree.size) : step; // `a[]` appends
    const held = tree.get(key);
    if (depth === path.length - 1) {
      if (held instanceof Map) throw refused(`Invalid request: ${name} is given both as a value and as a hash.`, { param: name });
      tree.set(key, value);
      return;
    }
    if (typeof held === "string")
      throw refused(`Invalid request: ${name} is given both as a value and as a hash.`, { param: name });
    const next: FormTree = held ?? new Map<string, string | FormTree>();
    tree.set(key, next);
    tree = next;
  });
}

/** Reads parameters one by one with Stripe's messages, and knows which were never asked for. All of it runs before any effect. */
export class Params {
  readonly #tree: FormTree;
  readonly #prefix: string;
  readonly #taken = new Set<string>();

  constructor(tree: FormTree, prefix = "") {
    this.#tree = tree;
    this.#prefix = prefix;
  }

  has(name: string): boolean {
    return this.#tree.has(name);
  }

  isHash(name: string): boolean {
    return this.#tree.get(name) instanceof Map;
  }

  string(name: string, max = 5000): string | undefined {
    const value = this.#take(name);
    if (value === undefined) return undefined;
    if (typeof value !== "string") throw refused(`Invalid string: ${this.path(name)}`, { param: this.path(name) });
    if (value === "") {
      const message = `You passed an empty string for '${this.path(name)}'. We assume empty values are an attempt to unset a parameter; however '${this.path(name)}' cannot be unset. You should remove '${this.path(name)}' from your request or supply a non-empty value.`;
      throw refused(message, { code: "parameter_invalid_empty", param: this.path(name) });
    }
    if (value.length > max) {
      const message = `Invalid string: ${value.slice(0, 5)}...; must be at most ${max} characters`;
      throw refused(message, { code: "parameter_invalid_string_length", param: this.path(name) });
    }
    return value;
  }

  /** A text that an empty value takes away: null then. */
  unsettable(name: string, max = 5000): string | null | undefined {
    if (this.#tree.get(name) !== "") return this.string(name, max);
    this.#taken.add(name);
    return null;
  }

  mustString(name: string, max = 5000): string {
    const value = this.string(name, max);
    if (value === undefined) throw this.#required(name);
    return value;
  }

  integer(name: string): number | undefined {
    const value = this.string(name);
    if (value === undefined) return undefined;
    if (!/^-?\d{1,15}$/.test(value)) {
      throw refused(`Invalid integer: ${value}`, { code: "parameter_invalid_integer", param: this.path(name) });
    }
    return Number(value);
  }

  mustInteger(name: string): number {
    const value = this.integer(name);
    if (value === undefined) throw this.#required(name);
    return value;
  }

  boolean(name: string): boolean | undefined {
    const value = this.string(name);
    if (value === undefined) return undefined;
    if (value !== "true" && value !== "false") throw refused(`Invalid boolean: ${value}`, { param: this.path(name) });
    return value === "true";
  }

  oneOf<const T extends string>(name: string, allowed: readonly T[]): T | undefined {
    const value = this.string(name);
    if (value === undefined) return undefined;
    const found = allowed.find((candidate) => candidate === value);
    if (found !== undefined) return found;
    throw refused(`Invalid ${this.path(name)}: must be one of ${allowed.join(", ")}`, { param: this.path(name) });
  }

  list(name: string): string[] {
    const value = this.#take(name);
    if (value === undefined) return [];
    if (typeof value === "string") throw refused("Invalid array", { param: this.path(name) });
    return [...value].map(([key, item]) => {
      if (/^\d+$/.test(key) && typeof item === "string") return item;
      throw refused("Invalid array", { param: this.path(name) });
    });
  }

  hash(name: string): Params | undefined {
    const value = this.#take(name);
    if (value === undefined) return undefined;
    if (typeof value === "string") throw refused("Invalid object", { param: this.path(name) });
    return new Params(value, this.path(name));
  }

  /** Up to 50 pairs, names of 40 and values of 500 characters. A value of null unsets its name; null alone unsets all. */
  metadata(): Record<string, string | null> | null | undefined {
    const value = this.#take("metadata");
    if (value === undefined) return undefined;
    if (value === "") return null;
    if (typeof value === "string") throw refused("Invalid object", { param: "metadata" });
    const pairs: [string, string | null][] = [...value].map(([key, item]) => {
      const param = `metadata[${key}]`;
      if (typeof item !== "string") throw refused("Metadata values must be strings.", { param });
      if (key.length > 40) throw refused("Metadata keys can be at most 40 characters.", { param });
      if (item.length > 500) throw refused("Metadata values can be at most 500 characters.", { param });
      return [key, item === "" ? null : item];
    });
    if (pairs.length > 50) throw refused("Metadata can have at most 50 keys.", { param: "metadata" });
    return Object.fromEntries(pairs);
  }

  /** How far a list goes and where it begins. */
  page(): { limit: number; startingAfter: string | undefined; endingBefore: string | undefined } {
    const limit = this.integer("limit") ?? 10;
    if (limit < 1 || limit > MAX_LIMIT) {
      throw refused(`This value must be between 1 and ${MAX_LIMIT}.`, { code: "parameter_invalid_integer", param: "limit" });
    }
    const page = { limit, startingAfter: this.string("starting_after"), endingBefore: this.string("ending_before") };
    if (page.startingAfter !== undefined && page.endingBefore !== undefined) {
      throw refused("You can specify only one of starting_after and ending_before.", { param: "ending_before" });
    }
    return page;
  }

  /** Names a parameter as Stripe does, nested ones with brackets. */
  path(name: string): string {
    return this.#prefix === "" ? name : `${this.#prefix}[${name}]`;
  }

  /** Refuses what nothing asked for. A parameter that Stripe knows and this simulator does not is told apart from a wrong one. */
  done(notSimulated: readonly string[] = []): void {
    const unknown = [...this.#tree.keys()].find((name) => !this.#taken.has(name));
    if (unknown === undefined) return;
    const param = this.path(unknown);
    if (notSimulated.includes(unknown)) {
      throw refused(`The simulator does not simulate the parameter ${param}.`, { code: "parameter_not_simulated", param });
    }
    throw refused(`Received unknown parameter: ${param}`, { code: "parameter_unknown", param });
  }

  #take(name: string): string | FormTree | undefined {
    this.#taken.add(name);
    return this.#tree.get(name);
  }

  #required(name: string) {
    return refused(`Missing required param: ${this.path(name)}.`, { code: "parameter_missing", param: this.path(name) });
  }
}

/** Metadata after a request: pairs merge, a value of null takes its name away, null alone takes all. */
export function mergedMetadata(
  held: Readonly<Record<string, string>> | null,
  given: Record<string, string | null> | null | undefined,
): Record<string, string> {
  if (given === undefined) return { ...held };
  const pairs = given === null ? [] : Object.entries({ ...held, ...given });
  return Object.fromEntries(pairs.filter((pair): pair is [string, string] => pair[1] !== null));
}
