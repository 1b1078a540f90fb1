import { isRecord } from "../http.ts";
import { malformed, notSimulated } from "./errors.ts";
import { checkedMoney, type Money } from "./money.ts";

/** What currency and number of an amount are called: older APIs have other names. */
type MoneyNames = readonly [currency: string, value: string];
const NAMES: MoneyNames = ["currency_code", "value"];

/** Reads one object of a request field by field; every fault is told with its JSON pointer, as PayPal does. */
export class Body {
  readonly #object: Record<string, unknown>;
  readonly #at: string;
  readonly #taken = new Set<string>();

  constructor(object: Record<string, unknown>, at = "") {
    this.#object = object;
    this.#at = at;
  }

  has(name: string): boolean {
    return Object.hasOwn(this.#object, name) && this.#object[name] !== null;
  }

  string(name: string, max = 3000, pattern?: RegExp): string | undefined {
    const value = this.#take(name);
    if (value === undefined) return undefined;
    if (typeof value !== "string") throw this.#syntax(name, value);
    if (value.length === 0 || value.length > max) {
      throw malformed("INVALID_STRING_LENGTH", "The text is too short or too long.", { field: this.at(name), value });
    }
    if (pattern && !pattern.test(value)) throw this.#syntax(name, value);
    return value;
  }

  mustString(name: string, max?: number, pattern?: RegExp): string {
    return this.string(name, max, pattern) ?? this.#lacks(name);
  }

  oneOf<T extends string>(name: string, values: readonly T[]): T | undefined {
    const text = this.string(name);
    if (text === undefined) return undefined;
    const found = values.find((value) => value === text);
    if (found !== undefined) return found;
    throw malformed("INVALID_PARAMETER_VALUE", "The value is none of those that are known.", {
      field: this.at(name),
      value: text,
    });
  }

  integer(name: string, min: number, max: number): number | undefined {
    const value = this.#take(name);
    if (value === undefined) return undefined;
    const number = typeof value === "string" && /^\d+$/.test(value) ? Number(value) : value;
    if (typeof number !== "number" || !Number.isInteger(number)) throw this.#syntax(name, value);
    if (number >= min && number <= max) return number;
    throw malformed("INVALID_PARAMETER_VALUE", "The number is out of range.", { field: this.at(name), value: String(number) });
  }

  boolean(name: string): boolean | undefined {
    const value = this.#take(name);
    if (value === undefined || typeof value === "boolean") return value;
    throw this.#syntax(name, value);
  }

  /** An instant; PayPal wants RFC 3339. */
  instant(name: string): number | undefined {
    const text = this.string(name, 64, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/);
    return text === undefined ? undefined : Date.parse(text);
  }

  money(name: string, { allowZero = false, names = NAMES }: { allowZero?: boolean; names?: MoneyNames } = {}): Money | undefined {
    const body = this.object(name);
    if (!body) return undefined;
    const currency = body.mustString(names[0], 3);
    const value = body.mustString(names[1]);
    return checkedMoney(currency, value, body.at(names[1]), allowZero);
  }

  /** The amount that this object is itself, perhaps with more beside it. */
  here(names: MoneyNames = NAMES): Money {
    const currency = this.mustString(names[0], 3);
    return checkedMoney(currency, this.mustString(names[1]), this.at(names[1]));
  }

  mustMoney(name: string): Money {
    return this.money(name) ?? this.#lacks(name);
  }

  object(name: string): Body | undefined {
    const value = this.#take(name);
    if (value === undefined) return undefined;
    if (!isRecord(value)) throw this.#syntax(name, value);
    return new Body(value, this.at(name));
  }

  mustObject(name: string): Body {
    return this.object(name) ?? this.#lacks(name);
  }

  list(name: string, max = 1000): Body[] | undefined {
    const value = this.#take(name);
    if (value === undefined) return undefined;
    if (!Array.isArray(value)) throw this.#syntax(name, value);
    if (value.length === 0 || value.length > max) {
      throw malformed("INVALID_ARRAY_LENGTH", "The list is too short or too long.", { field: this.at(name) });
    }
    return value.map((item: unknown, index) => {
      if (!isRecord(item)) throw this.#syntax(`${name}/${index}`, item);
      return new Body(item, this.at(`${name}/${index}`));
    });
  }

  mustList(name: string, max?: number): Body[] {
    return this.list(name, max) ?? this.#lacks(name);
  }

  /** Any value: the caller looks at it, or it makes no difference here. */
  any(...names: string[]): unknown {
    return names.map((name) => this.#take(name))[0];
  }

  /** Refuses a field that nothing asked for. */
  done(): void {
    const unknown = Object.keys(this.#object).find((name) => !this.#taken.has(name));
    if (unknown !== undefined) throw notSimulated(this.at(unknown));
  }

  at(name: string): string {
    return `${this.#at}/${name}`;
  }

  #take(name: string): unknown {
    this.#taken.add(name);
    const value = Object.hasOwn(this.#object, name) ? this.#object[name] : undefined;
    return value ?? undefined;
  }

  #syntax(name: string, value: unknown) {
    const told = typeof value === "string" ? value : JSON.stringify(value).slice(0, 100);
    return malformed("INVALID_PARAMETER_SYNTAX", "The value is not of the expected form.", { field: this.at(name), value: told });
  }

  #lacks(name: string): never {
    throw malformed("MISSING_REQUIRED_PARAMETER", "A required field is missing.", { field: this.at(name) });
  }
}
