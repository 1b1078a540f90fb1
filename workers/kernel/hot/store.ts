/** Something kept that knows its own weight, and when it was last used. */
export type Kept = { bytes: number; usedAt: number };

/** What a store did so far. */
export type StoreStats = {
  entries: number;
  bytes: number;
  limitBytes: number;
  evictions: number;
  hits: number;
  misses: number;
};

/** A use is noted at most this often an entry: moving it to the end costs more than reading it. */
const NOTE_USE_EVERY_MS = 1_000;

/** Keeps a bounded number of entries of bounded weight; what was used longest ago goes first. */
export class Store<E extends Kept> {
  readonly #entries = new Map<string, E>();
  readonly #limits: { entries: number; bytes: number };
  #bytes = 0;
  #evictions = 0;
  #hits = 0;
  #misses = 0;

  constructor(limits: { entries: number; bytes: number }) {
    this.#limits = limits;
  }

  get stats(): StoreStats {
    return {
      entries: this.#entries.size,
      bytes: this.#bytes,
      limitBytes: this.#limits.bytes,
      evictions: this.#evictions,
      hits: this.#hits,
      misses: this.#misses,
    };
  }

  get(key: string, now: number): E | undefined {
    const entry = this.#entries.get(key);
    if (!entry) {
      this.#misses++;
      return undefined;
    }
    this.#hits++;
    if (now - entry.usedAt > NOTE_USE_EVERY_MS) {
      entry.usedAt = now;
      this.#entries.delete(key);
      this.#entries.set(key, entry);
    }
    return entry;
  }

  /** What is kept, without counting as a use. */
  peek(key: string): E | undefined {
    return this.#entries.get(key);
  }

  set(key: string, entry: E): void {
    this.delete(key);
    if (entry.bytes > this.#limits.bytes) return;
    this.#entries.set(key, entry);
    this.#bytes += entry.bytes;
    for (const [oldest] of this.#entries) {
      if (this.#entries.size <= this.#limits.entries && this.#bytes <= this.#limits.bytes) break;
      this.delete(oldest);
      this.#evictions++;
    }
  }

  delete(key: string): void {
    const entry = this.#entries.get(key);
    if (!entry) return;
    this.#entries.delete(key);
    this.#bytes -= entry.bytes;
  }

  clear(): void {
    this.#entries.clear();
    this.#bytes = 0;
  }

  /** What is kept, the longest unused first. */
  values(): IterableIterator<E> {
    return this.#entries.values();
  }
}
