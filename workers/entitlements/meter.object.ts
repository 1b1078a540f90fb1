import { DurableObject } from "cloudflare:workers";
import type { Env } from "#kernel/env";
import type {
  Calendar,
  Entry,
  Item,
  LedgerEntry,
  MeterCalls,
  MeterIntent,
  Once,
  Reserved,
  Settled,
  Short,
  Taken,
  Tracked,
} from "#kernel/meter";
import { fits, hopeFor, type Hope, type Metered, type Usage } from "#rules/entitlements/counting";
import { Books, revived, usageOf, type Counter } from "./books.ts";
import { Reservations } from "./reservations.ts";
import { tell } from "./telling.ts";

type Answers = { answer: string; request_hash: string };

const TABLES = `
  create table if not exists self (tenant_id text not null, license_id text not null);
  create table if not exists answers (key text primary key, request_hash text not null, answer text not null, at integer not null) without rowid;
  create index if not exists answers_by_age on answers (at);`;

const ANSWERS_KEPT_MS = 30 * 24 * 3600 * 1000;
/** How soon the database hears of what was used, and of a threshold. */
const DAYS_TOLD_AFTER_MS = 20_000;
const TOLD_AGAIN_AFTER_MS = { first: 5000, most: 600_000 };

/**
 * What was used of one license's quotas: counters, the ledger that sums to them, reservations, and what is still to be told to the database.
 * Named `<tenant id>/<license id>`. Each call is one synchronous transaction of its storage, so none is ever half done, and no two meet.
 */
export class Meter extends DurableObject implements MeterCalls {
  readonly #books: Books;
  readonly #reservations: Reservations;
  #wakesAt: number | null = null;
  #failures = 0;
  /** after the database did not take what was told, it is left alone until then */
  #pausedUntil = 0;

  constructor(state: DurableObjectState, env: Env) {
    super(state, env);
    const { sql } = state.storage;
    this.#books = new Books(sql);
    this.#reservations = new Reservations(sql, this.#books);
    void state.blockConcurrencyWhile(async () => {
      this.#wakesAt = await state.storage.getAlarm();
    });
  }

