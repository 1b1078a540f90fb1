import { monthOf } from "#rules/licensing/archive-month";
import { workflowIdOf } from "#rules/stories/workflow-ids";
import type { OperationRef } from "#workflows/licensing/activities";
import type { ArchivedMonth } from "#workflows/licensing/archive-activations";
import type { OrderRef } from "#workflows/sales/activities";
import type { ClockMove } from "#workflows/stories/activities";
import type { EndpointRef } from "#workflows/webhooks/activities";
import type { RelayEvent } from "../edge/routes.ts";

/** Which story an event calls for, and what an operator reads about it. */
export type StoryStart = {
  workflow: string;
  workflowId: string;
  args: [input: object];
  /** For the search attributes: whose story, about what, of which kind. */
  tenantId: string;
  subjectId: string;
  kind: string;
  /** One sentence, shown in lists. */
  summary: string;
  /** Many events call for the same one, so that a start is worth remembering. */
  isCalledForOften?: true;
};

/** A clock looks whether the stories of this many events before it have begun, too. */
const EVENTS_LOOKED_BACK = 200;

/** The only place that knows both events and stories. A type that is not listed calls for nothing. */
const STARTS: Readonly<Record<string, (event: RelayEvent) => StoryStart>> = {
  // Written for both ways: in the batch that approves an order with automatic fulfillment, and when somebody fulfills by hand.
  "order.fulfillment_requested": (event) => ({
    workflow: "fulfillOrder",
    workflowId: workflowIdOf.order(event.subject.id),
    args: [{ tenantId: event.tenant_id, orderId: event.subject.id } satisfies OrderRef],
    tenantId: event.tenant_id,
    subjectId: event.subject.id,
    kind: "fulfill_order",
    summary: `Fulfill order ${event.subject.id}`,
  }),
  // the same endpoint may have to recover again, so that the number of the event belongs to the id
  "webhook_endpoint.failing": (event) => ({
    workflow: "recoverEndpoint",
    workflowId: workflowIdOf.recovery(event.subject.id, event.seq),
    args: [{ tenantId: event.tenant_id, endpointId: event.subject.id } satisfies EndpointRef],
    tenantId: event.tenant_id,
    subjectId: event.subject.id,
    kind: "recover_endpoint",
    summary: `Try endpoint ${event.subject.id} until it takes webhooks again`,
  }),
  "test_clock.advance_requested": (event) => ({
    workflow: "advanceClock",
    workflowId: workflowIdOf.clock(event.tenant_id, event.seq),
    args: [
      {
        tenantId: event.tenant_id,
        clockId: event.subject.id,
        behind: Math.max(0, event.seq - EVENTS_LOOKED_BACK),
      } satisfies ClockMove,
    ],
    tenantId: event.tenant_id,
    subjectId: event.subject.id,
    kind: "advance_clock",
    summary: `Advance test clock ${event.subject.id}`,
  }),
  "test_clock.deleted": (event) => ({
    workflow: "releaseClock",
    workflowId: workflowIdOf.clock(event.tenant_id, event.seq),
    args: [{ tenantId: event.tenant_id }],
    tenantId: event.tenant_id,
    subjectId: event.subject.id,
    kind: "release_clock",
    summary: `Let the time of sandbox ${event.tenant_id} run on`,
  }),
  // one story a month for all that is released in it, in the time that the tenant lives by
  "activation.released": (event) => {
    const month = monthOf(new Date(event.at));
    return {
      workflow: "archiveActivations",
      workflowId: workflowIdOf.archive(event.tenant_id, month),
      args: [{ tenantId: event.tenant_id, month, livemode: event.clock.livemode } satisfies ArchivedMonth],
      tenantId: event.tenant_id,
      subjectId: event.tenant_id,
      kind: "archive_activations",
      summary: `Archive what was released in ${month}`,
      isCalledForOften: true,
    };
  },
  "operation.created": (event) => ({
    workflow: "runOperation",
    workflowId: workflowIdOf.operation(event.subject.id),
    args: [{ tenantId: event.tenant_id, operationId: event.subject.id } satisfies OperationRef],
    tenantId: event.tenant_id,
    subjectId: event.subject.id,
    kind: "run_operation",
    summary: `Carry out operation ${event.subject.id}`,
  }),
};

/** The story that an event calls for, or undefined when it calls for none. */
export function startFor(event: RelayEvent): StoryStart | undefined {
  return Object.hasOwn(STARTS, event.type) ? STARTS[event.type]?.(event) : undefined;
}
