import type { Page, PageOf } from "#db/page";
import { listStoriesOfAll, type StoryFilter, type StoryRow } from "#db/stories/stories";
import type { Door } from "#kernel/endpoint";
import type { Env } from "#kernel/env";
import { databaseOf, shardsOf } from "#kernel/shards";
import type { z } from "#kernel/wire";
import { presentAnyStory, presentStory } from "./presenters.ts";
import type { Story } from "./schemas.ts";

/** Who looks, and where. */
type Seeing = { env: Env; var: { door: Door } };

/** The stories that a caller sees: a tenant's key its own, an operator's all. */
export const storiesBehind = (door: Door) => (door.of === "tenant" ? door.repo.stories : door.platform.stories);

/** A page of them. */
export function listBehind({ env, var: { door } }: Seeing, page: Page, filter: StoryFilter): Promise<PageOf<StoryRow>> {
  if (door.of === "tenant") return door.repo.stories.list(page, filter);
  const databases = shardsOf(env).flatMap((shard) => databaseOf(env, shard) ?? []);
  return listStoriesOfAll(databases, page, filter);
}

/** How a caller sees them. */
export const presentFor =
  ({ env, var: { door } }: Seeing) =>
  (row: StoryRow): z.infer<typeof Story> =>
    (door.of === "tenant" ? presentStory : presentAnyStory)(row, env);

/** To whom a cursor belongs. */
export const pageOwner = (door: Door): string => (door.of === "tenant" ? door.repo.tenantId : "operator");
