import {
  MAX_COUNT,
  leftOver,
  reachedThresholds,
  remainingOf,
  type Count,
  type Metered,
  type Threshold,
  type Usage,
} from "#rules/entitlements/counting";
import type { Calendar, LedgerEntry } from "#kernel/meter";
import { dayOf, periodAfter, periodBefore, periodOf, type Period } from "#rules/entitlements/periods";

/** One entry as it is to be written. `set` gives the level itself, `add` what is added to it. */
export type Posting = {
  units: number;
  mode: "add" | "set";
  at: Date;
  source: "consume" | "commit" | "usage";
  key: string | null;
};

/** A counter of one feature in one period: where it is kept, and what it stands at. */
export type Counter = Count & { period: Period; setAt: number | null };

/** What an entry did to its day; `seq` is the entry's number. */
type Added = { day: string; units: number; used: number; seq: number };

/** What a day of the tenant's calendar came to, as the database is told it. */
export type DaySum = {
  featureId: string;
  feature: string;
  onDay: string;
  used: number;
  level: number;
  items: number;
  /** rises with every change of this day */
  seq: number;
};

/** A threshold that was reached and is still to be told. */
export type Mark = {
  featureId: string;
  feature: string;
  reset: Metered["reset"];
  period: string;
  percent: Threshold;
  used: number;
  limit: number;
  periodStartsAt: Date;
  resetsAt: Date | null;
  reachedAt: Date;
};

const TABLES = `
  create table if not exists counters (
    feature_id text, reset text, period text, used integer not null, reserved integer not null, carried integer not null,
    limit_value integer, folded integer not null, set_at integer, touched_at integer not null, primary key (feature_id, reset, period)
  ) without rowid;
  create table if not exists ledger (
    id integer primary key autoincrement, feature_id text not null, feature text not null, reset text not null, period text not null,
    units integer not null, mode text not null, at integer not null, source text not null, key text, recorded_at integer not null
  );
  create table if not exists days (
    feature_id text, day text, feature text not null, reset text not null, period text not null, used integer not null,
    level integer not null, items integer not null, seq integer not null, told_seq integer not null, touched_at integer not null,
    primary key (feature_id, day)
  ) without rowid;
  create index if not exists days_untold on days (seq) where seq > told_seq;
  create table if not exists marks (
    feature_id text, reset text, period text, percent integer, mark text not null, told integer not null,
    primary key (feature_id, reset, period, percent)
  ) without rowid;
  create index if not exists marks_untold on marks (told) where told = 0;`;

/** How long, in real time, single entries are kept beside the sums that they are part of, and how many at most. */
const KEPT_MS = 400 * 24 * 3600 * 1000;
const KEPT_ENTRIES = 100_000;
const FOLDED_AT_ONCE = 5000;

type CounterRow = {
  used: number;
  reserved: number;
  carried: number;
  limit_value: number | null;
  set_at: number | null;
};

/**
 * The counters of one license, the ledger that sums to them, the sums of its days, and the thresholds that were reached. Every call is
 * synchronous, and its caller runs it in a transaction.
 */
export class Books {
  readonly #sql: SqlStorage;
  /** Whether anything was ever written: what was only asked has no tables. */
  isOpen: boolean;

  constructor(sql: SqlStorage) {
    this.#sql = sql;
    this.isOpen = sql.exec(`select 1 from sqlite_master where name = 'counters'`).toArray().length > 0;
  }

  /** Makes the tables. */
  open(): void {
    this.#sql.exec(TABLES);
    this.isOpen = true;
  }

  /** The counter that an instant falls into, as it stands. Writes nothing. */
  counter(metered: Metered, at: Date, { zone, since }: Calendar): Counter {
    const period = periodOf(metered.reset, at, zone);
    const row = this.#row(metered, period);
    return {
      period,
      used: row?.used ?? 0,
      reserved: row?.reserved ?? 0,
      limit: metered.limit,
      carried: this.#carried(metered, period, zone, since),
      setAt: row?.set_at ?? null,
    };
  }

  /** The same as it is told to whoever asks. */
  usage(metered: Metered, calendar: Calendar): Usage {
    return usageOf(metered, this.counter(metered, calendar.now, calendar));
  }

