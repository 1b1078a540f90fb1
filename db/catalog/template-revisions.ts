import { and, desc, eq, lt } from "drizzle-orm";
import type { Asking } from "../commit.ts";
import { dbOf } from "../db.ts";
import { pageOf } from "../page.ts";
import { templateRevisions, templates } from "./tables.ts";

export type TemplateRevisionRow = typeof templateRevisions.$inferSelect;

/** Joins templates with the terms that they have now. */
export const isNewestRevision = and(
  eq(templateRevisions.tenantId, templates.tenantId),
  eq(templateRevisions.templateId, templates.id),
  eq(templateRevisions.rev, templates.rev),
);

/** The terms of templates as they stood; they are written with their templates and never changed. */
export function templateRevisionsOf({ d1, tenantId }: Asking) {
  const db = dbOf(d1);
  const ofTemplate = (templateId: string) =>
    and(eq(templateRevisions.tenantId, tenantId), eq(templateRevisions.templateId, templateId));

  return {
    byRev: (templateId: string, rev: number) =>
      db
        .select()
        .from(templateRevisions)
        .where(and(ofTemplate(templateId), eq(templateRevisions.rev, rev)))
        .get(),

    /** Newest first; `beforeRev` = those older than it. */
    list: async (templateId: string, limit: number, beforeRev: number | null) =>
      pageOf(
        await db
          .select()
          .from(templateRevisions)
          .where(and(ofTemplate(templateId), beforeRev === null ? undefined : lt(templateRevisions.rev, beforeRev)))
          .orderBy(desc(templateRevisions.rev))
          .limit(limit + 1),
        { limit, before: null },
      ),
  };
}
