import type { Metric } from "#rules/cache/metrics";
import type { FoundStory } from "#rules/stories/lifecycle";
import type { ArchiveProgress, OperationProgress, OperationRef, ReleasedMonth } from "#workflows/licensing/activities";
import type { StoryCommand, StoryState } from "#rules/stories/states";
import type { OrderRef, OrderToFulfill } from "#workflows/sales/activities";
import type { ClockProgress, ClockRef } from "#workflows/stories/activities";
import type { EndpointRef } from "#workflows/webhooks/activities";
import type { CallEdge } from "./client.ts";

/** A fact that waits to be told to the stories. */
export type RelayEvent = {
  tenant_id: string;
  seq: number;
  id: string;
  type: string;
  subject: { type: string; id: string };
  at: string;
  clock: { livemode: boolean };
};
export type ToldEvent = Pick<RelayEvent, "tenant_id" | "seq">;

/** One due webhook delivery, leased to us: signed and complete, to be sent as it is. */
export type Delivery = {
  tenant_id: string;
  delivery_id: string;
  endpoint_id: string;
  /** the endpoint wants its deliveries one after the other */
  in_order: boolean;
  event_id: string;
  attempt: number;
  url: string;
  headers: Record<string, string>;
  body: string;
};

/** Why there is no answer to a request. */
export type SendFailure = "blocked" | "dns" | "connect" | "tls" | "timeout" | "too_large" | "protocol";

/** How one attempt went. Any answer is an answer, whatever its status: the edge judges it. */
export type SendOutcome =
  | { kind: "answered"; status: number; retry_after_s: number | null; body: string; duration_ms: number }
  | { kind: "failed"; error: SendFailure; detail: string; duration_ms: number };

export type DeliveryResult = { tenant_id: string; delivery_id: string; attempt: number; outcome: SendOutcome };

/** How an endpoint that recovers stands; `probe_at` is when it is tried next. */
export type Probed = { state: "recovering" | "recovered" | "ended"; delivery: Delivery | null; probe_at: string | null };

/** One due mail, leased to us: made and complete, to be sent as it is. */
export type Mail = {
  tenant_id: string;
  notice_id: string;
  attempt: number;
  /** What its Message-ID begins with: the same on every retry. */
  message_ref: string;
  /** `address` only as far as the transport may send for its domain. */
  from: { name: string; address: string | null };
  reply_to: string | null;
  to: string;
  subject: string;
  html: string;
  text: string;
  unsubscribe_url: string | null;
};

type Said = { status: number | null; detail: string | null; duration_ms: number };

/** How one attempt to send a mail went. */
export type MailOutcome =
  | ({ kind: "accepted" | "deferred" | "unreached" } & Said)
  | ({ kind: "refused"; what: "recipient" | "mail" } & Said);

export type MailResult = { tenant_id: string; notice_id: string; attempt: number; message_id: string; outcome: MailOutcome };

/** How this host sends mail, as it tells the edge. */
export type TransportState = { transport: "smtp" | "mailchannels" | null; problem: string | null };

/** Who moves a clock, up to which event it has looked, and a story that is still at work. */
type Stepping = { workflowId: string; behind: number; busy: string | null };

/** How a clock stands after a step: whom to wake, and events of which nobody has looked whether their stories are at rest. */
export type ClockStep = {
  status: ClockProgress["status"];
  now: string;
  wake: { workflow_id: string; at: string } | null;
  events: Pick<RelayEvent, "seq" | "type" | "subject" | "at">[];
  behind: number;
};

/** How many stories of a kind stand in a state; those that ended well are left out. */
export type StoryCount = { kind: string; state: string; count: number };
export type EdgeMetrics = { metrics: Metric[]; stories: StoryCount[] };

/** A sweep that is ours until `lease`, an instant in milliseconds that names our claim. */
type ClaimedRun = { id: string; lease: number };
type DuePlace = { source: number; tenant_id: string; id: string };
type ToldOfRun = {
  shard: string;
  run_id: string;
  lease: number;
  state: "running" | "done" | "failed";
  looked: number;
  found: FoundStory[];
  error: string | null;
};

/** A story as the host sees it; what each field means stands at the edge. Instants are RFC 3339. */
export type SeenStory = {
  /** `platform` for a pump */
  tenant_id: string;
  workflow_id: string;
  run_id: string;
  kind: string;
  subject_id: string;
  state: StoryState;
  outcome: string | null;
  summary: string;
  details: string;
  waits_for: string | null;
  waits_until: string | null;
  attempt: number;
  error_code: string | null;
  error: string | null;
  since: string;
  started_at: string;
  ended_at: string | null;
};

/** What somebody asked of a story. */
export type AskedOfStory = {
  tenant_id: string;
  story_id: string;
  workflow_id: string;
  run_id: string;
  kind: string;
  command: StoryCommand;
  commanded_at: string;
};

