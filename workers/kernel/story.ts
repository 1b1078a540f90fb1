import { openTenant, type Asked, type OpenedTenant } from "./asking.ts";
import { defineProblem } from "./problem.ts";

/** A story can go on no further for a tenant that was closed. */
export const tenantGone = defineProblem({
  code: "tenant_gone",
  status: 404,
  title: "The tenant is not there",
  fix: "End the story: its tenant was closed or never was.",
  detail: () => "There is no open tenant of this id.",
});

/** Opens the tenant that a story's signed call speaks of; `workflowId` is the actor in the events that it causes. Throws `tenant_gone`. */
export async function openForStory(c: Asked, tenantId: string, workflowId: string | null): Promise<OpenedTenant> {
  const opened = await openTenant(c, tenantId, { type: "workflow", id: workflowId, ip: null });
  if (!opened) throw tenantGone({});
  return opened;
}
