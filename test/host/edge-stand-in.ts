import { createHash, createHmac, randomBytes, timingSafeEqual } from "node:crypto";
import { once } from "node:events";
import http from "node:http";
import type { Server } from "node:net";
import { endOfMonth } from "#rules/licensing/archive-month";
import type { AskedOfStory, CommandOutcome, SeenStory } from "../../worker-host/edge/routes.ts";
import { mailRows, type MailClaim } from "./mail-rows.ts";

/** What the stand-in keeps of an order. A license is its index. */
export type StandInOrder = { status: "pending" | "approved" | "fulfilled" | "canceled"; quantity: number; licenses: Set<number> };

/** What the stand-in keeps of an operation. `worked` holds each license that had its turn, as often as it had one. */
export type StandInOperation = {
  status: "running" | "succeeded" | "failed" | "canceled";
  total: number;
  worked: number[];
  error: string | null;
  /** Why each step is refused for good, as long as it runs. */
  refusal?: string;
  /** How many steps, from the second on, find that nothing can be done for a second. */
  rests?: number;
};

/** An endpoint that recovers: where each try in turn is sent (the last one repeats), and what was answered, once a try. */
export type StandInEndpoint = { state: "recovering" | "recovered" | "ended" | "given up"; urls: string[]; answers: number[] };

export type StandInEvent = {
  tenant_id: string;
  seq: number;
  id: string;
  type: string;
  subject: { type: string; id: string };
  livemode?: boolean;
};

export type StandInDelivery = { delivery_id: string; event_id: string; url: string; body?: string };

/** A sweep, and what the hosts told of it. */
export type StandInRun = { id: string; state: string; leaseUntil: number; looked: number; found: object[] };

type Row<T> = T & { leasedUntil: number };
type DeliveryRow = Row<StandInDelivery> & {
  inOrder: boolean;
  attempt: number;
  dueAt: number;
  state: "due" | "succeeded" | "exhausted";
};
type Result = { delivery_id: string; attempt: number; outcome: { kind: string; status?: number; [field: string]: unknown } };
/** What any of the routes may be sent. */
type Body = {
  shard: string;
  tenant_id: string;
  done: StandInEvent[];
  results: Result[];
  limit: number;
  in_order?: object;
  takes_over?: string;
  wait_ms: number;
  order_id: string;
  from: number;
  to: number;
  workflow_id: string;
  at: string;
  month: string;
  operation_id: string;
  error: string;
  after: string;
  behind: number;
  busy: string | null;
  endpoint_id: string;
  seen: SeenStory[];
  story_id: string;
  outcome: CommandOutcome["outcome"];
  detail: string;
  result: Result | null;
  run_id: string;
  lease: number;
  state: string;
  looked: number;
  found: object[];
};

/** Answers a call instead of the stand-in: a status and a body, or "hang up" to cut the connection. */
export type Fault = { status: number; body?: unknown; headers?: Record<string, string> } | "hang up";

/** When all events happened. */
const EVENT_AT = "2026-11-20T09:00:00.000Z";
const DAY_MS = 86_400_000;
const ARCHIVED_AT_ONCE = 2;
const SECRET = Buffer.alloc(32, 7);

/**
 * A real HTTP server that speaks the internal routes as the edge does: checks the signature by the letter of its description, refuses a
 * nonce seen before, leases, and waits. It keeps its state in memory, where tests read and change it.
 */
