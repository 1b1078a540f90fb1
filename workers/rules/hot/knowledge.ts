import type { Reach } from "./reach.ts";

/** Something that happened: `seq` is the event's number in its tenant. Ids are null where the event has none of the kind. */
export type Change = {
  seq: number;
  reach: Reach;
  licenseId: string | null;
  /** of the device's activation */
  activationId: string | null;
  productId: string | null;
};

/** What somebody asked to be forgotten, apart from any event; numbered by itself. Null = everything of the tenant. */
export type Drop = { n: number; subject: string | null };

/** The moment of a tenant's history at which something was read. */
export type Stamp = { seq: number; drops: number };

/** What a snapshot of a license depends on. */
export type Subjects = {
  licenseId: string;
  productId: string;
  activationId: string | null;
  /** devices of the license share a limit that was reached, or may be exceeded: then each of them tells on the others */
  sharesLimits: boolean;
  /** a trial, which another license's device may have had */
  onTrial: boolean;
};

/** How many subjects are remembered apart; beyond that everything older is forgotten. */
const MOST_SUBJECTS = 4096;

/**
 * What one isolate knows of the changes of one tenant. Everything behind `floor` and up to `seq` is known; a snapshot that was read before
 * `floor` cannot be judged and counts as changed.
 */
export class Knowledge {
  seq = 0;
  floor = Number.POSITIVE_INFINITY;
  #drops = 0;
  readonly #licenses = new Map<string, number>();
  readonly #devices = new Map<string, number>();
  readonly #products = new Map<string, number>();
  #keys = 0;
  #all = 0;
  #anyDevice = 0;
  readonly #dropped = new Map<string, number>();
  #allDropped = 0;

  /** Whether the feed was ever asked. */
  get isOpen(): boolean {
    return this.floor !== Number.POSITIVE_INFINITY;
  }

  get drops(): number {
    return this.#drops;
  }

  /** Takes in what the feed answered to `since(this.seq)`: what happened behind `from` and up to `seq`. */
  learn(answer: { from: number; seq: number; changes: readonly Change[]; drops: readonly Drop[]; dropsUpTo: number }): void {
    // a gap between what is known and what was told: whatever lies in it may have changed
    if (!this.isOpen || answer.from > this.seq) this.floor = answer.from;
    for (const change of answer.changes) this.note(change);
    this.seq = Math.max(this.seq, answer.seq);
    for (const { n, subject } of answer.drops) {
      if (subject === null) this.#allDropped = Math.max(this.#allDropped, n);
      else this.#dropped.set(subject, n);
    }
    this.#drops = Math.max(this.#drops, answer.dropsUpTo);
    if (this.#size() > MOST_SUBJECTS) this.#forget();
  }

  /** Notes one change, told by the feed or by a batch that this isolate committed itself. */
  note({ seq, reach, licenseId, activationId, productId }: Change): void {
    if (reach === "tenant") this.#all = Math.max(this.#all, seq);
    if (reach === "keys") this.#keys = Math.max(this.#keys, seq);
    if (reach === "product") raise(this.#products, productId, seq);
    if (reach === "license") raise(this.#licenses, licenseId, seq);
    if (reach === "device") {
      this.#anyDevice = Math.max(this.#anyDevice, seq);
      raise(this.#devices, licenseId, seq);
      raise(this.#devices, activationId, seq);
    }
  }

  /** Whether what was read of a license at `stamp` may have changed since. */
  hasChanged(stamp: Stamp, subjects: Subjects): boolean {
    const { licenseId, productId, activationId, sharesLimits, onTrial } = subjects;
    const { seq } = stamp;
    if (this.#isBeforeAll(seq) || this.#all > seq || this.#allDropped > stamp.drops) return true;
    if ((this.#licenses.get(licenseId) ?? 0) > seq || (this.#products.get(productId) ?? 0) > seq) return true;
    if (onTrial && this.#anyDevice > seq) return true;
    // without a seat of its own only what is denied depends on devices, and denials are asked for again
    const device = sharesLimits ? licenseId : activationId;
    if (device !== null && (this.#devices.get(device) ?? 0) > seq) return true;
    return (
      this.#dropped.size > 0 &&
      ((this.#dropped.get(licenseId) ?? 0) > stamp.drops || (this.#dropped.get(productId) ?? 0) > stamp.drops)
    );
  }

  /** Whether what was read at `stamp` of who may call, and what signs, may have changed since. */
  keysHaveChanged(stamp: Stamp): boolean {
    return this.#isBeforeAll(stamp.seq) || this.#keys > stamp.seq || this.#all > stamp.seq || this.#allDropped > stamp.drops;
  }

  #isBeforeAll(seq: number): boolean {
    return this.isOpen && seq < this.floor;
  }

  #size(): number {
    return this.#licenses.size + this.#devices.size + this.#products.size + this.#dropped.size;
  }

  #forget(): void {
    for (const map of [this.#licenses, this.#devices, this.#products]) map.clear();
    this.floor = this.seq;
    // drops are counted apart from events, so what was dropped singly is dropped as a whole
    if (this.#dropped.size > 0) this.#allDropped = this.#drops;
    this.#dropped.clear();
  }
}

function raise(map: Map<string, number>, id: string | null, seq: number): void {
  if (id !== null && (map.get(id) ?? 0) < seq) map.set(id, seq);
}
