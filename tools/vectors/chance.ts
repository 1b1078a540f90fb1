/** Chance that comes from a number: the same number gives the same choices (mulberry32). */
export class Chance {
  private state: number;

  constructor(seed: number) {
    // neighbouring seeds must not begin alike
    this.state = Math.imul(seed ^ 0x9e3779b9, 0x85ebca6b) >>> 0;
  }

  /** A whole number from 0 to below `limit`; 0 where the limit is none. */
  below(limit: number): number {
    this.state = (this.state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(this.state ^ (this.state >>> 15), this.state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return limit <= 0 ? 0 : Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296) * limit);
  }

  /** One of a list. Throws RangeError where the list is empty. */
  of<T>(list: readonly T[]): T {
    const one = list[this.below(list.length)];
    if (one === undefined) throw new RangeError("Nothing to choose from");
    return one;
  }
}