/** What became of it, in a word and a sentence. */
export type CommandOutcome = { outcome: "done" | "refused"; detail: string };

type OpenStories = { stories: { tenant_id: string; workflow_id: string; run_id: string }[]; next: string | null };

type Wait = { limit: number; waitMs: number; signal?: AbortSignal };

/** How much longer than it waits at the edge a call may take. */
const ANSWER_MS = 10_000;
/** How long one step of an operation may take; the story's activity waits longer. */
const STEP_MS = 25_000;
/** Prometheus waits 10 s for a page: an edge that is slower than this must not cost it the host's own part. */
const METRICS_MS = 5_000;

/** The edge's internal routes, by what they do. All may be called twice with the same content. */
export const edgeRoutes = (call: CallEdge) => ({ ...hostRoutes(call), ...pumpRoutes(call), ...storyRoutes(call) });

/** What the host itself asks, beside its stories. */
function hostRoutes(call: CallEdge) {
  return {
    ...lifecycleRoutes(call),

    /** The shards that this edge serves. */
    listShards: async (signal?: AbortSignal) =>
      (await call<{ shards: string[] }>("/internal/shards", {}, signal ? { signal } : {})).shards,

    /** Tells how stories stand. */
    mirrorStories: async (shard: string, seen: readonly SeenStory[]): Promise<void> => {
      await call("/internal/stories/mirror", { shard, seen });
    },

    /** What the edge takes for open, behind `after`. */
    listOpenStories: (shard: string, after: string | null) =>
      call<OpenStories>("/internal/stories/open", { shard, after, limit: 1_000 }),

    /** What was asked of stories, and is neither done nor refused. */
    listCommands: async (shard: string) =>
      (await call<{ commands: AskedOfStory[] }>("/internal/stories/commands", { shard })).commands,

    closeCommand: async (
      shard: string,
      { tenant_id, story_id, command, commanded_at }: AskedOfStory,
      { outcome, detail }: CommandOutcome,
    ): Promise<void> => {
      await call("/internal/stories/commanded", { shard, tenant_id, story_id, command, commanded_at, outcome, detail });
    },

    /** Marks `done` as told, and leases the next events for 30 s; waits up to `waitMs` while there is none. */
    claimEvents: async ({ shard, done, limit, waitMs, signal }: Wait & { shard: string; done: readonly ToldEvent[] }) => {
      const body = { shard, done, limit, wait_ms: waitMs };
      return (await call<{ events: RelayEvent[] }>("/internal/relay/claim", body, waiting(waitMs, signal))).events;
    },

    /** Everything that the edge has counted, and how stories stand. */
    readMetrics: () => call<EdgeMetrics>("/internal/metrics", {}, { timeoutMs: METRICS_MS }),
  };
}

/** What pumps ask, and the stories of single endpoints. */
function pumpRoutes(call: CallEdge) {
  return {
    /**
     * Records `results`, and leases due deliveries for 60 s; waits up to `waitMs` for one to become due. With `inOrder` it leases what comes next at
     * that endpoint.
     */
    claimDeliveries: async ({
      shard,
      results,
      limit,
      waitMs,
      inOrder,
      takesOver = null,
      signal,
    }: Wait & { shard: string; results: readonly DeliveryResult[]; inOrder?: EndpointRef; takesOver?: string | null }) => {
      const ordered = inOrder && { tenant_id: inOrder.tenantId, endpoint_id: inOrder.endpointId };
      const body = {
        shard,
        results,
        limit,
        wait_ms: waitMs,
        ...(ordered && { in_order: ordered }),
        ...(takesOver !== null && { takes_over: takesOver }),
      };
      return call<{ deliveries: Delivery[]; claimed_at: string }>("/internal/deliveries/claim", body, waiting(waitMs, signal));
    },

    /** How an endpoint that recovers goes on: the delivery to try it with, or with the result of that, what follows. */
    probeEndpoint: ({ tenantId, endpointId }: EndpointRef, probes: number, result: DeliveryResult | null) =>
      call<Probed>("/internal/webhook_endpoints/probe", { tenant_id: tenantId, endpoint_id: endpointId, probes, result }),

    /** Disables an endpoint that recovers; one that does not stays as it is. */
    giveUpEndpoint: async ({ tenantId, endpointId }: EndpointRef): Promise<void> => {
      await call("/internal/webhook_endpoints/give_up", { tenant_id: tenantId, endpoint_id: endpointId });
    },

    /** Records `results` and how this host sends, and leases due mails for 60 s; waits up to `waitMs` for one to become due. */
    claimNotices: async ({
      shard,
      results,
      limit,
      waitMs,
      signal,
      ...state
    }: Wait & TransportState & { shard: string; results: readonly MailResult[] }) => {
      const body = { shard, ...state, results, limit, wait_ms: waitMs };
      return (await call<{ mails: Mail[] }>("/internal/notices/claim", body, waiting(waitMs, signal))).mails;
    },
  };
}

