import { DurableObject } from "cloudflare:workers";
import { eventsBehind, newestSeq } from "#db/events/tail";
import { LOOK_EVERY_MS } from "#rules/hot/bounds";
import { changeOf } from "#rules/hot/changes";
import type { Change, Drop } from "#rules/hot/knowledge";
import { shardOf } from "#rules/ids";
import type { Env } from "./env.ts";
import { databaseOf } from "./shards.ts";
import { within } from "./within.ts";

/** What an isolate is told: everything that happened behind `from` and up to `seq`, and how old that knowledge is. */
export type Told = { from: number; seq: number; changes: Change[]; drops: Drop[]; dropsUpTo: number; lookedMsAgo: number };

/** How many changes are kept; an isolate that knows less than these hears that it missed some. */
const KEPT = 1000;
const KEPT_DROPS = 200;

/**
 * What changed of a tenant, in the order of its events' numbers. The events in the database are the only truth: the object reads what is
 * new of them when somebody asks and its last look is older than `LOOK_EVERY_MS`. Whoever commits a change tells it as well, which only makes
 * it known sooner: one that dies before costs nothing but that. It may forget everything at any moment, but for drops, which are stored.
 */
export class Feed extends DurableObject {
  #tail: Change[] = [];
  #from = 0;
  #seq = 0;
  #lookedAt: number | null = null;
  #looking: Promise<void> | null = null;
  #drops: Drop[] | null = null;

  /** What happened behind `seq`; null = whatever is kept. Throws when it never could look and cannot now. */
  async since(tenantId: string, seq: number | null, drops: number): Promise<Told> {
    const asked = Date.now();
    if (this.#lookedAt === null || asked - this.#lookedAt > LOOK_EVERY_MS) await this.#look(tenantId);
    if (this.#lookedAt === null) throw new Error("The feed could not read the events");
    const from = seq !== null && seq >= this.#from ? seq : this.#from;
    const kept = await this.#dropsKept();
    return {
      from,
      seq: this.#seq,
      changes: this.#tail.filter((change) => change.seq > from && change.reach !== "nothing"),
      drops: kept.filter(({ n }) => n > drops),
      dropsUpTo: kept.at(-1)?.n ?? 0,
      lookedMsAgo: Math.max(0, Date.now() - this.#lookedAt),
    };
  }

  /** Answers nothing: whoever asks how the platform is wants to know that feeds answer at all. */
  async ping(): Promise<void> {}

  /** Told by whoever committed events. What does not follow on what is known is looked up when somebody asks. */
  async tell(changes: readonly Change[]): Promise<void> {
    for (const change of changes) {
      if (this.#lookedAt === null || change.seq <= this.#seq) continue;
      if (change.seq === this.#seq + 1) this.#add([change]);
      else this.#lookedAt = Math.min(this.#lookedAt, Date.now() - LOOK_EVERY_MS - 1);
    }
  }

  /** The number of the last drop: what is read from now on is read after it. */
  async lastDrop(): Promise<number> {
    return (await this.#dropsKept()).at(-1)?.n ?? 0;
  }

  /** Has every isolate forget what it keeps of a license or product; null = of the whole tenant. Answers the number of the drop. */
  async drop(subject: string | null): Promise<number> {
    const kept = await this.#dropsKept();
    const n = (kept.at(-1)?.n ?? 0) + 1;
    kept.push({ n, subject });
    // what falls out is dropped for everybody: a drop of all stands for the ones before it
    const before = kept.length > KEPT_DROPS ? kept.splice(0, kept.length - KEPT_DROPS).at(-1) : undefined;
    if (before) kept[0] = { n: kept[0]?.n ?? n, subject: null };
    await this.ctx.storage.put("drops", kept);
    return n;
  }

  async #dropsKept(): Promise<Drop[]> {
    return (this.#drops ??= (await this.ctx.storage.get<Drop[]>("drops")) ?? []);
  }

  /** Reads what is new, once for all who ask at the same time. A database that does not answer leaves the knowledge as old as it is. */
  async #look(tenantId: string): Promise<void> {
    this.#looking ??= this.#readOn(tenantId)
      .catch(() => undefined)
      .finally(() => (this.#looking = null));
    await within(this.#looking, LOOK_EVERY_MS).catch(() => undefined);
  }

  async #readOn(tenantId: string): Promise<void> {
    const d1 = databaseOf(this.env, shardOf(tenantId) ?? "");
    if (!d1) throw new Error("The tenant's database is not bound");
    const startedAt = Date.now();
    if (this.#lookedAt === null) {
      this.#seq = this.#from = Math.max(0, (await newestSeq(d1, tenantId)) - KEPT);
      this.#tail = [];
    }
    for (;;) {
      const events = await eventsBehind(d1, tenantId, this.#seq, KEPT);
      this.#add(
        events
          // somebody may have told them meanwhile
          .filter(({ seq }) => seq > this.#seq)
          .map((event) =>
            changeOf({
              ...event,
              subject: { type: event.subject_type, id: event.subject_id },
              licenseId: event.license_id,
              productId: event.product_id,
            }),
          ),
      );
      if (events.length < KEPT) break;
    }
    this.#lookedAt = startedAt;
  }

  #add(changes: readonly Change[]): void {
    this.#tail.push(...changes);
    this.#seq = this.#tail.at(-1)?.seq ?? this.#seq;
    const beyond = this.#tail.splice(0, Math.max(0, this.#tail.length - KEPT)).at(-1);
    if (beyond) this.#from = beyond.seq;
  }
}

/** The feed of a tenant. */
export function feedOf(env: Env, tenantId: string): DurableObjectStub<Feed> {
  return env.FEED.get(env.FEED.idFromName(tenantId));
}
