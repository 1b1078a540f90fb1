import { env } from "cloudflare:workers";
import { newId } from "#kernel/ids";
import { asHost } from "../events/host.ts";

let told = 0;
const run = crypto.randomUUID().slice(0, 8);

/** A workflow id that no other test tells of. */
export const workflowId = () => `endpoint/whe_${run}/${++told}`;

/** A story as the host may see it: one that recovers an endpoint, and waits. */
export const seen = (tenant_id: string, more: Record<string, unknown> = {}) => ({
  tenant_id,
  workflow_id: workflowId(),
  run_id: crypto.randomUUID(),
  kind: "recover_endpoint",
  subject_id: newId("webhook_endpoint", "00", new Date()),
  state: "waiting",
  outcome: null,
  summary: "Try endpoint whe_… until it takes webhooks again",
  details: "3 tries failed; the next is within 5 minutes",
  waits_for: "the next try",
  waits_until: "2026-11-28T10:05:00Z",
  attempt: 0,
  error_code: null,
  error: null,
  since: "2026-11-28T10:00:00Z",
  started_at: "2026-11-28T09:00:00Z",
  ended_at: null,
  ...more,
});

export type SeenStory = ReturnType<typeof seen>;

/** The host tells of stories; how many were news. */
export async function tell(...stories: object[]): Promise<number> {
  const answer = await asHost("/internal/stories/mirror", { shard: "00", seen: stories });
  if (answer.status !== 200) throw new Error(answer.text);
  return answer.body["stored"] as number;
}

/** The id that the edge gave a story that it was told of. */
export async function storyId({ tenant_id, workflow_id }: Pick<SeenStory, "tenant_id" | "workflow_id">): Promise<string> {
  const read = env.DB_00.prepare("select id from stories where tenant_id = ? and workflow_id = ?").bind(tenant_id, workflow_id);
  const row = await read.first<{ id: string }>();
  if (!row) throw new Error(`Nobody was told of ${workflow_id}`);
  return row.id;
}

/** A story that was told of, with its id. */
export async function toldOf(tenantId: string, more: Record<string, unknown> = {}): Promise<SeenStory & { id: string }> {
  const story = seen(tenantId, more);
  await tell(story);
  return { ...story, id: await storyId(story) };
}
