import type { Reach } from "./reach.ts";

/** Something that happened: `position` is the event's place among all events of its shard. Ids are null where the event has none of the kind. */
export type Change = {
  tenantId: string;
  position: number;
  reach: Reach;
  licenseId: string | null;
  /** of the device's activation */
  activationId: string | null;
  productId: string | null;
};

/** What somebody asked to be forgotten, apart from any event; numbered by itself. Null = everything, of the tenant or of the shard. */
export type Drop = { n: number; tenantId: string | null; subject: string | null };

/** The moment of a shard's history at which something was read. */
export type Stamp = { position: number; drops: number };

/** What a snapshot of a license depends on. */
export type Subjects = {
  tenantId: string;
  licenseId: string;
  productId: string;
  activationId: string | null;
  /** devices of the license share a limit that was reached, or may be exceeded: then each of them tells on the others */
  sharesLimits: boolean;
  /** a trial, which another license's device may have had */
  onTrial: boolean;
};

/** The newest positions at which something of a whole tenant changed. */
type OfTenant = { keys: number; all: number; anyDevice: number; dropped: number };

/** How many subjects are remembered apart; beyond that everything older is forgotten. */
const MOST_SUBJECTS = 20_000;

/**
 * What one isolate knows of the changes of one shard. Everything behind `floor` and up to `position` is known; a snapshot that was read before
 * `floor` cannot be judged and counts as changed.
 */
export class Knowledge {
  position = 0;
  floor = Number.POSITIVE_INFINITY;
  #drops = 0;
  readonly #licenses = new Map<string, number>();
  readonly #devices = new Map<string, number>();
  readonly #products = new Map<string, number>();
  readonly #tenants = new Map<string, OfTenant>();
  readonly #dropped = new Map<string, number>();
  #allDropped = 0;

  /** Whether the feed was ever asked. */
  get isOpen(): boolean {
    return this.floor !== Number.POSITIVE_INFINITY;
  }

  get drops(): number {
    return this.#drops;
  }

  /** Takes in what the feed answered to `since(this.position)`: what happened behind `from` and up to `position`. */
  learn(answer: { from: number; position: number; changes: readonly Change[]; drops: readonly Drop[]; dropsUpTo: number }): void {
    // set back to an earlier day, the database goes on differently from there
    if (answer.position < this.position) this.#forgetAll(answer.position);
    // a gap between what is known and what was told: whatever lies in it may have changed
    if (!this.isOpen || answer.from > this.position) this.floor = answer.from;
    for (const change of answer.changes) this.note(change);
    this.position = Math.max(this.position, answer.position);
    for (const { n, tenantId, subject } of answer.drops) {
      if (tenantId === null) this.#allDropped = Math.max(this.#allDropped, n);
      else if (subject === null) this.#ofTenant(tenantId).dropped = n;
      else this.#dropped.set(`${tenantId}/${subject}`, n);
    }
    this.#drops = Math.max(this.#drops, answer.dropsUpTo);
    if (this.#size() > MOST_SUBJECTS) this.#forgetAll(this.position);
  }

  /** Notes one change, told by the feed or by a batch that this isolate committed itself. */
  note({ tenantId, position, reach, licenseId, activationId, productId }: Change): void {
    if (reach === "nothing") return;
    if (reach === "product") raise(this.#products, productId, position);
    if (reach === "license") raise(this.#licenses, licenseId, position);
    if (reach === "product" || reach === "license") return;
    const tenant = this.#ofTenant(tenantId);
    if (reach === "tenant") tenant.all = Math.max(tenant.all, position);
    if (reach === "keys") tenant.keys = Math.max(tenant.keys, position);
    if (reach === "device") {
      tenant.anyDevice = Math.max(tenant.anyDevice, position);
      raise(this.#devices, licenseId, position);
      raise(this.#devices, activationId, position);
    }
  }

  /** Whether what was read of a license at `stamp` may have changed since. */
  hasChanged(stamp: Stamp, subjects: Subjects): boolean {
    const { licenseId, productId, activationId, sharesLimits, onTrial } = subjects;
    const { position } = stamp;
    if (this.#isBeforeAll(stamp)) return true;
    const tenant = this.#tenants.get(subjects.tenantId);
    if (tenant !== undefined) {
      if (tenant.all > position || tenant.dropped > stamp.drops) return true;
      if (onTrial && tenant.anyDevice > position) return true;
    }
    if (isBehind(this.#licenses, licenseId, position) || isBehind(this.#products, productId, position)) return true;
    // without a seat of its own only what is denied depends on devices, and denials are asked for again
    const device = sharesLimits ? licenseId : activationId;
    if (device !== null && isBehind(this.#devices, device, position)) return true;
    return (
      this.#dropped.size > 0 &&
      (isBehind(this.#dropped, `${subjects.tenantId}/${licenseId}`, stamp.drops) ||
        isBehind(this.#dropped, `${subjects.tenantId}/${productId}`, stamp.drops))
    );
  }

  /** Whether what was read at `stamp` of who may call for a tenant, and what signs, may have changed since. */
  keysHaveChanged(stamp: Stamp, tenantId: string): boolean {
    if (this.#isBeforeAll(stamp)) return true;
    const tenant = this.#tenants.get(tenantId);
    if (tenant === undefined) return false;
    return tenant.keys > stamp.position || tenant.all > stamp.position || tenant.dropped > stamp.drops;
  }

  #isBeforeAll({ position, drops }: Stamp): boolean {
    return (this.isOpen && position < this.floor) || this.#allDropped > drops;
  }

  #ofTenant(tenantId: string): OfTenant {
    let known = this.#tenants.get(tenantId);
    if (known === undefined) this.#tenants.set(tenantId, (known = { keys: 0, all: 0, anyDevice: 0, dropped: 0 }));
    return known;
  }

  #size(): number {
    return this.#licenses.size + this.#devices.size + this.#products.size + this.#tenants.size + this.#dropped.size;
  }

  #forgetAll(position: number): void {
    // drops are counted apart from events, so what was dropped singly is dropped as a whole
    const hasDropped = this.#dropped.size > 0 || [...this.#tenants.values()].some(({ dropped }) => dropped > 0);
    if (hasDropped) this.#allDropped = this.#drops;
    for (const map of [this.#licenses, this.#devices, this.#products, this.#tenants, this.#dropped]) map.clear();
    this.floor = this.position = position;
  }
}

function raise(map: Map<string, number>, id: string | null, position: number): void {
  if (id !== null && (map.get(id) ?? 0) < position) map.set(id, position);
}

/** Whether something came to the subject after what is known of it. */
function isBehind(map: ReadonlyMap<string, number>, id: string, known: number): boolean {
  const at = map.get(id);
  return at !== undefined && at > known;
}
