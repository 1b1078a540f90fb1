import type { StoryState } from "#rules/stories/states";
import { FAILURES_TOLD } from "#rules/stories/alerts";
import type { DisabledReason } from "#rules/webhooks/states";
import type { Asking } from "../commit.ts";

/** No more of one kind is read: whoever has so many things wrong begins with the first. */
export const ALERTS_OF_A_KIND = 20;
const ONE_MORE = ALERTS_OF_A_KIND + 1;

export type TroubledEndpoint = {
  id: string;
  url: string;
  disabledReason: DisabledReason | null;
  disabledAt: number | null;
  recoveringSince: number | null;
  failingSince: number | null;
  failures: number;
};
export type TroubledStory = {
  id: string;
  kind: string;
  state: StoryState;
  summary: string;
  errorCode: string | null;
  error: string | null;
  waitsFor: string | null;
  since: number;
};
export type ReachedMark = {
  licenseId: string | null;
  feature: string;
  percent: number;
  used: number;
  limitValue: number;
  at: number;
};
export type Bounces = { count: number; since: number | null; noticeId: string | null };

/** What was read of a tenant at one moment. */
export type Trouble = { endpoints: TroubledEndpoint[]; stories: TroubledStory[]; marks: ReachedMark[]; bounces: Bounces };

/** Not what somebody paused: that is as it was wished for. */
const ENDPOINTS = `
  select e.id, e.url, e.disabled_reason as disabledReason, e.disabled_at as disabledAt, q.recovering_since as recoveringSince,
    q.failing_since as failingSince, coalesce(q.failures, 0) as failures
  from webhook_endpoints e indexed by webhook_endpoints_live
  left join webhook_queues q on q.tenant_id = e.tenant_id and q.endpoint_id = e.id
  where e.tenant_id = ?1 and e.deleted_at is null and (e.disabled_reason in ('gone', 'failing')
    or e.disabled_at is null and (q.recovering_since is not null or q.failures >= ${FAILURES_TOLD}))
  limit ${ONE_MORE}`;

const STORIES = `
  select id, kind, state, summary, error_code as errorCode, error, waits_for as waitsFor, since from stories indexed by stories_state
  where tenant_id = ?1 and state in ('stuck', 'failed') order by state desc, id desc limit ${ONE_MORE}`;

/** Of a quota that is used up the lower mark says nothing more. At most a hundred of a mark are looked at. */
const MARKS = `
  select * from (
    select license_id as licenseId, feature, percent, used, limit_value as limitValue, at from usage_alerts indexed by usage_alerts_period
    where tenant_id = ?1 and period_starts_at in (select value from json_each(?2)) and percent = 100 limit 100)
  union all
  select * from (
    select license_id, feature, percent, used, limit_value, at
    from (select * from usage_alerts indexed by usage_alerts_period
      where tenant_id = ?1 and period_starts_at in (select value from json_each(?2)) and percent < 100 limit 100) a
    where not exists (select 1 from usage_alerts h where h.tenant_id = a.tenant_id and h.subject = a.subject and h.feature = a.feature
      and h.period_starts_at = a.period_starts_at and h.percent = 100))`;

const BOUNCES = `
  select count(*) as count, min(created_at) as since, max(notice_id) as noticeId from (
    select created_at, notice_id from mail_bounces indexed by mail_bounces_age
    where tenant_id = ?1 and created_at > ?2 order by created_at desc limit 1000)`;

/** What is wrong for a tenant now, read from what is there anyway. */
export function alertsOf({ d1, tenantId }: Asking) {
  return {
    /** `periodStarts`: when the periods began that marks of quotas are told of; `bouncedSince` in real time. */
    read: async (periodStarts: readonly Date[], bouncedSince: Date): Promise<Trouble> => {
      const [endpoints, stories, marks, bounces] = await d1.batch([
        d1.prepare(ENDPOINTS).bind(tenantId),
        d1.prepare(STORIES).bind(tenantId),
        d1.prepare(MARKS).bind(tenantId, JSON.stringify(periodStarts.map((at) => at.getTime()))),
        d1.prepare(BOUNCES).bind(tenantId, bouncedSince.getTime()),
      ]);
      return {
        endpoints: (endpoints?.results ?? []) as TroubledEndpoint[],
        stories: (stories?.results ?? []) as TroubledStory[],
        marks: ((marks?.results ?? []) as ReachedMark[]).slice(0, ONE_MORE),
        bounces: (bounces?.results[0] ?? { count: 0, since: null, noticeId: null }) as Bounces,
      };
    },
  };
}
