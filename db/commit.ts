import type { Actor, EventType } from "#rules/events";
import { noticesCalledFor } from "./mail/calling.ts";
import type { TenantId } from "./tenant-id.ts";
import { SUBSCRIBES } from "./webhooks/subscribing.ts";

/** A statement with its values already bound. */
export type Statement = D1PreparedStatement;

/** A built query; drizzle's builders are one. */
export type Query = { toSQL(): { sql: string; params: unknown[] } };

/** A fact to be told with a change: the object as the wire shows it, and what of it was different before. */
export type Fact = {
  /** Whose event it is, where a change of the platform tells two tenants (a vendor and its sandbox). */
  tenantId?: TenantId;
  type: EventType;
  subject: { type: string; id: string };
  data: { object: Record<string, unknown>; previous: Record<string, unknown> | null };
  /** What came from elsewhere was told to people there: no mail is made of it. */
  mailsNobody?: true;
  /** The table whose row gave the object its number in this very batch: the event says it too. */
  numberedBy?: "invoices" | "credit_notes";
  /** An endpoint that gets a delivery of its own with the change, whatever it subscribes to. */
  apart?: string;
};

/** The answer of a request, made before the write so that both are kept together. */
export type Answer = readonly [status: number, body: unknown];

/** `later`: a provider is called before the answer is known; the subject is what a retry resumes. */
export type Told = { facts: readonly Fact[]; answer: Answer | { later: string } };

/** The caller's Idempotency-Key as the batch writes it, made by the kernel. */
export type IntentSlot = {
  readonly owner: string;
  readonly keyHash: string;
  readonly requestHash: string;
  /** Set by the kernel when an earlier try of the same intent left its row behind. */
  resumes: string | null;
  /** Set by `commit`: the row is in the database. */
  written: "no" | "running" | "answered";
  seal(answer: Answer): Promise<string>;
};

/** An event with its place among those of the shard. */
export type Committed = Pick<Fact, "type" | "subject" | "data"> & {
  tenantId: TenantId;
  position: number;
  licenseId: string | null;
};

/** Who asks, when, and under which request: what every batch records beside its change. */
export type Asking = {
  readonly d1: D1Database;
  readonly tenantId: TenantId;
  readonly shard: string;
  readonly now: Date;
  readonly realNow: Date;
  readonly requestId: string | null;
  readonly actor: Actor;
  readonly intent: IntentSlot | null;
  readonly newId: (noun: "event" | "delivery" | "notice", at: Date) => string;
  /**
   * Told after a commit, so that whoever waits for its events wakes, and whoever keeps what they made untrue forgets it; `deliveries` when some
   * endpoint is to hear of it, `notices` when somebody is to be mailed.
   */
  readonly ring: (wakes: { deliveries: boolean; notices?: boolean; events: readonly Committed[] }) => void;
};

/** How long a running intent is left alone: longer than a provider call may take (20 s), shorter than an activity (45 s). */
export const INTENT_LEASE_MS = 30_000;

/** The same intent was committed by another request; the kernel answers with that one's answer. */
export class AlreadyAnswered extends Error {
  override name = "AlreadyAnswered";
}

/** A unique index refused the change; `index` names its columns as SQLite does (`table.column, …`). */
export class NotUnique extends Error {
  override name = "NotUnique";
  readonly columns: string;
  constructor(columns: string) {
    super(`Not unique: ${columns}`);
    this.columns = columns;
  }
}

/** Bound statements of a query builder. */
export function bound(d1: D1Database, query: Query): Statement {
  const { sql, params } = query.toSQL();
  return d1.prepare(sql).bind(...params);
}

/** Aborts the batch, and so undoes all of it, when the statement before it changed no row. */
export function guard(d1: D1Database): Statement {
  return d1.prepare("select case changes() when 0 then json('guard:no row was changed') end");
}

/**
 * Commits a change with all that belongs to it, in one batch: the caller's intent and its answer, the change, its events, and the
 * deliveries and notices that they cause. Returns the results of `changes`, or undefined when a guard among them found no row; then nothing was written.
 * Throws AlreadyAnswered when the same intent won elsewhere, NotUnique when an index refused.
 */