  /** Writes an entry into the ledger, and all that follows from it. Limits are asked before: what is posted counts. */
  post(metered: Metered, posting: Posting, calendar: Calendar): void {
    const counter = this.counter(metered, posting.at, calendar);
    const units = Math.min(addedBy(posting, counter), MAX_COUNT - counter.used);
    const used = counter.used + units;
    const setAt = posting.mode === "set" ? Math.max(counter.setAt ?? 0, posting.at.getTime()) : counter.setAt;
    this.#write(metered, { ...counter, used, setAt });
    const seq = this.#note(metered, counter.period, posting, units);
    this.#addToDay(metered, counter.period, { day: dayOf(posting.at, calendar.zone), units, used, seq });
    this.#mark(metered, { ...counter, used }, calendar.now);
    if (counter.period.endsAt !== null && counter.period.endsAt <= calendar.now) {
      this.#carryOn(metered, counter.period, calendar);
    }
  }

  /** Holds units back, or (below zero) gives them back. */
  reserve(metered: Metered, at: Date, units: number, calendar: Calendar): void {
    const counter = this.counter(metered, at, calendar);
    this.#write(metered, { ...counter, reserved: counter.reserved + units });
  }

  /** Entries, the newest first. */
  ledger({ limit, before, featureId }: { limit: number; before: number | null; featureId: string | null }): LedgerEntry[] {
    return this.#sql
      .exec<LedgerRow>(
        `select id, feature_id, feature, units, mode, at, source, key, period, recorded_at from ledger
         where id < coalesce(?, 9007199254740991) and (?2 is null or feature_id = ?2) order by id desc limit ?3`,
        before,
        featureId,
        limit,
      )
      .toArray()
      .map(entryOf);
  }

  /** Sums of days that the database has not heard of yet, those that changed first. */
  untoldDays(limit: number): DaySum[] {
    return this.#sql
      .exec<DaySum>(
        `select feature_id as featureId, feature, day as onDay, used, level, items, seq from days where seq > told_seq order by seq limit ?`,
        limit,
      )
      .toArray();
  }

  /** Notes that the database has heard of these sums. One that changed meanwhile stays to be told. */
  daysTold(days: readonly DaySum[]): void {
    for (const { featureId, onDay, seq } of days) {
      this.#sql.exec(`update days set told_seq = max(told_seq, ?) where feature_id = ? and day = ?`, seq, featureId, onDay);
    }
  }

  untoldMarks(limit: number): Mark[] {
    return this.#sql
      .exec<{ mark: string }>(`select mark from marks where told = 0 limit ?`, limit)
      .toArray()
      .map(({ mark }) => revived<Mark>(mark));
  }

