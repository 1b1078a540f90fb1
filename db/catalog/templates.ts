import { and, desc, eq, isNull, lt, sql } from "drizzle-orm";
import type { LicenseType, TemplateTerms } from "#rules/licensing/terms";
import { bound, commit, guard, type Asking, type Told } from "../commit.ts";
import { dbOf } from "../db.ts";
import { olderThan, pageOf, type Page } from "../page.ts";
import { archivedOrNot } from "./archived.ts";
import { products, templateRevisions, templates } from "./tables.ts";

export type TemplateRow = typeof templates.$inferSelect;
export type TemplateRevisionRow = typeof templateRevisions.$inferSelect;

/** A template with the terms of its newest revision. */
export type Template = TemplateRow & { terms: TemplateTerms };

type Filter = {
  productId?: string | undefined;
  type?: LicenseType | undefined;
  externalId?: string | undefined;
  archived?: boolean | undefined;
};

export function templatesOf(asking: Asking) {
  const { d1, tenantId } = asking;
  const db = dbOf(d1);
  const mine = (id: string) => and(eq(templates.tenantId, tenantId), eq(templates.id, id));
  const revisionOf = ({ id, rev, updatedAt }: Template, terms: TemplateTerms) =>
    bound(d1, db.insert(templateRevisions).values({ tenantId, templateId: id, rev, terms, createdAt: updatedAt }));

  const newest = () =>
    db
      .select({ row: templates, terms: templateRevisions.terms })
      .from(templates)
      .innerJoin(
        templateRevisions,
        and(
          eq(templateRevisions.tenantId, templates.tenantId),
          eq(templateRevisions.templateId, templates.id),
          eq(templateRevisions.rev, templates.rev),
        ),
      );

  return {
    /** The template with its newest terms. */
    byId: async (id: string): Promise<Template | undefined> => {
      const found = await newest().where(mine(id)).get();
      return found && { ...found.row, terms: found.terms };
    },

    /** The terms as they stood at one revision. */
    revision: (templateId: string, rev: number) =>
      db
        .select()
        .from(templateRevisions)
        .where(
          and(eq(templateRevisions.tenantId, tenantId), eq(templateRevisions.templateId, templateId), eq(templateRevisions.rev, rev)),
        )
        .get(),

    list: async (page: Page, filter: Filter) => {
      const found = await newest()
        .where(
          and(
            eq(templates.tenantId, tenantId),
            filter.productId === undefined ? undefined : eq(templates.productId, filter.productId),
            filter.type === undefined ? undefined : eq(templates.type, filter.type),
            filter.externalId === undefined ? undefined : eq(templates.externalId, filter.externalId),
            archivedOrNot(templates.archivedAt, filter.archived),
            olderThan(templates.id, page),
          ),
        )
        .orderBy(desc(templates.id))
        .limit(page.limit + 1);
      return pageOf(
        found.map(({ row, terms }): Template => ({ ...row, terms })),
        page,
      );
    },

    /** Revisions, newest first; `beforeRev` = those older than it. */
    listRevisions: async (templateId: string, limit: number, beforeRev: number | null) =>
      pageOf(
        await db
          .select()
          .from(templateRevisions)
          .where(
            and(
              eq(templateRevisions.tenantId, tenantId),
              eq(templateRevisions.templateId, templateId),
              beforeRev === null ? undefined : lt(templateRevisions.rev, beforeRev),
            ),
          )
          .orderBy(desc(templateRevisions.rev))
          .limit(limit + 1),
        { limit, before: null },
      ),

    /** Adds a template with its first revision; undefined when its product is archived, or was just now. */
    insert: ({ terms, ...row }: Template, told: Told) =>
      commit(
        asking,
        [
          // changes nothing but the count of changes: archiving and adding are in one order, so none slips in behind
          bound(
            d1,
            db
              .update(products)
              .set({ version: sql`${products.version}` })
              .where(and(eq(products.tenantId, tenantId), eq(products.id, row.productId), isNull(products.archivedAt))),
          ),
          guard(d1),
          bound(d1, db.insert(templates).values(row)),
          revisionOf({ ...row, terms }, terms),
        ],
        told,
      ),

    /**
     * Writes a changed template over the version it was read as; undefined when somebody else was faster.
     * `revised`: its terms are new, and `row.rev` is the number of their revision.
     */
    update: ({ terms, ...row }: Template, { revised }: { revised: boolean }, told: Told) =>
      commit(
        asking,
        [
          bound(d1, db.update(templates).set({ ...row, version: row.version + 1 }).where(and(mine(row.id), eq(templates.version, row.version)))),
          guard(d1),
          ...(revised ? [revisionOf({ ...row, terms }, terms)] : []),
        ],
        told,
      ),
  };
}
