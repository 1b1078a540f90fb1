import { DurableObject } from "cloudflare:workers";
import type { Env } from "./env.ts";

const KEPT_S = 120;

/** Remembers the nonces of internal calls for as long as their signatures could be played again. */
export class Nonces extends DurableObject {
  constructor(state: DurableObjectState, env: Env) {
    super(state, env);
    state.storage.sql.exec("create table if not exists nonces (nonce text primary key, t integer not null) without rowid");
  }

  /** True the first time a nonce is seen. */
  async firstUse(nonce: string, t: number): Promise<boolean> {
    const { sql } = this.ctx.storage;
    const fresh = sql.exec("insert or ignore into nonces (nonce, t) values (?, ?) returning 1", nonce, t).toArray().length === 1;
    if ((await this.ctx.storage.getAlarm()) === null) await this.ctx.storage.setAlarm(Date.now() + KEPT_S * 1000);
    return fresh;
  }

  override async alarm(): Promise<void> {
    const { sql } = this.ctx.storage;
    sql.exec("delete from nonces where t < ?", Math.floor(Date.now() / 1000) - KEPT_S);
    if (sql.exec("select 1 from nonces limit 1").toArray().length > 0)
      await this.ctx.storage.setAlarm(Date.now() + KEPT_S * 1000);
  }
}