  markTold({ featureId, reset, period, percent }: Mark): void {
    this.#sql.exec(
      `update marks set told = 1 where feature_id = ? and reset = ? and period = ? and percent = ?`,
      featureId,
      reset,
      period,
      percent,
    );
  }

  /** Whether the database is still to hear of something. */
  hasUntold(): "marks" | "days" | null {
    if (this.#sql.exec(`select 1 from marks where told = 0 limit 1`).toArray().length > 0) return "marks";
    return this.#sql.exec(`select 1 from days where seq > told_seq limit 1`).toArray().length > 0 ? "days" : null;
  }

  /**
   * Adds the oldest entries up into their counters and forgets them: those that are older than 400 days, and those beyond the newest
   * 100,000. Returns whether there are more of them.
   */
  fold(realNowMs: number): boolean {
    const newest = this.#sql.exec<{ id: number | null }>(`select max(id) as id from ledger`).one().id ?? 0;
    const aged = `from (select * from ledger order by id limit ${FOLDED_AT_ONCE}) where recorded_at < ? or id <= ?`;
    const bounds = [realNowMs - KEPT_MS, newest - KEPT_ENTRIES];
    const sums = this.#sql
      .exec<{ feature_id: string; reset: string; period: string; units: number; n: number }>(
        `select feature_id, reset, period, sum(units) as units, count(*) as n ${aged} group by 1, 2, 3`,
        ...bounds,
      )
      .toArray();
    for (const { feature_id, reset, period, units } of sums) {
      const sum = `update counters set folded = folded + ? where feature_id = ? and reset = ? and period = ?`;
      this.#sql.exec(sum, units, feature_id, reset, period);
    }
    if (sums.length > 0) this.#sql.exec(`delete from ledger where id in (select id ${aged})`, ...bounds);
    const isMore = sums.reduce((count, { n }) => count + n, 0) === FOLDED_AT_ONCE;
    if (!isMore) this.#forget(realNowMs - KEPT_MS);
    return isMore;
  }

  /** What the ledger says of each counter beside what the counter says: equal, or the books are wrong. */
  sums(): { featureId: string; period: string; used: number; summed: number }[] {
    return this.#sql
      .exec<{ featureId: string; period: string; used: number; summed: number }>(
        `select c.feature_id as featureId, c.period, c.used, c.folded + coalesce((select sum(l.units) from ledger l
           where l.feature_id = c.feature_id and l.reset = c.reset and l.period = c.period), 0) as summed from counters c`,
      )
      .toArray();
  }

  #row({ featureId, reset }: Pick<Metered, "featureId" | "reset">, { name }: Period): CounterRow | undefined {
    if (!this.isOpen) return undefined;
    const read = `select used, reserved, carried, limit_value, set_at from counters where feature_id = ? and reset = ? and period = ?`;
    return this.#sql.exec<CounterRow>(read, featureId, reset, name).toArray()[0];
  }

  /** What the period before leaves to this one. It left a whole limit where the license was there already and nothing was used. */
  #carried(metered: Metered, period: Period, zone: string, since: Date): number {
    const { limit, reset, rollover } = metered;
    if (!rollover || limit === null || since >= period.startsAt) return 0;
    const before = periodBefore(reset, period, zone);
    if (!before) return 0;
    const row = this.#row(metered, before);
    return row ? Math.min(limit, leftOver({ ...row, limit: row.limit_value })) : limit;
  }

  #write({ featureId, reset }: Metered, { period, used, reserved, carried, limit, setAt }: Counter): void {
    this.#sql.exec(
      `insert into counters (feature_id, reset, period, used, reserved, carried, limit_value, folded, set_at, touched_at)
       values (?1, ?2, ?3, ?4, ?5, ?6, ?7, 0, ?8, ?9)
       on conflict do update set used = ?4, reserved = ?5, carried = ?6, limit_value = ?7, set_at = ?8, touched_at = ?9`,
      featureId,
      reset,
      period.name,
      used,
      reserved,
      carried,
      limit,
      setAt,
      Date.now(),
    );
  }

  #note({ featureId, feature, reset }: Metered, { name }: Period, { mode, at, source, key }: Posting, units: number): number {
    const insert = `insert into ledger (feature_id, feature, reset, period, units, mode, at, source, key, recorded_at)
      values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) returning id`;
    const values = [featureId, feature, reset, name, units, mode, at.getTime(), source, key, Date.now()];
    return this.#sql.exec<{ id: number }>(insert, ...values).one().id;
  }

  /** `used` is what the counter of the period says after the entry: the level at the end of a day is that without the days behind it. */
  #addToDay({ featureId, feature, reset }: Metered, { name }: Period, { day, units, used, seq }: Added): void {
    const later = `feature_id = ?1 and day > ?2 and reset = ?3 and period = ?4`;
    const behind = this.#sql
      .exec<{ used: number }>(`select coalesce(sum(used), 0) as used from days where ${later}`, featureId, day, reset, name)
      .one().used;
    this.#sql.exec(
      `insert into days (feature_id, day, feature, reset, period, used, level, items, seq, told_seq, touched_at)
       values (?1, ?2, ?3, ?4, ?5, ?6, ?7, 1, ?8, 0, ?9)
       on conflict do update set feature = ?3, reset = ?4, period = ?5, used = used + ?6, level = ?7, items = items + 1, seq = ?8, touched_at = ?9`,
      featureId,
      day,
      feature,
      reset,
      name,
      units,
      used - behind,
      seq,
      Date.now(),
    );
    if (units === 0) return;
    this.#sql.exec(
      `update days set level = level + ?5, seq = ?6, touched_at = ?7 where ${later}`,
      featureId,
      day,
      reset,
      name,
      units,
      seq,
      Date.now(),
    );
  }

  /** Remembers thresholds that were reached: each once a period, whatever becomes of the limit and of what is used. */
  #mark({ featureId, feature, reset, limit }: Metered, counter: Counter, now: Date): void {
    for (const percent of reachedThresholds(counter)) {
      const { period, used, carried } = counter;
      const mark: Mark = {
        featureId,
        feature,
        reset,
        period: period.name,
        percent,
        used,
        limit: (limit ?? 0) + carried,
        periodStartsAt: period.startsAt,
        resetsAt: period.endsAt,
        reachedAt: now,
      };
      this.#sql.exec(
        `insert into marks (feature_id, reset, period, percent, mark, told) values (?, ?, ?, ?, ?, 0) on conflict do nothing`,
        featureId,
        reset,
        period.name,
        percent,
        JSON.stringify(mark),
      );
    }
  }

  /** What is noted late of a period changes what the ones behind it have carried on. */
  #carryOn(metered: Metered, late: Period, { zone, since }: Calendar): void {
    if (metered.reset === "never") return;
    for (let period = periodAfter(metered.reset, late, zone); ; period = periodAfter(metered.reset, period, zone)) {
      const row = this.#row(metered, period);
      const carried = this.#carried(metered, period, zone, since);
      if (!row || row.carried === carried) return;
      const carry = `update counters set carried = ? where feature_id = ? and reset = ? and period = ?`;
      this.#sql.exec(carry, carried, metered.featureId, metered.reset, period.name);
    }
  }

  /** Counters of periods that are long over, whose entries are folded, with what belongs to them. What never starts again stays. */
  #forget(before: number): void {
    const gone = this.#sql
      .exec<{ feature_id: string; reset: string; period: string }>(
        `select feature_id, reset, period from counters where reset <> 'never' and reserved = 0 and touched_at < ? limit 500`,
        before,
      )
      .toArray();
    for (const { feature_id, reset, period } of gone) {
      for (const table of ["counters", "marks"]) {
        this.#sql.exec(`delete from ${table} where feature_id = ? and reset = ? and period = ?`, feature_id, reset, period);
      }
    }
    this.#sql.exec(`delete from days where touched_at < ? and seq <= told_seq and reset <> 'never'`, before);
  }
}

