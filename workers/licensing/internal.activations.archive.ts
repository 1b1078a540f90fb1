import { createRoute } from "@hono/zod-openapi";
import type { OpenedTenant } from "#kernel/asking";
import { changing } from "#kernel/changing";
import { internalEndpoint, json, jsonBody, problems } from "#kernel/endpoint";
import type { EventObject } from "#kernel/event-objects";
import { changedMeanwhile } from "#kernel/problems";
import { openForStory } from "#kernel/story";
import { z, Instant, Ref } from "#kernel/wire";
import { archivedFrom } from "#rules/licensing/archive";
import { endOfMonth } from "#rules/licensing/archive-month";
import { workflowIdOf } from "#rules/stories/workflow-ids";
import { settingsOf } from "#rules/tenants/settings";

/** How many seats are archived in one batch. */
const CHUNK = 200;

const ArchiveStep = z.strictObject({
  tenant_id: Ref,
  month: z.string().regex(/^\d{4}-(0[1-9]|1[0-2])$/, "must be a month, such as 2026-11"),
});

const Archived = z.object({
  count: z.int(),
  /** done: none is left. more: some may be. wait: it is too early, come back at `from`. kept: the tenant archives none. */
  outcome: z.enum(["done", "more", "wait", "kept"]),
  from: Instant.nullable(),
});
type Archived = z.infer<typeof Archived>;

/** Archives the next seats that were released until a month was over, as far as the tenant's setting has it by now. */
export const archiveActivations = internalEndpoint({
  route: createRoute({
    operationId: "internal.activations.archive",
    method: "post",
    path: "/internal/activations/archive",
    request: { body: jsonBody(ArchiveStep) },
    responses: { 200: json(Archived, "How many were archived, and what comes next"), ...problems(changedMeanwhile) },
  }),

  handler: async (c) => {
    const { tenant_id: tenantId, month } = c.req.valid("json");
    const opened = await openForStory(c, tenantId, workflowIdOf.archive(tenantId, month));
    const from = archivedFrom(month, settingsOf(opened.tenant.settings).licensing.archive_activations_after);
    if (from === null) return c.json({ count: 0, outcome: "kept" as const, from: null }, 200);
    if (opened.now < from) return c.json({ count: 0, outcome: "wait" as const, from: from.toISOString() }, 200);
    return c.json(await changing(() => archiveNext(opened, endOfMonth(month))), 200);
  },
});

/** The next of them; undefined where another step took some of the same. */
async function archiveNext({ repo }: OpenedTenant, before: Date): Promise<Archived | undefined> {
  const ids = await repo.activations.listArchivable(before, CHUNK);
  const outcome = ids.length < CHUNK ? "done" : "more";
  if (ids.length === 0) return { count: 0, outcome, from: null };
  const object: EventObject<"ArchivedActivations"> = {
    object: "archived_activations",
    count: ids.length,
    released_before: before.toISOString(),
  };
  const subject = { type: "tenant", id: repo.tenantId };
  const facts = [{ type: "activation.archived" as const, subject, data: { object, previous: null } }];
  const done = await repo.activations.archive(ids, { facts, answer: [200, null] });
  return done && { count: ids.length, outcome, from: null };
}
