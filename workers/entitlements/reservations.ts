import { lackOf, type Metered } from "#rules/entitlements/counting";
import { periodOf } from "#rules/entitlements/periods";
import { MOST_RESERVATIONS } from "#kernel/meter";
import type { Calendar, Reservation, ReservationStatus, ReservedItem, Settled } from "#kernel/meter";
import { revived, usageOf, type Books, type Counter } from "./books.ts";

const TABLES = `
  create table if not exists reservations (
    id text primary key, status text not null, items text not null, made_at integer not null, ends_at integer not null
  ) without rowid;
  create index if not exists reservations_open on reservations (ends_at) where status = 'open';
  create index if not exists reservations_settled on reservations (ends_at) where status <> 'open';`;

type Row = { id: string; status: ReservationStatus; items: string; made_at: number; ends_at: number };
type Named = readonly { feature: string; units: number }[] | null;

/** The reservations of one license, on its books. Synchronous, as they are. */
export class Reservations {
  readonly #sql: SqlStorage;
  readonly #books: Books;

  constructor(sql: SqlStorage, books: Books) {
    this.#sql = sql;
    this.#books = books;
  }

  open(): void {
    this.#sql.exec(TABLES);
  }

  make({ id, items, calendar, endsAt }: Making): Reservation {
    const { now: madeAt } = calendar;
    for (const { units, ...metered } of items) this.#books.reserve(metered, madeAt, units, calendar);
    const reserved = items.map((item) => ({ ...item, committed: null }));
    const insert = `insert into reservations (id, status, items, made_at, ends_at) values (?, 'open', ?, ?, ?)`;
    this.#sql.exec(
      insert,
      id,
      JSON.stringify({ zone: calendar.zone, since: calendar.since, items: reserved }),
      madeAt.getTime(),
      endsAt.getTime(),
    );
    return { id, status: "open", items: reserved, madeAt, endsAt };
  }

  /** Uses what is named, up to what was reserved, and frees the rest. What was committed before is answered as it was. */
  commit({ id, items: named, calendar }: { id: string; items: Named; calendar: Calendar }): Settled {
    const found = this.#byId(id);
    if (!found) return { settled: false, why: "not_found" };
    const { reservation } = found;
    const index = named?.findIndex((each, place) => !isWithin(each, reservation.items, named.slice(0, place))) ?? -1;
    if (index >= 0) return { settled: false, why: "not_reserved", index };
    const items = reservation.items.map((item) => ({ ...item, committed: committedOf(item, named) }));
    if (reservation.status === "committed" && JSON.stringify(items) === JSON.stringify(reservation.items))
      return this.#settled(found);
    if (reservation.status !== "open") return { settled: false, why: "status", status: reservation.status };
    this.#free(found);
    const at = reservation.madeAt;
    const frame = { ...found.frame, now: calendar.now };
    for (const { units: _, committed, ...metered } of items) {
      if (committed > 0) this.#books.post(metered, { units: committed, mode: "add", at, source: "commit", key: id }, frame);
    }
    return this.#settle(found, "committed", items);
  }

  /** Frees what was reserved. Where that is done, by a release or by time, nothing changes. */
  release({ id }: { id: string }): Settled {
    const found = this.#byId(id);
    if (!found) return { settled: false, why: "not_found" };
    const { status, items } = found.reservation;
    if (status === "committed") return { settled: false, why: "status", status };
    if (status !== "open") return this.#settled(found);
    this.#free(found);
    return this.#settle(found, "released", items);
  }

  isFull(): boolean {
    return (
      this.#sql.exec<{ n: number }>(`select count(*) as n from reservations where status = 'open'`).one().n >= MOST_RESERVATIONS
    );
  }

  hasOverdue(realNowMs: number): boolean {
    const end = this.nextEnd();
    return end !== null && end <= realNowMs;
  }

  /** When the next one ends, in milliseconds of real time; null where none is open. */
  nextEnd(): number | null {
    return this.#sql.exec<{ end: number | null }>(`select min(ends_at) as end from reservations where status = 'open'`).one().end;
  }

  /** When so many of the open ones have ended that units fit which do not now, in milliseconds of real time; null where that is never so. */
  roomAt({ featureId, reset }: Metered, counter: Counter, units: number): number | null {
    let lacking = lackOf(counter, units);
    if (lacking > counter.reserved) return null;
    const open = this.#sql.exec<Row>(`select * from reservations where status = 'open' order by ends_at`);
    for (const row of open) {
      const { reservation, frame } = read(row);
      const item = reservation.items.find((each) => each.featureId === featureId && each.reset === reset);
      if (item === undefined || periodOf(reset, reservation.madeAt, frame.zone).name !== counter.period.name) continue;
      lacking -= item.units;
      if (lacking <= 0) return row.ends_at;
    }
    return null;
  }

  /** Frees those whose end has come. */
  freeOverdue(realNowMs: number): void {
    const overdue = `select * from reservations where status = 'open' and ends_at <= ?`;
    for (const row of this.#sql.exec<Row>(overdue, realNowMs).toArray()) {
      const found = read(row);
      this.#free(found);
      this.#settle(found, "expired", found.reservation.items);
    }
  }

  /** Forgets those that were over before an instant of real time. */
  forget(beforeMs: number): void {
    this.#sql.exec(`delete from reservations where status <> 'open' and ends_at < ?`, beforeMs);
  }

  #byId(id: string): Kept | undefined {
    const row = this.#sql.exec<Row>(`select * from reservations where id = ?`, id).toArray()[0];
    return row && read(row);
  }

  #free({ reservation: { items, madeAt }, frame }: Kept): void {
    for (const { units, committed: _, ...metered } of items) this.#books.reserve(metered, madeAt, -units, frame);
  }

  #settle(found: Kept, status: ReservationStatus, items: ReservedItem[]): Settled {
    const { id } = found.reservation;
    const kept = JSON.stringify({ ...found.frame, items });
    this.#sql.exec(`update reservations set status = ?, items = ? where id = ?`, status, kept, id);
    return this.#settled({ ...found, reservation: { ...found.reservation, status, items } });
  }

  #settled({ reservation, frame }: Kept): Settled {
    const usages = reservation.items.map((item) => usageOf(item, this.#books.counter(item, reservation.madeAt, frame)));
    return { settled: true, reservation, usages };
  }
}

type Making = { id: string; items: readonly (Metered & { units: number })[]; calendar: Calendar; endsAt: Date };

/** A reservation with the calendar by which it was made: it is settled by the same one. */
type Kept = { reservation: Reservation; frame: Calendar };

function read({ id, status, items: text, made_at, ends_at }: Row): Kept {
  const { zone, since, items } = revived<{ zone: string; since: string; items: ReservedItem[] }>(text);
  const madeAt = new Date(made_at);
  return {
    reservation: { id, status, items, madeAt, endsAt: new Date(ends_at) },
    frame: { zone, since: new Date(since), now: madeAt },
  };
}

const isNamed = ({ feature, featureId }: Metered, name: string) => feature === name || featureId === name;

/** Whether something was reserved, in that amount at least, and is not named already: by its id and by its code it is the same. */
function isWithin(each: { feature: string; units: number }, items: readonly ReservedItem[], before: NonNullable<Named>): boolean {
  const item = items.find((item) => isNamed(item, each.feature));
  return item !== undefined && each.units <= item.units && !before.some(({ feature }) => isNamed(item, feature));
}

/** How much of an item is used: all of it, or what was named. */
function committedOf(item: ReservedItem, named: Named): number {
  return named === null ? item.units : (named.find(({ feature }) => isNamed(item, feature))?.units ?? 0);
}
