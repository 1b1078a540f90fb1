import { DurableObject } from "cloudflare:workers";
import { eventsBehind, newestPosition, type TailEvent } from "#db/events/tail";
import { LOOK_EVERY_MS } from "#rules/hot/bounds";
import { changeOf } from "#rules/hot/changes";
import type { Change, Drop } from "#rules/hot/knowledge";
import type { Env } from "./env.ts";
import { databaseOf } from "./shards.ts";
import { within } from "./within.ts";

/** What an isolate is told: everything that happened behind `from` and up to `position`, and how old that knowledge is. */
export type Told = { from: number; position: number; changes: Change[]; drops: Drop[]; dropsUpTo: number; lookedMsAgo: number };

/** How many events are kept; an isolate that knows less than these hears that it missed some. */
const KEPT = 10_000;
/** How many of them are read of the database at once, and told to an isolate that knows nothing yet. */
const READ_AT_ONCE = 1_000;
const KEPT_DROPS = 500;
/** How long an answer waits for the database before it tells what is known. */
const LOOK_TIMEOUT_MS = 1_500;

/**
 * What changed in a shard, in the order of its events. The events in the database are the only truth: the object reads what is new of them when
 * somebody asks and its last look is older than `LOOK_EVERY_MS`, and nobody has to tell it anything. One object serves all tenants of a shard, so what
 * isolates ask, and what the database is asked, does not grow with the number of tenants. It may forget everything at any moment, but for
 * drops, which are stored.
 */
export class Feed extends DurableObject {
  #tail: Change[] = [];
  #from = 0;
  #position = 0;
  #lookedAt: number | null = null;
  #looking: Promise<void> | null = null;
  #drops: Drop[] | null = null;

  /** What happened behind `position`; null = of late. Throws when it never could look and cannot now. */
  async since(shard: string, position: number | null, drops: number): Promise<Told> {
    if (!this.#hasLookedLately) await this.#look(shard);
    if (this.#lookedAt === null) throw new Error("The feed could not read the events");
    // whoever knows nothing yet has little to compare with; whoever knows more than there is knew another database
    const wanted = position !== null && position <= this.#position ? position : this.#position - READ_AT_ONCE;
    const from = Math.max(wanted, this.#from);
    const kept = await this.#dropsKept();
    return {
      from,
      position: this.#position,
      changes: this.#changesBehind(from),
      drops: kept.filter(({ n }) => n > drops),
      dropsUpTo: kept.at(-1)?.n ?? 0,
      lookedMsAgo: Math.max(0, Date.now() - this.#lookedAt),
    };
  }

  /** Answers nothing: whoever asks how the platform is wants to know that feeds answer at all. */
  async ping(): Promise<void> {}

  /** The number of the last drop: what is read from now on is read after it. */
  async lastDrop(): Promise<number> {
    return (await this.#dropsKept()).at(-1)?.n ?? 0;
  }

  /** Has every isolate forget what it keeps of a tenant's license or product; null = of the whole tenant. Answers the number of the drop. */
  async drop(tenantId: string, subject: string | null): Promise<number> {
    const kept = await this.#dropsKept();
    const n = (kept.at(-1)?.n ?? 0) + 1;
    kept.push({ n, tenantId, subject });
    // what falls out is dropped for everybody: a drop of all stands for the ones before it
    const before = kept.length > KEPT_DROPS ? kept.splice(0, kept.length - KEPT_DROPS).at(-1) : undefined;
    if (before) kept[0] = { n: kept[0]?.n ?? n, tenantId: null, subject: null };
    await this.ctx.storage.put("drops", kept);
    return n;
  }

  /** A look from after now was made before the clock was set back. */
  get #hasLookedLately(): boolean {
    const ageMs = this.#lookedAt === null ? -1 : Date.now() - this.#lookedAt;
    return ageMs >= 0 && ageMs <= LOOK_EVERY_MS;
  }

  async #dropsKept(): Promise<Drop[]> {
    return (this.#drops ??= (await this.ctx.storage.get<Drop[]>("drops")) ?? []);
  }

  /** What is kept lies in order, so the search for where to begin does not look at all of it. */
  #changesBehind(position: number): Change[] {
    let low = 0;
    let high = this.#tail.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#tail[middle]?.position ?? 0) <= position) low = middle + 1;
      else high = middle;
    }
    return this.#tail.slice(low);
  }

  /** Reads what is new, once for all who ask at the same time. A database that does not answer leaves the knowledge as old as it is. */
  async #look(shard: string): Promise<void> {
    this.#looking ??= this.#readOn(shard)
      .catch(() => undefined)
      .finally(() => (this.#looking = null));
    await within(this.#looking, LOOK_TIMEOUT_MS).catch(() => undefined);
  }

  async #readOn(shard: string): Promise<void> {
    const d1 = databaseOf(this.env, shard);
    if (!d1) throw new Error("The database of the shard is not bound");
    const startedAt = Date.now();
    if (this.#lookedAt === null) this.#beginAt((await newestPosition(d1)) - READ_AT_ONCE);
    for (;;) {
      const { events, newest } = await eventsBehind(d1, this.#position, READ_AT_ONCE);
      this.#add(events);
      // more came than is kept anyway, or the database was set back to an earlier day
      if (newest - this.#position > KEPT || newest < this.#position) this.#beginAt(newest - READ_AT_ONCE);
      else if (events.length < READ_AT_ONCE) break;
    }
    this.#lookedAt = startedAt;
  }

  #beginAt(position: number): void {
    this.#position = this.#from = Math.max(0, position);
    this.#tail = [];
  }

  #add(events: readonly TailEvent[]): void {
    const changes = events.map((event) =>
      changeOf({
        tenantId: event.tenant_id,
        position: event.position,
        type: event.type,
        subject: { type: event.subject_type, id: event.subject_id },
        licenseId: event.license_id,
        productId: event.product_id,
      }),
    );
    this.#tail.push(...changes.filter(({ reach }) => reach !== "nothing"));
    this.#position = events.at(-1)?.position ?? this.#position;
    const beyond = this.#tail.splice(0, Math.max(0, this.#tail.length - KEPT)).at(-1);
    if (beyond) this.#from = beyond.position;
  }
}

/** The feed of a shard. */
export function feedOf(env: Env, shard: string): DurableObjectStub<Feed> {
  return env.FEED.get(env.FEED.idFromName(`shard/${shard}`));
}
