import { and, desc, eq, isNull, sql, type SQL } from "drizzle-orm";
import type { StoryCommand, StoryState } from "#rules/stories/states";
import { bound, commit, guard, type Asking, type Statement, type Told } from "../commit.ts";
import { dbOf } from "../db.ts";
import { olderThan, pageOf, type Page, type PageOf } from "../page.ts";
import { PLATFORM } from "../tenant-id.ts";
import { tenantById, type TenantRow } from "../tenants/callers.ts";
import { stories } from "./tables.ts";

export type StoryRow = typeof stories.$inferSelect;

export type StoryFilter = {
  tenantId?: string | undefined;
  state?: StoryState | undefined;
  kind?: string | undefined;
  subjectId?: string | undefined;
  workflowId?: string | undefined;
};

/** What is asked of a story. */
export type StoryOrder = { command: StoryCommand; commandReason: string | null };

/** How what was asked of a story ended. */
export type Closed = { outcome: "done" | "refused"; detail: string | null };

/** Who asks of everybody, and how late it is at a tenant's: events are written in the tenant's own time. */
export type AskingAll = Omit<Asking, "tenantId"> & { nowIn(tenant: TenantRow): Date };

/** The stories of one tenant. */
export function storiesOf(asking: Asking) {
  return {
    ...readsOf(asking.d1, eq(stories.tenantId, asking.tenantId)),

    /** Asks something of a story as it was read; undefined where it went on or was asked something since. */
    command: async (row: StoryRow, order: StoryOrder, told: Told) =>
      row.tenantId === asking.tenantId ? commit(asking, ordering(asking, row, order), told) : undefined,

    /** What was asked was done, or will not be; undefined where that was noted already. */
    close: async (row: StoryRow, closed: Closed, told: Told) =>
      row.tenantId === asking.tenantId ? commit(asking, closing(asking.d1, row, closed), told) : undefined,
  };
}

/** The stories of everybody in one database, for operators. */
export function storiesOfAll(asking: AskingAll) {
  return {
    ...readsOf(asking.d1, undefined),

    /** The same as a tenant's own: what is asked of a tenant's story is told in the tenant's log. Of the platform's no log tells. */
    command: async (row: StoryRow, order: StoryOrder, told: Told) => {
      const changes = ordering(asking, row, order);
      if (row.tenantId === PLATFORM) return commit({ ...asking, tenantId: PLATFORM }, changes, { ...told, facts: [] });
      const found = await tenantById(asking.d1, row.tenantId);
      return found && commit({ ...asking, tenantId: found.tenantId, now: asking.nowIn(found.tenant) }, changes, told);
    },
  };
}

/** A page of the stories of everybody in every database, the newest of each first. */
export async function listStoriesOfAll(d1s: readonly D1Database[], page: Page, filter: StoryFilter): Promise<PageOf<StoryRow>> {
  const parts = await Promise.all(d1s.map((d1) => readsOf(d1, undefined).list(page, filter)));
  const rows = parts.flatMap((part) => part.rows).toSorted((a, b) => (a.id < b.id ? 1 : -1));
  return { rows: rows.slice(0, page.limit), hasMore: rows.length > page.limit || parts.some(({ hasMore }) => hasMore) };
}

/** `whose`: the rows that are seen; undefined: everybody's. */
function readsOf(d1: D1Database, whose: SQL | undefined) {
  const db = dbOf(d1);
  return {
    byId: (id: string): Promise<StoryRow | undefined> =>
      db
        .select()
        .from(stories)
        .where(and(whose, eq(stories.id, id)))
        .get(),

    /** Newest first. */
    list: async (page: Page, filter: StoryFilter) =>
      pageOf(
        await db
          .select()
          .from(stories)
          .where(and(whose, ...filtered(filter), olderThan(stories.id, page)))
          .orderBy(desc(stories.id))
          .limit(page.limit + 1),
        page,
      ),
  };
}

const filtered = ({ tenantId, state, kind, subjectId, workflowId }: StoryFilter) => [
  tenantId === undefined ? undefined : eq(stories.tenantId, tenantId),
  state === undefined ? undefined : eq(stories.state, state),
  kind === undefined ? undefined : eq(stories.kind, kind),
  subjectId === undefined ? undefined : eq(stories.subjectId, subjectId),
  workflowId === undefined ? undefined : eq(stories.workflowId, workflowId),
];

function ordering({ d1, realNow }: Pick<Asking, "d1" | "realNow">, row: StoryRow, order: StoryOrder): Statement[] {
  const update = dbOf(d1)
    .update(stories)
    .set({ ...order, commandedAt: realNow, commandOutcome: null, commandDetail: null })
    .where(and(asRead(row), eq(stories.runId, row.runId), eq(stories.state, row.state)));
  return [bound(d1, update), guard(d1)];
}

const closing = (d1: D1Database, row: StoryRow, { outcome, detail }: Closed): Statement[] => {
  const update = dbOf(d1).update(stories).set({ commandOutcome: outcome, commandDetail: detail }).where(asRead(row));
  return [bound(d1, update), guard(d1)];
};

/** The row, as long as what was asked of it last is what it was when it was read. */
const asRead = (row: StoryRow) =>
  and(
    eq(stories.tenantId, row.tenantId),
    eq(stories.id, row.id),
    sql`${stories.command} is ${row.command}`,
    sql`${stories.commandedAt} is ${row.commandedAt?.getTime() ?? null}`,
    sql`${stories.commandOutcome} is ${row.commandOutcome}`,
  );

/** The same as `close` for a story of which no log tells: the platform's, or one of a tenant that was closed. */
export async function closeUntold(d1: D1Database, row: StoryRow, closed: Closed): Promise<void> {
  const update = dbOf(d1)
    .update(stories)
    .set({ commandOutcome: closed.outcome, commandDetail: closed.detail })
    .where(and(asRead(row), isNull(stories.commandOutcome)));
  await bound(d1, update).run();
}

/** A story of whoever it is, for the host that carries out what was asked of it. */
export const storyOfAnyone = (d1: D1Database, tenantId: string, id: string): Promise<StoryRow | undefined> =>
  dbOf(d1)
    .select()
    .from(stories)
    .where(and(eq(stories.tenantId, tenantId), eq(stories.id, id)))
    .get();
