import type { EventType } from "#rules/events";
import { noticesFor } from "#rules/mail/kinds";

/** A fact under the id that its event has. */
type ToldFact = {
  tenantId: string;
  eventId: string;
  type: EventType;
  data: { object: Record<string, unknown>; previous: Record<string, unknown> | null };
  mailsNobody?: true;
};

/**
 * The notices that facts call for, as one statement behind their events; undefined where they call for none. The database says who is mailed: an
 * address there must be, and the tenant must want the kind. `idStart` is what the ids of this batch begin with.
 */
export function noticesCalledFor(
  d1: D1Database,
  facts: readonly ToldFact[],
  idStart: string,
  realNow: Date,
): D1PreparedStatement | undefined {
  const called = facts.flatMap((fact) => {
    if (fact.mailsNobody) return [];
    const { object, previous } = fact.data;
    return noticesFor({ type: fact.type, object }).flatMap(({ kind, to }) => {
      const customerId = to === "owner" ? null : customerIn(to === "customer" ? object : previous);
      if (to !== "owner" && customerId === null) return [];
      return [{ tenantId: fact.tenantId, eventId: fact.eventId, kind, to, customerId }];
    });
  });
  if (called.length === 0) return undefined;
  return d1
    .prepare(
      `insert into notices (tenant_id, id, kind, audience, customer_id, recipient, locale, subject_type, subject_id, event_id, params, state,
         attempts, reached_at, next_at, created_at)
       select t.id, ?2 || lower(hex(randomblob(8))), w.value ->> 'kind', w.value ->> 'to', c.id,
         case w.value ->> 'to' when 'owner' then t.owner_email else c.email end,
         case w.value ->> 'to' when 'owner' then t.locale else coalesce(c.locale, t.settings ->> '$.mail.locale', t.locale) end,
         e.subject_type, e.subject_id, e.id, '{}', 'pending', 0, ?3, ?3, ?3
       from json_each(?1) w
       cross join events e on e.tenant_id = w.value ->> 'tenantId' and e.id = w.value ->> 'eventId'
       cross join tenants t on t.id = e.tenant_id
       left join customers c on c.tenant_id = t.id and c.id = w.value ->> 'customerId'
       where (w.value ->> 'to' = 'owner' or c.email <> '')
         and (w.value ->> 'kind' <> 'welcome' or t.livemode)
         and not exists (select 1 from json_each(t.settings, '$.mail.disabled_kinds') k where k.value = w.value ->> 'kind')
       on conflict do nothing`,
    )
    .bind(JSON.stringify(called), idStart, realNow.getTime());
}

function customerIn(object: Record<string, unknown> | null): string | null {
  const id = object?.["customer_id"];
  return typeof id === "string" ? id : null;
}
