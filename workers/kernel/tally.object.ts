import { DurableObject } from "cloudflare:workers";
import type { Flush } from "#rules/cache/counted";
import { addFlush, beginSums, lasting, readSums, type Sums, type Told } from "#rules/cache/sums";
import type { Env } from "./env.ts";
import { HOME_SHARD, shardsOf } from "./shards.ts";

const SAVE_AFTER_MS = 5_000;

/**
 * Adds up what isolates counted; one a shard. It keeps the sums in memory and writes them down five seconds after the first flush that is not yet
 * written: when it is ended in between, the counts of those seconds are lost, and no others. What it told of is written.
 */
export class Tally extends DurableObject {
  readonly #sums: Sums;
  #saves = false;
  #isUnwritten = false;

  constructor(state: DurableObjectState, env: Env) {
    super(state, env);
    const { sql } = state.storage;
    sql.exec("create table if not exists sums (id integer primary key check (id = 1), json text not null) without rowid");
    const [row] = sql.exec<{ json: string }>("select json from sums").toArray();
    this.#sums = row ? JSON.parse(row.json) : beginSums(Date.now());
  }

  /** Adds one flush of an isolate. The same one again is taken for the answer that was lost, and changes nothing. */
  async add(flush: Flush): Promise<void> {
    addFlush(this.#sums, flush, Date.now());
    this.#isUnwritten = true;
    if (this.#saves) return;
    this.#saves = true;
    await this.ctx.storage.setAlarm(Date.now() + SAVE_AFTER_MS);
  }

  /** Everything that was added up. It is written down before it is told: what was once shown is never taken back, or a counter would go back. */
  async told(): Promise<Told> {
    if (this.#isUnwritten) this.#write();
    return readSums(this.#sums, Date.now());
  }

  override async alarm(): Promise<void> {
    this.#saves = false;
    if (this.#isUnwritten) this.#write();
  }

  #write(): void {
    this.#isUnwritten = false;
    this.ctx.storage.sql.exec("insert or replace into sums (id, json) values (1, ?)", JSON.stringify(lasting(this.#sums)));
  }
}

/** The tally that an isolate sends to: isolates serve every shard, so their own random id says which. */
export function tallyFor(env: Env, isolate: string): DurableObjectStub<Tally> {
  const shards = shardsOf(env);
  return tallyOf(env, shards[isolate.charCodeAt(0) % shards.length] ?? HOME_SHARD);
}

/** The tally of a shard. */
export function tallyOf(env: Env, shard: string): DurableObjectStub<Tally> {
  return env.TALLY.get(env.TALLY.idFromName(`tally/${shard}`));
}