export async function commit(asking: Asking, changes: readonly Statement[], told: Told): Promise<D1Result[] | undefined> {
  const first = await intentStatements(asking, told.answer);
  const facts = told.facts.map((fact) => ({
    tenantId: asking.tenantId,
    ...fact,
    eventId: asking.newId("event", asking.realNow),
  }));
  const notices = noticesCalledFor(asking.d1, facts, idStart(asking, "notice"), asking.realNow);
  const telling = facts.flatMap((fact) => factStatements(asking, fact));
  const statements = [...first, ...changes, ...telling, ...(notices ? [notices] : [])];
  try {
    const results = await asking.d1.batch(statements);
    if (asking.intent) asking.intent.written = "later" in told.answer ? "running" : "answered";
    // behind the changes stand two statements a fact: the event and its deliveries; last the notices of all of them
    const behind = results.slice(first.length + changes.length, first.length + changes.length + telling.length);
    const mailed = results[first.length + changes.length + telling.length]?.meta.changes ?? 0;
    const fanOuts = behind.filter((_, index) => index % 2 === 1);
    const events = told.facts.map((fact, index) => committed(asking, fact, behind[index * 2]));
    if (events.length > 0) {
      asking.ring({ deliveries: fanOuts.some((result) => result.meta.changes > 0), notices: mailed > 0, events });
    }
    return results.slice(first.length, first.length + changes.length);
  } catch (error) {
    return refused(error);
  }
}

/**
 * Commits what one claim makes with the fact that tells of it, in one batch in which nothing aborts: where the claim makes no row nothing is
 * written, and what `otherwise` read behind it says how things are. For requests without an Idempotency-Key.
 */
export async function commitClaim(
  asking: Asking,
  claim: Statement,
  fact: Fact,
  otherwise: Statement,
): Promise<{ made: boolean; otherwise: D1Result }> {
  if (asking.intent) throw new Error("A claim that may make nothing keeps no answer");
  const told = { tenantId: asking.tenantId, ...fact, eventId: asking.newId("event", asking.realNow) };
  try {
    const [claimed, event, fanOuts, read] = await asking.d1.batch([claim, ...factStatements(asking, told, true), otherwise]);
    if (!claimed || !event || !fanOuts || !read) throw new Error("D1 answered fewer results than it was asked for");
    const made = claimed.meta.changes > 0;
    if (made) asking.ring({ deliveries: fanOuts.meta.changes > 0, events: [committed(asking, fact, event)] });
    return { made, otherwise: read };
  } catch (error) {
    refused(error);
    throw error;
  }
}

function refused(error: unknown): undefined {
  const message = error instanceof Error ? error.message : String(error);
  if (message.includes("malformed JSON")) return undefined;
  const columns = /UNIQUE constraint failed: ([^:]+?)(?:: SQLITE_CONSTRAINT.*)?$/.exec(message)?.[1];
  if (columns?.includes("idempotency_keys.")) throw new AlreadyAnswered();
  if (columns) throw new NotUnique(columns);
  throw error;
}

/** First in the batch, so that of two equal requests the loser fails on its intent and on nothing else. */
async function intentStatements({ d1, intent, realNow }: Asking, answer: Told["answer"]): Promise<Statement[]> {
  if (!intent || intent.written === "answered") return [];
  if ("later" in answer) {
    if (intent.written === "running") return [];
    const insert = `insert into idempotency_keys (owner, key_hash, request_hash, subject_id, lease_until, created_at) values (?, ?, ?, ?, ?, ?)`;
    const lease = realNow.getTime() + INTENT_LEASE_MS;
    return [d1.prepare(insert).bind(intent.owner, intent.keyHash, intent.requestHash, answer.later, lease, realNow.getTime())];
  }
  const sealed = await intent.seal(answer);
  if (intent.written === "running") {
    const update = `update idempotency_keys set status = ?, answer = ?, lease_until = null where owner = ? and key_hash = ? and answer is null`;
    return [d1.prepare(update).bind(answer[0], sealed, intent.owner, intent.keyHash), guard(d1)];
  }
  const insert = `insert into idempotency_keys (owner, key_hash, request_hash, status, answer, created_at) values (?, ?, ?, ?, ?, ?)`;
  return [d1.prepare(insert).bind(intent.owner, intent.keyHash, intent.requestHash, answer[0], sealed, realNow.getTime())];
}

