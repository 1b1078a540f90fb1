import { DurableObject } from "cloudflare:workers";
import { type Ask, KEPT_AFTER_MS, leaseOf, type Mark, marksReached } from "#rules/limits/leasing";
import { UNLIMITED, type Window } from "#rules/limits/windows";
import type { Env } from "./env.ts";
import { tellMark } from "./tenant-marks.ts";

/** What an isolate asks of a window: the window itself, its limit as the isolate knows it, and how many requests. */
export type LeaseAsk = Window & Ask & { limit: number };

/** How many requests were leased, and how many the window still has for others. */
export type Lease = { granted: number; left: number };

/** Requests of a lease that an isolate did not use. */
export type Unused = Pick<Window, "name" | "startsAt"> & { requests: number };

type MarkRow = { starts_at: number; ends_at: number; percent: Mark; used: number; limit_value: number };

const HOUR_MS = 3_600_000;
const TOLD_AGAIN_AFTER_MS = 30_000;

/**
 * Counts the requests of one subject (a tenant, a key, an address, a license) per window, by handing out leases on them. What it granted stands in
 * its storage before an isolate hears of it, so the sum of all leases of a window is never above the limit: not with many isolates, and not
 * when this object or one of them dies. A lease names its window, by the isolate's clock.
 */
export class Quota extends DurableObject {
  #alarmIsSet = false;

  constructor(state: DurableObjectState, env: Env) {
    super(state, env);
    state.storage.sql.exec(
      "create table if not exists windows (name text, starts_at integer, ends_at integer, granted integer, primary key (name, starts_at)) without rowid",
    );
    // what of a month's limit was reached, until the tenant heard of it, and afterwards so that it hears of it once
    state.storage.sql.exec(
      "create table if not exists marks (starts_at integer, percent integer, ends_at integer, used integer, limit_value integer, told integer, primary key (starts_at, percent)) without rowid",
    );
  }