/** What is used of a feature, as it is told to whoever asks. */
export function usageOf({ featureId, feature }: Pick<Metered, "featureId" | "feature">, counter: Counter): Usage {
  const { used, reserved, limit, carried, period } = counter;
  const remaining = remainingOf(counter);
  return {
    featureId,
    feature,
    used,
    reserved,
    limit,
    carried,
    remaining,
    periodStartsAt: period.startsAt,
    resetsAt: period.endsAt,
  };
}

/** JSON of ours with its instants read back: their names end in `At`. */
// oxlint-disable-next-line typescript/no-unnecessary-type-parameters -- the caller knows what it wrote
export function revived<T>(text: string): T {
  const instants = (name: string, value: unknown) => (name.endsWith("At") && typeof value === "string" ? new Date(value) : value);
  return JSON.parse(text, instants) as T;
}

/** What an entry adds to its counter. A level that was set for a later instant is not set back by what is told late. */
function addedBy({ mode, units, at }: Posting, { used, setAt }: Counter): number {
  if (mode === "add") return units;
  return setAt !== null && at.getTime() < setAt ? 0 : units - used;
}

type LedgerRow = {
  id: number;
  feature_id: string;
  feature: string;
  units: number;
  mode: Posting["mode"];
  at: number;
  source: Posting["source"];
  key: string | null;
  period: string;
  recorded_at: number;
};

const entryOf = (row: LedgerRow): LedgerEntry => ({
  id: row.id,
  featureId: row.feature_id,
  feature: row.feature,
  units: row.units,
  mode: row.mode,
  at: new Date(row.at),
  source: row.source,
  key: row.key,
  periodStartsOn: row.period,
  recordedAt: new Date(row.recorded_at),
});
