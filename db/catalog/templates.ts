import { and, desc, eq } from "drizzle-orm";
import type { LicenseType, TemplateTerms } from "#rules/licensing/terms";
import { bound, commit, guard, type Asking, type Told } from "../commit.ts";
import { dbOf } from "../db.ts";
import { olderThan, pageOf, type Page } from "../page.ts";
import { archivedOrNot } from "./archived.ts";
import { isNewestRevision } from "./template-revisions.ts";
import { templateRevisions, templates } from "./tables.ts";

export type TemplateRow = typeof templates.$inferSelect;

/** A template with the terms of its newest revision. */
export type Template = TemplateRow & { terms: TemplateTerms };

type Filter = {
  productId?: string | undefined;
  type?: LicenseType | undefined;
  externalId?: string | undefined;
  archived?: boolean | undefined;
};

// changes nothing but the count of changes, which the guard reads: a template cannot slip in behind its product's archiving
const productInUse = "update products set version = version where tenant_id = ? and id = ? and archived_at is null";

export function templatesOf(asking: Asking) {
  const { d1, tenantId } = asking;
  const db = dbOf(d1);
  const mine = (id: string) => and(eq(templates.tenantId, tenantId), eq(templates.id, id));
  const revisionOf = ({ id, rev, updatedAt }: Template, terms: TemplateTerms) =>
    bound(d1, db.insert(templateRevisions).values({ tenantId, templateId: id, rev, terms, createdAt: updatedAt }));

  return {
    /** The template with its newest terms. */
    byId: async (id: string): Promise<Template | undefined> => {
      const found = await newestOf(d1).where(mine(id)).get();
      return found && { ...found.row, terms: found.terms };
    },

    list: async (page: Page, filter: Filter) => {
      const found = await newestOf(d1)
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

    /** Adds a template with its first revision; undefined when its product is archived, or was just now. */
    insert: ({ terms, ...row }: Template, told: Told) =>
      commit(
        asking,
        [
          d1.prepare(productInUse).bind(tenantId, row.productId),
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
          bound(
            d1,
            db
              .update(templates)
              .set({ ...row, version: row.version + 1 })
              .where(and(mine(row.id), eq(templates.version, row.version))),
          ),
          guard(d1),
          ...(revised ? [revisionOf({ ...row, terms }, terms)] : []),
        ],
        told,
      ),
  };
}

/** Templates with the terms of their newest revision. */
function newestOf(d1: D1Database) {
  return dbOf(d1)
    .select({ row: templates, terms: templateRevisions.terms })
    .from(templates)
    .innerJoin(templateRevisions, isNewestRevision);
}