/** `isTold`: whether there is an event at all, where that is not certain; `data`: what it says, where the database knows more than who asks. */
const eventSql = (isTold: string, data = "?9") =>
  `insert into events (tenant_id, seq, id, type, subject_type, subject_id, actor_type, actor_id, actor_ip, data, request_id, at, license_id)
   select ?1, coalesce((select max(seq) from events where tenant_id = ?1), 0) + 1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ${data}, ?10, ?11, ?12 ${isTold}
   returning rowid as position`;
const EVENT = eventSql("");
const EVENT_IF_CHANGED = eventSql("where changes() > 0");

/** Written behind the document: the number is the one that the batch has just given it. */
const numbered = (table: "invoices" | "credit_notes") =>
  eventSql("", `json_set(?9, '$.object.number', (select number from ${table} where tenant_id = ?1 and id = ?5))`);
const EVENT_NUMBERED = { invoices: numbered("invoices"), credit_notes: numbered("credit_notes") };

/** What ids of one batch begin with: ten characters of time behind prefix and shard, so that they sort as they were made. The database puts chance behind it. */
const idStart = ({ newId, realNow }: Asking, noun: "delivery" | "notice"): string => newId(noun, realNow).slice(0, -16);

/** The event with the next number of its tenant, and a delivery for each endpoint that subscribes to it: for a disabled one too, which gets it when it is enabled. */
function factStatements(
  asking: Asking,
  { type, subject, data, apart, numberedBy, tenantId, eventId: id }: Fact & { tenantId: TenantId; eventId: string },
  onlyIfChanged = false,
): Statement[] {
  const { d1, actor, requestId, now } = asking;
  const event = d1
    .prepare(numberedBy ? EVENT_NUMBERED[numberedBy] : onlyIfChanged ? EVENT_IF_CHANGED : EVENT)
    .bind(
      tenantId,
      id,
      type,
      subject.type,
      subject.id,
      actor.type,
      actor.id,
      actor.ip,
      JSON.stringify(data),
      requestId,
      now.getTime(),
      licenseOf(subject, data.object),
    );
  return [event, fanOut({ ...asking, tenantId }, id, { type, apart })];
}

function committed(
  asking: Asking,
  { tenantId = asking.tenantId, type, subject, data }: Fact,
  result: D1Result | undefined,
): Committed {
  const [row] = (result?.results ?? []) as { position: number }[];
  return { tenantId, position: row?.position ?? 0, type, subject, data, licenseId: licenseOf(subject, data.object) };
}

/** The license whose log an event belongs to: the subject itself, or the one that the subject names as its own. */
function licenseOf(subject: Fact["subject"], object: Record<string, unknown>): string | null {
  if (subject.type === "license") return subject.id;
  const named = object["license_id"];
  return typeof named === "string" ? named : null;
}

/** A delivery for each endpoint that subscribes to the event. */
function fanOut(asking: Asking, eventId: string, { type, apart }: { type: EventType; apart: string | undefined }): Statement {
  const { d1, tenantId, realNow } = asking;
  return d1
    .prepare(
      `insert into deliveries (tenant_id, id, endpoint_id, event_seq, event_id, event_type, state, attempts, next_at, created_at)
       select e.tenant_id, ?2 || lower(hex(randomblob(8))), e.id, told.seq, ?3, ?4, 'pending', 0, ?5, ?5
       from webhook_endpoints e indexed by webhook_endpoints_live cross join events told on told.tenant_id = ?1 and told.id = ?3
       where e.tenant_id = ?1 and e.deleted_at is null and e.id is not ?6 and ${SUBSCRIBES}`,
    )
    .bind(tenantId, idStart(asking, "delivery"), eventId, type, realNow.getTime(), apart ?? null);
}
