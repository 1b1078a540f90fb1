import { and, desc, eq } from "drizzle-orm";
import { bound, commit, guard, type Asking, type Statement, type Told } from "../commit.ts";
import { dbOf } from "../db.ts";
import { olderThan, pageOf, type Page } from "../page.ts";
import { tenants } from "../tenants/tables.ts";
import { testClocks } from "./tables.ts";

export type TestClockRow = typeof testClocks.$inferSelect;

/** What a clock that is being moved sees, at one moment. */
export type Surroundings = {
  woken: { workflowId: string; at: Date } | null;
  events: { seq: number; type: string; subject: { type: string; id: string }; at: Date; isDispatched: boolean }[];
  next: { workflowId: string; at: Date } | null;
};

/** How many events are looked at in one step. */
const EVENTS_AT_ONCE = 200;

/** The sandbox's test clock, and with it the sandbox's time. */
export function testClocksOf(asking: Asking) {
  return { ...readsOf(asking), ...movesOf(asking), ...endsOf(asking) };
}

function readsOf({ d1, tenantId }: Asking) {
  const db = dbOf(d1);
  return {
    byId: (id: string) =>
      db
        .select()
        .from(testClocks)
        .where(and(eq(testClocks.tenantId, tenantId), eq(testClocks.id, id)))
        .get(),

    list: async (page: Page) =>
      pageOf(
        await db
          .select()
          .from(testClocks)
          .where(and(eq(testClocks.tenantId, tenantId), olderThan(testClocks.id, page)))
          .orderBy(desc(testClocks.id))
          .limit(page.limit + 1),
        page,
      ),

    /** What stands in the clock's way, what comes next, and the events behind the place `behind`. */
    surroundings: async (behind: number): Promise<Surroundings> => {
      const [woken, events, next] = await d1.batch([
        d1
          .prepare(
            "select workflow_id, at from wakeups where tenant_id = ?1 and woken_at is not null order by at, workflow_id limit 1",
          )
          .bind(tenantId),
        d1
          .prepare(
            `select seq, type, subject_type, subject_id, at, dispatched_at from events where tenant_id = ?1 and seq > ?2 order by seq limit ${EVENTS_AT_ONCE}`,
          )
          .bind(tenantId, behind),
        d1
          .prepare(
            "select workflow_id, at from wakeups where tenant_id = ?1 and woken_at is null order by at, workflow_id limit 1",
          )
          .bind(tenantId),
      ]);
      return { woken: waiting(woken), events: seen(events), next: waiting(next) };
    },
  };
}

function endsOf(asking: Asking) {
  const { d1, tenantId, realNow } = asking;
  const db = dbOf(d1);
  return {
    /** The clock comes to be, and the sandbox's time stands still at `at`. Throws NotUnique where there is one. */
    insert: (row: TestClockRow, at: Date, told: Told) =>
      commit(
        asking,
        [
          bound(d1, db.insert(testClocks).values(row)),
          bound(d1, db.update(tenants).set({ clockFrozenAt: at }).where(eq(tenants.id, tenantId))),
          // their own timers are about to ring: they go on at once
          d1
            .prepare("update wakeups set woken_at = ?3 where tenant_id = ?1 and at <= ?2 and woken_at is null")
            .bind(tenantId, at.getTime(), realNow.getTime()),
        ],
        told,
      ),

    /** The clock goes, and the sandbox's time runs on from where it stands. */
    delete: ({ id, version }: TestClockRow, told: Told) =>
      commit(
        asking,
        [
          bound(
            d1,
            db
              .delete(testClocks)
              .where(and(eq(testClocks.tenantId, tenantId), eq(testClocks.id, id), eq(testClocks.version, version))),
          ),
          guard(d1),
          d1
            .prepare(
              "update tenants set clock_offset_ms = clock_frozen_at - ?2, clock_frozen_at = null where id = ?1 and clock_frozen_at is not null",
            )
            .bind(tenantId, realNow.getTime()),
        ],
        told,
      ),
  };
}

function movesOf(asking: Asking) {
  const { d1, tenantId, realNow } = asking;
  const db = dbOf(d1);
  const over = (row: TestClockRow): Statement[] => [
    bound(
      d1,
      db
        .update(testClocks)
        .set({ ...row, version: row.version + 1 })
        .where(and(eq(testClocks.tenantId, tenantId), eq(testClocks.id, row.id), eq(testClocks.version, row.version))),
    ),
    guard(d1),
  ];
  // time goes forward or stands: a writer that comes late moves nothing back
  const standsAt = (at: Date) =>
    d1
      .prepare("update tenants set clock_frozen_at = max(clock_frozen_at, ?2) where id = ?1 and clock_frozen_at is not null")
      .bind(tenantId, at.getTime());

  return {
    /** Changes the clock over the version it was read as; undefined when it was changed since. */
    update: (row: TestClockRow, told: Told) => commit(asking, over(row), told),

    /** The sandbox's time comes to the instant of a story, which is to be told of it; undefined when the clock or the story went on since. */
    wake: (row: TestClockRow, { workflowId, at }: { workflowId: string; at: Date }) =>
      commit(
        asking,
        [
          ...over(row),
          standsAt(at),
          d1
            .prepare(
              "update wakeups set woken_at = ?3 where tenant_id = ?1 and workflow_id = ?2 and at <= ?4 and woken_at is null",
            )
            .bind(tenantId, workflowId, realNow.getTime(), at.getTime()),
          guard(d1),
        ],
        { facts: [], answer: [200, null] },
      ),

    /** The sandbox's time comes to `at`, and no story is due by then; undefined when one is since, or the clock was changed. */
    arrive: (row: TestClockRow, at: Date, told: Told) =>
      commit(
        { ...asking, now: at },
        [
          d1
            .prepare(
              `select case when exists (select 1 from wakeups where tenant_id = ?1 and at <= ?2)
               then json('guard:a story is due') end`,
            )
            .bind(tenantId, at.getTime()),
          ...over(row),
          standsAt(at),
        ],
        told,
      ),
  };
}

type WakeupColumns = { workflow_id: string; at: number };
type EventColumns = {
  seq: number;
  type: string;
  subject_type: string;
  subject_id: string;
  at: number;
  dispatched_at: number | null;
};

function waiting(result: D1Result | undefined): { workflowId: string; at: Date } | null {
  const [row] = (result?.results ?? []) as WakeupColumns[];
  return row ? { workflowId: row.workflow_id, at: new Date(row.at) } : null;
}

const seen = (result: D1Result | undefined) =>
  ((result?.results ?? []) as EventColumns[]).map(({ seq, type, subject_type, subject_id, at, dispatched_at }) => ({
    seq,
    type,
    subject: { type: subject_type, id: subject_id },
    at: new Date(at),
    isDispatched: dispatched_at !== null,
  }));
