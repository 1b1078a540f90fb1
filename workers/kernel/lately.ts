/** What an isolate remembers for a short while, so that a flood of the same costs it no reads. Bounded: the oldest goes first. */
export class Lately<Value = true> {
  readonly #most: number;
  readonly #known = new Map<string, { value: Value; untilMs: number }>();

  constructor(most = 10_000) {
    this.#most = most;
  }

  get(name: string, nowMs: number): Value | undefined {
    const known = this.#known.get(name);
    return known !== undefined && nowMs < known.untilMs ? known.value : undefined;
  }

  set(name: string, value: Value, untilMs: number): void {
    this.#known.delete(name);
    const oldest = this.#known.size >= this.#most ? this.#known.keys().next().value : undefined;
    if (oldest !== undefined) this.#known.delete(oldest);
    this.#known.set(name, { value, untilMs });
  }
}