export async function edgeStandIn(options: { leaseMs?: number; retryMs?: number } = {}) {
  const { leaseMs = 30_000, retryMs = 300 } = options;
  const orders = new Map<string, StandInOrder>();
  const operations = new Map<string, StandInOperation>();
  const events: (Row<StandInEvent> & { done: boolean })[] = [];
  const deliveries: DeliveryRow[] = [];
  const results: Result[] = [];
  const mail = mailRows({ leaseMs, retryMs });
  const released = new Map<string, number>();
  const wakeups = new Map<string, string>();
  const woken = new Set<string>();
  const registered: { workflowId: string; at: string; due: boolean }[] = [];
  const endpoints = new Map<string, StandInEndpoint>();
  const runs: StandInRun[] = [];
  const underWay: StandInEvent[] = [];
  const calls: { path: string; body: Body }[] = [];
  const stories = new Map<string, SeenStory>();
  const commands: (AskedOfStory & Partial<CommandOutcome>)[] = [];
  const faults: { path: string; fault: Fault; after: boolean }[] = [];
  const nonces = new Set<string>();
  const state = {
    /** How many calls came with a signature that does not fit. */
    refused: 0,
    /** What the sandbox's clock shows, in milliseconds, while it stands still; null: its time is real time. */
    sandboxNow: null as number | null,
    /** Where the sandbox's clock is to be moved to; null where it has arrived. */
    target: null as number | null,
    /** Somebody gave up moving it. */
    isGivenUp: false,
    /** How many days after its month a released seat is archived; null: never. */
    archiveAfterDays: 90 as number | null,
    /** How many seats were archived. */
    archived: 0,
    /** Real time as the stories see it. */
    realNow: async () => Date.now(),
  };

  const routes: Record<string, (body: Body) => unknown> = {
    "/internal/shards": () => ({ shards: ["00"] }),
    "/internal/metrics": () => ({
      metrics: [
        { type: "gauge", name: "isolates_seen", help: "Isolates that count", labels: [], samples: [{ values: [], value: 2 }] },
      ],
      stories: [{ kind: "fulfill_order", state: "stuck", count: 2 }],
    }),
    "/internal/relay/claim": async ({ done, limit, wait_ms }: Body) => {
      for (const told of done) {
        for (const event of events) if (event.tenant_id === told.tenant_id && event.seq === told.seq) event.done = true;
      }
      const due = () => events.filter((event) => !event.done && event.leasedUntil <= Date.now()).slice(0, limit);
      const leased = await waitFor(due, wait_ms);
      for (const event of leased) event.leasedUntil = Date.now() + leaseMs;
      return {
        events: leased.map(started),
      };
    },
    "/internal/notices/claim": async (asked: Body) => mail.claim(asked as unknown as MailClaim, waitFor),
    "/internal/deliveries/claim": async ({ results: told, limit, wait_ms, in_order: ordered, takes_over: takesOver }: Body) => {
      for (const result of told) record(result);
      if (takesOver === "now") for (const row of deliveries) row.leasedUntil = 0;
      const headOfOrder = () => deliveries.find((row) => row.inOrder && row.state === "due");
      const due = () =>
        deliveries
          .filter((row) => (ordered ? row === headOfOrder() : !row.inOrder || row === headOfOrder()))
          .filter((row) => row.state === "due" && row.dueAt <= Date.now() && row.leasedUntil <= Date.now())
          .slice(0, limit);
      const leased = limit === 0 ? [] : await waitFor(due, wait_ms);
      for (const row of leased) row.leasedUntil = Date.now() + leaseMs;
      const next = Math.min(
        ...deliveries
          .filter((row) => row.state === "due" && !leased.includes(row))
          .map((row) => Math.max(row.dueAt, row.leasedUntil)),
      );
      return {
        deliveries: leased.map((row) => ({
          tenant_id: "ten_00a",
          delivery_id: row.delivery_id,
          endpoint_id: "whe_00a",
          in_order: row.inOrder,
          event_id: row.event_id,
          attempt: row.attempt,
          url: row.url,
          headers: { "content-type": "application/json", "webhook-id": row.event_id, "webhook-signature": "v1,c2lnbmVk" },
          body: row.body ?? `{"id":"${row.event_id}"}`,
        })),
        next_at: Number.isFinite(next) ? new Date(next).toISOString() : null,
        claimed_at: new Date().toISOString(),
      };
    },
    "/internal/orders/fulfillment": ({ order_id }: Body) => {
      const order = orderOf(order_id);
      const payment_status = order.status === "pending" ? "pending" : "paid";
      const issued = order.licenses.size;
      return {
        status: order.status,
        payment_status,
        quantity: order.quantity,
        issued,
        chunk: 50,
        customer_id: "cus_00a",
        number: "O-1",
        licenses_ready: issued === order.quantity,
      };
    },
    "/internal/orders/issue_licenses": ({ order_id, from, to }: Body) => {
      const order = orderOf(order_id);
      if (order.status === "canceled") throw new Refusal(409, "order_canceled");
      if (to - from > 50) throw new Refusal(400, "too_many");
      for (let index = from; index < to; index++) order.licenses.add(index);
      return { issued: to - from };
    },
    "/internal/orders/complete": ({ order_id }: Body) => {
      const order = orderOf(order_id);
      if (order.status === "approved" && order.licenses.size === order.quantity) order.status = "fulfilled";
      return { status: order.status };
    },
    "/internal/operations/step": ({ operation_id }: Body) => {
      const operation = operationOf(operation_id);
      if (operation.refusal !== undefined && operation.status === "running") throw new Refusal(404, operation.refusal);
      if (operation.worked.length > 0 && operation.rests !== undefined && operation.rests > 0) {
        operation.rests--;
        return { ...progressOf(operation), rest_ms: 1_000 };
      }
      for (let n = 0; n < 50 && operation.status === "running"; n++) {
        operation.worked.push(operation.worked.length);
        if (operation.worked.length === operation.total) operation.status = "succeeded";
      }
      return progressOf(operation);
    },
    "/internal/operations/fail": ({ operation_id, error }: Body) => {
      const operation = operationOf(operation_id);
      if (operation.status === "running") Object.assign(operation, { status: "failed", error });
      return progressOf(operation);
    },
    "/internal/activations/archive": async ({ month }: Body) => {
      if (state.archiveAfterDays === null) return { count: 0, outcome: "kept", from: null };
      const from = endOfMonth(month).getTime() + state.archiveAfterDays * DAY_MS;
      if ((state.sandboxNow ?? (await state.realNow())) < from) {
        return { count: 0, outcome: "wait", from: new Date(from).toISOString() };
      }
      const left = [...released].filter(([other, count]) => other <= month && count > 0);
      let count = 0;
      for (const [other, ofThese] of left) {
        const taken = Math.min(ofThese, ARCHIVED_AT_ONCE - count);
        released.set(other, ofThese - taken);
        count += taken;
      }
      state.archived += count;
      return { count, outcome: count < ARCHIVED_AT_ONCE ? "done" : "more", from: null };
    },
    "/internal/wakeups/register": async ({ workflow_id, at }: Body) => {
      const now = state.sandboxNow ?? (await state.realNow());
      const isRepeated = state.sandboxNow !== null && wakeups.get(workflow_id) === at;
      wakeups.set(workflow_id, at);
      const due = isRepeated ? woken.has(workflow_id) : Date.parse(at) <= now;
      registered.push({ workflowId: workflow_id, at, due });
      if (due) woken.add(workflow_id);
      else woken.delete(workflow_id);
      return { due, in_ms: state.sandboxNow === null ? Math.max(0, Date.parse(at) - now) : null };
    },
    "/internal/lifecycle/claim": () => {
      const run = runs.find(({ state, leaseUntil }) => state === "waiting" || (state === "running" && leaseUntil <= Date.now()));
      if (!run) return { run: null };
      Object.assign(run, { state: "running", looked: 0, leaseUntil: Date.now() + leaseMs });
      return { run: { id: run.id, lease: run.leaseUntil } };
    },
    // two at a time, so that a sweep has pages
    "/internal/lifecycle/due": ({ after }: Body) => {
      const from = Number((after as unknown as { id: string } | null)?.id ?? 0);
      const starts = underWay.slice(from, from + 2).map(started);
      return { starts, next: from + 2 < underWay.length ? { source: 0, tenant_id: "ten_00a", id: String(from + 2) } : null };
    },
    "/internal/lifecycle/tell": ({ run_id, lease, state: to, looked, found }: Body) => {
      const run = runs.find(({ id, state, leaseUntil }) => id === run_id && state === "running" && leaseUntil === lease);
      if (!run) return { lease: null };
      Object.assign(run, { state: to, looked, found: [...run.found, ...found], leaseUntil: Date.now() + leaseMs });
      return { lease: to === "running" ? run.leaseUntil : null };
    },
    "/internal/wakeups/list": ({ after }: Body) => ({
      workflow_ids: [...wakeups.keys()]
        .sort()
        .filter((id) => id > after)
        .slice(0, 2),
    }),
    "/internal/test_clocks/step": ({ behind, busy }: Body) => stepped(behind, busy),
    "/internal/wakeups/done": ({ workflow_id }: Body) => (wakeups.delete(workflow_id), woken.delete(workflow_id), {}),
    "/internal/stories/mirror": ({ seen }: Body) => {
      for (const story of seen) stories.set(story.workflow_id, story);
      return { stored: seen.length };
    },
    "/internal/stories/open": () => ({ stories: [...stories.values()].filter(({ ended_at }) => ended_at === null), next: null }),
    "/internal/stories/commands": () => ({ commands: commands.filter(({ outcome }) => outcome === undefined) }),
    "/internal/stories/commanded": ({ story_id, outcome, detail }: Body) => {
      for (const asked of commands)
        if (asked.story_id === story_id && asked.outcome === undefined) Object.assign(asked, { outcome, detail });
      return {};
    },
    "/internal/webhook_endpoints/give_up": ({ endpoint_id }: Body) => {
      const endpoint = endpoints.get(endpoint_id);
      if (endpoint?.state === "recovering") endpoint.state = "given up";
      return {};
    },
    "/internal/test_clocks/give_up": () => {
      if (state.target !== null) Object.assign(state, { target: null, isGivenUp: true });
      return { status: state.isGivenUp ? "failed" : "ready" };
    },
    "/internal/webhook_endpoints/probe": ({ endpoint_id, result }: Body) => {
      const endpoint = endpoints.get(endpoint_id);
      if (!endpoint) return { state: "ended", delivery: null, probe_at: null };
      const attempt = endpoint.answers.length + 1;
      if (endpoint.state === "recovering" && result?.attempt === attempt) {
        const { status = 0 } = result.outcome;
        endpoint.answers.push(status);
        if (status === 410) endpoint.state = "ended";
        else if (status >= 200 && status < 300) endpoint.state = "recovered";
      }
      if (result || endpoint.state !== "recovering") {
        const told = endpoint.state === "given up" ? "ended" : endpoint.state;
        return { state: told, delivery: null, probe_at: new Date(Date.now() + retryMs).toISOString() };
      }
      const delivery = {
        tenant_id: "ten_00a",
        delivery_id: "del_001",
        endpoint_id,
        in_order: false,
        event_id: "evt_001",
        attempt,
        url: endpoint.urls[attempt - 1] ?? endpoint.urls.at(-1),
        headers: { "webhook-id": "evt_001" },
        body: "{}",
      };
      return { state: "recovering", delivery, probe_at: null };
    },
  };

  /** One step of the sandbox's clock on its way to `state.target`, as the edge makes it. */
  function stepped(behind: number, busy: string | null) {
    const now = () => new Date(state.sandboxNow ?? Number.NaN).toISOString();
    const answer = { status: state.target === null ? "ready" : "advancing", now: now(), wake: null, events: [], behind };
    if (state.target === null) return answer;
    const [kept] = inOrder(woken);
    if (kept) return { ...answer, wake: { workflow_id: kept, at: now() } };
    const fresh = events.filter(({ seq }) => seq > behind);
    if (fresh.some(({ done }) => !done) || busy !== null) return answer;
    const seen = fresh.map(({ seq, type, subject }) => ({ seq, type, subject, at: EVENT_AT }));
    if (seen.length > 0) return { ...answer, events: seen, behind: seen.at(-1)?.seq ?? behind };
    const [next] = inOrder(wakeups.keys());
    const at = next === undefined ? Number.POSITIVE_INFINITY : Date.parse(wakeups.get(next) ?? "");
    state.sandboxNow = Math.max(state.sandboxNow ?? 0, Math.min(at, state.target));
    if (next !== undefined && at <= state.target) {
      woken.add(next);
      return { ...answer, now: now(), wake: { workflow_id: next, at: now() } };
    }
    state.target = null;
    return { ...answer, status: "ready", now: now() };
  }
  /** Stories in the order in which a clock wakes them. */
  const inOrder = (ids: Iterable<string>) =>
    [...ids].sort((a, b) => ((wakeups.get(a) ?? "") + a < (wakeups.get(b) ?? "") + b ? -1 : 1));

  /** An event as the relay, or a sweep, is told of it. */
  function started({ tenant_id, seq, id, type, subject, livemode }: StandInEvent) {
    return { tenant_id, seq, id, type, subject, at: EVENT_AT, clock: { livemode: livemode ?? true } };
  }

  function operationOf(id: string): StandInOperation {
    const operation = operations.get(id);
    if (!operation) throw new Refusal(404, "operation_not_found");
    return operation;
  }
  const progressOf = ({ status, worked, total }: StandInOperation) => ({
    kind: "licenses.bulk",
    action: "suspend",
    status,
    done: worked.length,
    total,
  });

  function orderOf(id: string): StandInOrder {
    const order = orders.get(id);
    if (!order) throw new Refusal(404, "order_not_found");
    return order;
  }

  function record(result: Result): void {
    const row = deliveries.find(({ delivery_id }) => delivery_id === result.delivery_id);
    if (!row || row.state !== "due" || row.attempt !== result.attempt) return; // recorded before
    results.push(result);
    const { kind, status = 0 } = result.outcome;
    if (kind === "answered" && status >= 200 && status < 300) row.state = "succeeded";
    else if (row.attempt >= 5) row.state = "exhausted";
    row.attempt++;
    row.leasedUntil = 0;
    row.dueAt = Date.now() + retryMs;
  }

  async function waitFor<T>(due: () => T[], waitMs: number): Promise<T[]> {
    const until = Date.now() + waitMs;
    for (let found = due(); ; found = due()) {
      const left = until - Date.now();
      if (found.length > 0 || left <= 0 || !server.listening) return found;
      await new Promise((resolve) => setTimeout(resolve, Math.min(left, 10)));
    }
  }

  function authentic(request: http.IncomingMessage, body: string): boolean {
    const [, kid, t, n, s] =
      /^kid=(\d+),t=(\d+),n=([\w-]{22}),s=([\w-]{43})$/.exec(String(request.headers["latchkey-signature"])) ?? [];
    if (kid !== "1" || Math.abs(Date.now() / 1000 - Number(t)) > 60 || nonces.has(n!)) return false;
    const hash = createHash("sha256").update(body).digest("hex");
    const text = [request.method, request.url, request.headers.host, kid, hash, t, n].join("\n");
    const mac = createHmac("sha256", SECRET).update(text).digest();
    if (!timingSafeEqual(mac, Buffer.from(s!, "base64url"))) return false;
    nonces.add(n!);
    return true;
  }

  async function answer(request: http.IncomingMessage, response: http.ServerResponse): Promise<void> {
    let text = "";
    for await (const chunk of request) text += String(chunk);
    const send = (status: number, body: unknown, headers: Record<string, string> = {}) =>
      response
        .writeHead(status, { "content-type": status < 400 ? "application/json" : "application/problem+json", ...headers })
        .end(JSON.stringify(body));
    if (!authentic(request, text)) {
      state.refused++;
      return void send(401, { code: "bad_signature", detail: "" });
    }
    const path = request.url!;
    const body: Body = JSON.parse(text);
    calls.push({ path, body });
    const at = faults.findIndex((planned) => planned.path === path);
    const planned = at < 0 ? undefined : faults.splice(at, 1)[0];
    const fail = (fault: Fault) =>
      fault === "hang up" ? request.socket.destroy() : send(fault.status, fault.body ?? {}, fault.headers);
    if (planned && !planned.after) return void fail(planned.fault);
    try {
      const route = routes[path];
      if (!route) throw new Refusal(404, "route_not_found");
      const told = await route(body);
      if (planned) fail(planned.fault);
      else send(200, told);
    } catch (error) {
      if (error instanceof Refusal) send(error.status, { code: error.message, detail: "" });
      else send(500, {});
    }
  }

  const server = http.createServer((request, response) => void answer(request, response));
  await once(server.listen(0, "127.0.0.1"), "listening");
  const port = portOf(server);

  return {
    url: new URL(`http://127.0.0.1:${port}`),
    /** As the host is configured with it, and as the variable that says so. */
    secret: { kid: 1, bytes: SECRET },
    secretText: `1=${SECRET.toString("base64url")}`,
    orders,
    operations,
    events,
    deliveries,
    results,
    mail,
    /** How many released seats there are, by the month that they were released in. */
    released,
    wakeups,
    /** Those of them whose instant has come: the clock notes it before it tells the story. */
    woken,
    /** Every wait that was registered, in order. */
    registered,
    endpoints,
    runs,
    /** The facts that began what is under way: a sweep looks for their stories. */
    underWay,
    /** Each story as it was told last, by its workflow's id. */
    stories,
    /** What was asked of stories, and what became of it. */
    commands,
    calls,
    state,
    order(quantity: number, status: StandInOrder["status"] = "approved"): string {
      const id = `ord_00${randomBytes(8).toString("hex")}`;
      orders.set(id, { status, quantity, licenses: new Set() });
      return id;
    },
    operation(total: number): string {
      const id = `op_00${randomBytes(8).toString("hex")}`;
      operations.set(id, { status: "running", total, worked: [], error: null });
      return id;
    },
    recovering(urls: string[]): string {
      const id = `whe_00${randomBytes(8).toString("hex")}`;
      endpoints.set(id, { state: "recovering", urls, answers: [] });
      return id;
    },
    /** Asks for a sweep. */
    sweep(): StandInRun {
      const run = { id: `lcr_00${runs.length}`, state: "waiting", leaseUntil: 0, looked: 0, found: [] };
      runs.push(run);
      return run;
    },
    event(
      event: Partial<StandInEvent> & { type: string; subject: { type: string; id: string } },
    ): StandInEvent & { done: boolean } {
      const seq = events.length + 1;
      const row = { tenant_id: "ten_00a", seq, id: `evt_00${seq}`, leasedUntil: 0, done: false, ...event };
      events.push(row);
      return row;
    },
    /** Somebody asks something of a story; the event tells the host that somebody did. */
    command(workflowId: string, command: AskedOfStory["command"]) {
      const seen = stories.get(workflowId);
      if (!seen) throw new Error(`nobody has told of ${workflowId}`);
      const story_id = `sto_00${randomBytes(8).toString("hex")}`;
      const { tenant_id, workflow_id, run_id, kind } = seen;
      const asked: AskedOfStory & Partial<CommandOutcome> = {
        tenant_id,
        story_id,
        workflow_id,
        run_id,
        kind,
        command,
        commanded_at: new Date().toISOString(),
      };
      commands.push(asked);
      this.event({ type: `story.${command}_requested`, subject: { type: "story", id: story_id } });
      return asked;
    },
    delivery(url: string, body?: string, inOrder = false): DeliveryRow {
      const n = deliveries.length + 1;
      const row = {
        delivery_id: `del_00${n}`,
        event_id: `evt_00${n}`,
        url,
        attempt: 1,
        dueAt: 0,
        leasedUntil: 0,
        state: "due" as const,
        inOrder,
        ...(body === undefined ? {} : { body }),
      };
      deliveries.push(row);
      return row;
    },
    /** Lets the next call of a route fail: before it has its effect, or after it (the answer is lost). */
    failNext(path: string, fault: Fault, { after = false } = {}): void {
      faults.push({ path, fault, after });
    },
    /** Forgets the failures that were planned and have not happened. */
    heal: () => void faults.splice(0),
    callsOf: (path: string) => calls.filter((call) => call.path === path),
    async close(): Promise<void> {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

export type EdgeStandIn = Awaited<ReturnType<typeof edgeStandIn>>;

/** The port that a listening server was given. */
export function portOf(server: Server): number {
  const bound = server.address();
  if (typeof bound !== "object" || !bound) throw new Error("the server does not listen on a port");
  return bound.port;
}

class Refusal extends Error {
  readonly status: number;
  constructor(status: number, code: string) {
    super(code);
    this.status = status;
  }
}

/** Waits until something becomes true; fails with what it waited for. */
export async function until(what: string, isTrue: () => boolean | Promise<boolean>, timeoutMs = 25_000): Promise<void> {
  for (const end = Date.now() + timeoutMs; Date.now() < end; await new Promise((resolve) => setTimeout(resolve, 25))) {
    if (await isTrue()) return;
  }
  throw new Error(`Waited ${timeoutMs} ms in vain until ${what}`);
}