  /**
   * Leases requests of one or several windows. Where one of them has none for those who wait, none of the others gives any for its time: they could
   * not be used. No `await` stands between counting and writing.
   */
  async lease(asks: readonly LeaseAsk[]): Promise<Lease[]> {
    const grants = asks.map((ask) => ({ ask, granted: this.#grantedOf(ask) }));
    const leases = grants.map(({ ask, granted }) => leaseOf(ask.limit, granted, ask));
    const full = asks.filter(({ waiting }, index) => waiting > 0 && leases[index] === 0);
    const usableFrom = Math.max(0, ...full.map(({ endsAt }) => endsAt));
    let isToTell = false;
    const answers = grants.map(({ ask, granted }, index) => {
      const lease = ask.startsAt < usableFrom ? 0 : (leases[index] ?? 0);
      if (lease > 0) this.#grant(ask, lease, granted === 0);
      isToTell = this.#mark(ask, granted + lease) || isToTell;
      return { granted: lease, left: Math.max(0, ask.limit - granted - lease) };
    });
    await this.#comeBack(isToTell);
    return answers;
  }

  /** Takes back what isolates leased and did not use. They forget it before they say so; a message that is lost is lost to the tenant alone. */
  async giveBack(unused: readonly Unused[]): Promise<void> {
    for (const { name, startsAt, requests } of unused) {
      this.ctx.storage.sql.exec(
        "update windows set granted = max(0, granted - ?) where name = ? and starts_at = ?",
        requests,
        name,
        startsAt,
      );
    }
  }

  /** How many requests of each window are leased. */
  async granted(windows: readonly Pick<Window, "name" | "startsAt">[]): Promise<number[]> {
    return windows.map((window) => this.#rowOf(window) ?? 0);
  }

  /** Tells of marks that were reached, and goes when the last window is long over: nothing is left of an address that came once. */
  override async alarm(): Promise<void> {
    this.#alarmIsSet = false;
    if (!(await this.#tellMarks())) return this.ctx.storage.setAlarm(Date.now() + TOLD_AGAIN_AFTER_MS);
    const [row] = this.ctx.storage.sql.exec<{ last: number | null }>("select max(ends_at) as last from windows").toArray();
    const forgetAt = (row?.last ?? 0) + HOUR_MS;
    if (forgetAt <= Date.now()) return this.ctx.storage.deleteAll();
    await this.ctx.storage.setAlarm(forgetAt);
    this.#alarmIsSet = true;
  }

  #rowOf({ name, startsAt }: Pick<Window, "name" | "startsAt">): number | undefined {
    const rows = this.ctx.storage.sql.exec<{ granted: number }>(
      "select granted from windows where name = ? and starts_at = ?",
      name,
      startsAt,
    );
    return rows.toArray()[0]?.granted;
  }

  /** What is leased of a window. One that was forgotten already is full: an isolate whose clock is that late gets none of it. */
  #grantedOf(ask: LeaseAsk): number {
    if (isTooFar(ask)) return ask.limit;
    const known = this.#rowOf(ask);
    if (known !== undefined) return known;
    const [row] = this.ctx.storage.sql
      .exec<{ newest: number | null }>("select max(starts_at) as newest from windows where name = ?", ask.name)
      .toArray();
    // of a window that lies ahead the windows before it are not over
    return Math.min(row?.newest ?? 0, Date.now()) > ask.endsAt + KEPT_AFTER_MS ? ask.limit : 0;
  }

  #grant({ name, startsAt, endsAt }: LeaseAsk, requests: number, isFirst: boolean): void {
    const { sql } = this.ctx.storage;
    sql.exec(
      "insert into windows (name, starts_at, ends_at, granted) values (?, ?, ?, ?) on conflict do update set granted = granted + excluded.granted",
      name,
      startsAt,
      endsAt,
      requests,
    );
    if (isFirst) {
      sql.exec("delete from windows where name = ? and ends_at < ?", name, Math.min(startsAt, Date.now()) - KEPT_AFTER_MS);
      if (name === "month") sql.exec("delete from marks where ends_at < ? and told = 1", startsAt - KEPT_AFTER_MS);
    }
  }

  /** Writes down which marks of a month this many requests reach; whether one of them is new. */
  #mark({ name, startsAt, endsAt, limit }: LeaseAsk, used: number): boolean {
    if (name !== "month" || limit >= UNLIMITED) return false;
    const written = marksReached(limit, used).map((percent) =>
      this.ctx.storage.sql.exec(
        "insert or ignore into marks (starts_at, percent, ends_at, used, limit_value, told) values (?, ?, ?, ?, ?, 0)",
        startsAt,
        percent,
        endsAt,
        used,
        limit,
      ),
    );
    return written.some(({ rowsWritten }) => rowsWritten > 0);
  }

  /** Tells the tenant of its marks until none is left; false when the database did not take one. */
  async #tellMarks(): Promise<boolean> {
    try {
      for (let mark = this.#untold(); mark; mark = this.#untold()) {
        const { starts_at: startsAt, ends_at: endsAt, percent, used, limit_value: limit } = mark;
        // a tenant is told by its own object, whose name begins with it
        const [tenantId = ""] = (this.ctx.id.name ?? "").split("/");
        await tellMark(this.env, this.ctx, tenantId, { startsAt, endsAt, percent, used, limit });
        this.ctx.storage.sql.exec("update marks set told = 1 where starts_at = ? and percent = ?", startsAt, percent);
      }
      return true;
    } catch {
      return false;
    }
  }

  #untold(): MarkRow | undefined {
    const sql =
      "select starts_at, percent, ends_at, used, limit_value from marks where told = 0 order by starts_at, percent limit 1";
    return this.ctx.storage.sql.exec<MarkRow>(sql).toArray()[0];
  }

  /** Sets the alarm: at once where there is something to tell, else for the cleaning. */
  async #comeBack(isToTell: boolean): Promise<void> {
    if (isToTell) await this.ctx.storage.setAlarm(Date.now());
    if (isToTell || this.#alarmIsSet) return;
    if ((await this.ctx.storage.getAlarm()) === null) await this.ctx.storage.setAlarm(Date.now() + HOUR_MS);
    this.#alarmIsSet = true;
  }
}

/**
 * Windows further ahead than anybody leases. An isolate whose clock is that far off gets nothing: what it wrote would make those of everybody else
 * old.
 */
const isTooFar = ({ startsAt }: LeaseAsk): boolean => startsAt > Date.now() + FURTHEST_AHEAD_MS;
const FURTHEST_AHEAD_MS = 20 * 60_000;

/** The object that counts for a subject. */
export function quotaOf(env: Env, object: string): DurableObjectStub<Quota> {
  return env.QUOTA.get(env.QUOTA.idFromName(object));
}