  /** Uses all items, or none of them. */
  async consume(asked: Parameters<MeterCalls["consume"]>[0]): Promise<Once<Taken>> {
    return this.#writing(() =>
      this.#once(
        asked.intent,
        (answer: Taken) => answer.taken,
        () => this.#consumed(asked),
      ),
    );
  }

  /** Holds all items back for `ttlS` seconds of real time, or none of them. The id is the caller's to make. */
  async reserve(asked: Parameters<MeterCalls["reserve"]>[0]): Promise<Once<Reserved>> {
    return this.#writing(() =>
      this.#once(
        asked.intent,
        (answer: Reserved) => answer.taken,
        () => this.#reserved(asked),
      ),
    );
  }

  /** Uses what was held back, or less of it; the rest is free again. */
  async commit(asked: Parameters<MeterCalls["commit"]>[0]): Promise<Once<Settled>> {
    if (!this.#books.isOpen) return { outcome: "answered", replayed: false, answer: { settled: false, why: "not_found" } };
    return this.#writing(() =>
      this.#once(
        asked.intent,
        (answer: Settled) => answer.settled,
        () => this.#reservations.commit(asked),
      ),
    );
  }

  /** Frees what was held back. */
  async release(asked: Parameters<MeterCalls["release"]>[0]): Promise<Once<Settled>> {
    if (!this.#books.isOpen) return { outcome: "answered", replayed: false, answer: { settled: false, why: "not_found" } };
    return this.#writing(() =>
      this.#once(
        asked.intent,
        (answer: Settled) => answer.settled,
        () => this.#reservations.release(asked),
      ),
    );
  }

  /** Counts what was used already, each entry once by its key. Nothing is refused: what goes beyond a limit is counted, and its thresholds told. */
  async track(entries: readonly Entry[], calendar: Calendar): Promise<Tracked[]> {
    return this.#writing(() => entries.map((entry) => this.#tracked(entry, calendar)));
  }

  /** How much of each feature is used in the period that `calendar.now` lies in, in the order asked for. */
  async usage(features: readonly Metered[], calendar: Calendar): Promise<Usage[]> {
    if (this.#books.isOpen && this.#reservations.hasOverdue(Date.now()))
      return this.#writing(() => this.#usages(features, calendar));
    return this.#usages(features, calendar);
  }

  /** Entries of the ledger, the newest first, behind the one with the id `before`. */
  async ledger(page: { limit: number; before: number | null; featureId: string | null }): Promise<LedgerEntry[]> {
    return this.#books.isOpen ? this.#books.ledger(page) : [];
  }

  /** What each counter says beside what its ledger sums to. */
  async audit(): Promise<{ featureId: string; period: string; used: number; summed: number }[]> {
    return this.#books.isOpen ? this.#books.sums() : [];
  }

  override async alarm(): Promise<void> {
    this.#wakesAt = null;
    if (!this.#books.isOpen) return;
    const { storage } = this.ctx;
    storage.transactionSync(() => {
      this.#reservations.freeOverdue(Date.now());
      this.#reservations.forget(Date.now() - ANSWERS_KEPT_MS);
      storage.sql.exec(`delete from answers where at < ?`, Date.now() - ANSWERS_KEPT_MS);
    });
    const isToldAll = await tell(this.env, this.ctx, this.#self(), this.#books).catch((error: unknown) => {
      // oxlint-disable-next-line no-console -- the edge's log is the console
      console.error(JSON.stringify({ at: "meter", error: String(error).slice(0, 300) }));
      return false;
    });
    this.#failures = isToldAll ? 0 : this.#failures + 1;
    const { first, most } = TOLD_AGAIN_AFTER_MS;
    this.#pausedUntil = isToldAll ? 0 : Date.now() + Math.min(most, first * 2 ** Math.min(this.#failures - 1, 10));
    if (storage.transactionSync(() => this.#books.fold(Date.now()))) this.#wakeBy(Date.now());
    this.#wakeForWork();
  }

  /** What was answered to an intent before; null where nothing was. */
  async answered(intent: NonNullable<MeterIntent>): Promise<Once<unknown> | null> {
    return this.#books.isOpen ? this.#before(intent) : null;
  }

  #consumed({ intent, items, calendar }: { intent: MeterIntent; items: readonly Item[]; calendar: Calendar }): Taken {
    const short = this.#short(items, calendar);
    if (short.length > 0) return { taken: false, short, usages: this.#usages(items, calendar) };
    const { now: at } = calendar;
    for (const { units, ...metered } of items) {
      this.#books.post(metered, { units, mode: "add", at, source: "consume", key: intent?.keyHash ?? null }, calendar);
    }
    return { taken: true, usages: this.#usages(items, calendar), takenAt: at };
  }

  #reserved(asked: { id: string; items: readonly Item[]; calendar: Calendar; ttlS: number }): Reserved {
    const { id, items, calendar, ttlS } = asked;
    const short = this.#reservations.isFull() ? "reservations" : this.#short(items, calendar);
    if (short === "reservations" || short.length > 0) return { taken: false, short, usages: this.#usages(items, calendar) };
    const endsAt = new Date(Date.now() + ttlS * 1000);
    const reservation = this.#reservations.make({ id, items, calendar, endsAt });
    return { taken: true, usages: this.#usages(items, calendar), reservation };
  }

  /** The items that do not fit beside those before them. */
  #short(items: readonly Item[], calendar: Calendar): Short[] {
    const taken = new Map<string, number>();
    return items.flatMap(({ units, ...metered }, index) => {
      const counter = this.#books.counter(metered, calendar.now, calendar);
      const before = taken.get(metered.featureId) ?? 0;
      const asked = { ...counter, used: counter.used + before };
      if (!fits(asked, units)) return [{ index, ...this.#hope(metered, asked, units, calendar) }];
      taken.set(metered.featureId, before + units);
      return [];
    });
  }

  #hope(metered: Metered, counter: Counter, units: number, calendar: Calendar): Hope {
    const { endsAt } = counter.period;
    const roomAt = this.#reservations.roomAt(metered, counter, units);
    return hopeFor(counter, units, metered.rollover, {
      periodEndsInMs: endsAt && endsAt.getTime() - calendar.now.getTime(),
      roomInMs: roomAt && roomAt - Date.now(),
    });
  }

  #tracked({ key, units, mode, at: told, ...metered }: Entry, calendar: Calendar): Tracked {
    const at = told === null || told > calendar.now ? calendar.now : told;
    const usage = () => usageOf(metered, this.#books.counter(metered, at, calendar));
    const content = JSON.stringify([metered.featureId, units, mode, told]);
    const known = this.#answer(`u/${key}`);
    if (known) return { outcome: known.request_hash === content ? "duplicate" : "other", usage: usage() };
    this.#books.post(metered, { units, mode, at, source: "usage", key }, calendar);
    this.#keep(`u/${key}`, content, "");
    return { outcome: "counted", usage: usage() };
  }

  #usages(features: readonly Metered[], calendar: Calendar): Usage[] {
    return features.map((metered) => this.#books.usage(metered, calendar));
  }

  /** Acts once for an intent: whoever comes again with it gets the answer that was kept. Only good answers are kept; a refusal may turn. */
  #once<T>(intent: MeterIntent, isKept: (answer: T) => boolean, act: () => T): Once<T> {
    const before = intent && this.#before<T>(intent);
    if (before) return before;
    const answer = act();
    if (intent && isKept(answer)) this.#keep(`i/${intent.keyHash}`, intent.requestHash, JSON.stringify(answer));
    return { outcome: "answered", replayed: false, answer };
  }

  // oxlint-disable-next-line typescript/no-unnecessary-type-parameters -- a content always had an answer of the same kind
  #before<T>({ keyHash, requestHash }: NonNullable<MeterIntent>): Once<T> | null {
    const known = this.#answer(`i/${keyHash}`);
    if (!known) return null;
    return known.request_hash === requestHash
      ? { outcome: "answered", replayed: true, answer: revived<T>(known.answer) }
      : { outcome: "reused" };
  }

  #answer(key: string): Answers | undefined {
    return this.ctx.storage.sql.exec<Answers>(`select answer, request_hash from answers where key = ?`, key).toArray()[0];
  }

  #keep(key: string, content: string, answer: string): void {
    const insert = `insert into answers (key, request_hash, answer, at) values (?, ?, ?, ?)`;
    this.ctx.storage.sql.exec(insert, key, content, answer, Date.now());
  }

  /** Runs a call as one transaction, behind what is overdue, and sees to it that the alarm rings for what it left to do. */
  #writing<T>(act: () => T): T {
    const { storage } = this.ctx;
    if (!this.#books.isOpen) storage.transactionSync(() => this.#open());
    const done = storage.transactionSync(() => {
      this.#reservations.freeOverdue(Date.now());
      return act();
    });
    this.#wakeForWork();
    return done;
  }

  /** An object that was only ever asked holds nothing; the first that writes makes the tables. */
  #open(): void {
    const [tenantId, licenseId] = this.ctx.id.name?.split("/") ?? [];
    if (!tenantId || !licenseId) throw new Error("A meter is named by its tenant and license");
    const { sql } = this.ctx.storage;
    sql.exec(TABLES);
    sql.exec(`insert into self (tenant_id, license_id) values (?, ?)`, tenantId, licenseId);
    this.#reservations.open();
    this.#books.open();
  }

  /** Whose meter this is. An alarm does not know its object's name, so it is written down. */
  #self(): { tenantId: string; licenseId: string } {
    const read = `select tenant_id as tenantId, license_id as licenseId from self`;
    return this.ctx.storage.sql.exec<{ tenantId: string; licenseId: string }>(read).one();
  }

  #wakeForWork(): void {
    const untold = this.#books.hasUntold();
    const soon = Date.now() + (untold === "marks" ? 0 : DAYS_TOLD_AFTER_MS);
    if (untold !== null) this.#wakeBy(Math.max(soon, this.#pausedUntil));
    const end = this.#reservations.nextEnd();
    if (end !== null) this.#wakeBy(end);
  }

  #wakeBy(at: number): void {
    if (this.#wakesAt !== null && this.#wakesAt <= at) return;
    this.#wakesAt = at;
    // committed together with what it is to ring for
    this.ctx.waitUntil(this.ctx.storage.setAlarm(at));
  }
}