/** What stories ask. */
function storyRoutes(call: CallEdge) {
  return {
    readFulfillment: async ({ tenantId, orderId }: OrderRef): Promise<OrderToFulfill> => {
      const order = await call<OrderToFulfill>("/internal/orders/fulfillment", { tenant_id: tenantId, order_id: orderId });
      return { status: order.status, quantity: order.quantity, issued: order.issued, chunk: order.chunk };
    },

    issueLicenses: async ({ tenantId, orderId, from, to }: OrderRef & { from: number; to: number }): Promise<void> => {
      await call("/internal/orders/issue_licenses", { tenant_id: tenantId, order_id: orderId, from, to });
    },

    completeOrder: async ({ tenantId, orderId }: OrderRef) => {
      type Answer = { status: OrderToFulfill["status"] };
      return (await call<Answer>("/internal/orders/complete", { tenant_id: tenantId, order_id: orderId })).status;
    },

    /** Does the next part of an operation: some dozens of licenses, which may take the edge a while. */
    stepOperation: ({ tenantId, operationId }: OperationRef): Promise<OperationProgress> =>
      call("/internal/operations/step", { tenant_id: tenantId, operation_id: operationId }, { timeoutMs: STEP_MS }),

    failOperation: ({ tenantId, operationId, error }: OperationRef & { error: string }): Promise<OperationProgress> => {
      const told = { tenant_id: tenantId, operation_id: operationId, error: error.slice(0, 500) };
      return call("/internal/operations/fail", told);
    },

    /** Archives the next seats that were released until a month was over, or says from when on it may. */
    archiveActivations: ({ tenantId, month }: ReleasedMonth): Promise<ArchiveProgress> =>
      call("/internal/activations/archive", { tenant_id: tenantId, month }, { timeoutMs: STEP_MS }),

    /** Notes until when a sandbox's story waits. `due`: the sandbox's clock has come to it already; `inMs`: in how much real time it does. */
    registerWakeup: async ({ tenantId, workflowId, at }: { tenantId: string; workflowId: string; at: string }) => {
      const body = { tenant_id: tenantId, workflow_id: workflowId, at };
      const { due, in_ms: inMs } = await call<{ due: boolean; in_ms: number | null }>("/internal/wakeups/register", body);
      return { due, inMs };
    },

    wakeupDone: async ({ tenantId, workflowId }: { tenantId: string; workflowId: string }): Promise<void> => {
      await call("/internal/wakeups/done", { tenant_id: tenantId, workflow_id: workflowId });
    },

    /** Moves a sandbox's clock on by one step, where nothing that has begun at this instant is still at work. */
    stepClock: ({ tenantId, clockId, workflowId, behind, busy }: ClockRef & Stepping) => {
      const body = { tenant_id: tenantId, clock_id: clockId, workflow_id: workflowId, behind, busy };
      return call<ClockStep>("/internal/test_clocks/step", body);
    },

    /** Leaves a clock that is on its way where it stands; how it stands then. */
    giveUpClock: async ({ tenantId, clockId, workflowId }: ClockRef & { workflowId: string }) => {
      const body = { tenant_id: tenantId, clock_id: clockId, workflow_id: workflowId };
      return (await call<Pick<ClockStep, "status">>("/internal/test_clocks/give_up", body)).status;
    },

    /** The next stories of a sandbox that wait, behind `after` in the order of their ids. */
    listWaiting: async (tenantId: string, after: string) => {
      const body = { tenant_id: tenantId, after };
      return (await call<{ workflow_ids: string[] }>("/internal/wakeups/list", body)).workflow_ids;
    },
  };
}

function lifecycleRoutes(call: CallEdge) {
  return {
    /** The sweep that is to be made in a shard, leased to us for a minute; null: there is none. */
    claimLifecycleRun: async (shard: string, signal?: AbortSignal) => {
      const body = { shard };
      return (await call<{ run: ClaimedRun | null }>("/internal/lifecycle/claim", body, signal ? { signal } : {})).run;
    },

    /** The facts that began the stories of the next work under way. */
    listDueWork: (page: { shard: string; after: DuePlace | null; limit: number }, signal?: AbortSignal) =>
      call<{ starts: RelayEvent[]; next: DuePlace | null }>("/internal/lifecycle/due", page, signal ? { signal } : {}),

    /** Notes how far a sweep has come; until when we have it now, or null where it is over or another host has it. */
    tellLifecycleRun: async (told: ToldOfRun, signal?: AbortSignal) =>
      (await call<{ lease: number | null }>("/internal/lifecycle/tell", told, signal ? { signal } : {})).lease,
  };
}

export type Edge = ReturnType<typeof edgeRoutes>;

function waiting(waitMs: number, signal: AbortSignal | undefined) {
  return { timeoutMs: waitMs + ANSWER_MS, ...(signal ? { signal } : {}) };
}
