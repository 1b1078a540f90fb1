import type { TemplateTerms } from "#rules/licensing/terms";
import type { Asking } from "../commit.ts";
import { coresHeldSql, seatsHeldSql, usersHeldSql } from "./status.ts";

/** How many licenses pin a revision of a template, and what it says. */
export type PinnedCount = { rev: number; licenses: number; terms: TemplateTerms };

/** What a template's licenses hold beyond limits that are asked about, and how many have a term of their own. */
export type PinnedSurvey = { overSeats: number; overCores: number; overUsers: number; own: Record<string, number> };

/** The licenses of a template that may still be used: neither revoked nor canceled. */
export function pinnedOf({ d1, tenantId, now }: Asking) {
  return {
    /** The revisions that licenses pin, those that most do first, and at most `limit` of them. */
    revisions: async (templateId: string, limit: number): Promise<PinnedCount[]> => {
      const { results } = await d1
        .prepare(
          `select p.rev, p.licenses, r.terms from (
             select l.template_rev as rev, count(*) as licenses from licenses l where ${USABLE} group by l.template_rev
             order by licenses desc, rev desc limit ?4) p
           cross join template_revisions r on r.tenant_id = ?1 and r.template_id = ?2 and r.rev = p.rev
           order by p.licenses desc, p.rev desc`,
        )
        .bind(tenantId, templateId, now.getTime(), limit)
        .all<{ rev: number; licenses: number; terms: string }>();
      return results.map(({ terms, ...counted }) => ({ ...counted, terms: JSON.parse(terms) as TemplateTerms }));
    },

    /**
     * Counts, in one pass over a template's licenses, those that hold more than the ceilings (null = no end; a license with a limit of its own does
     * not follow the template's, and is left out), and those that have terms of their own among `own`, by the names they are stored under.
     */
    survey: async (
      templateId: string,
      ceilings: { seats: number | null; cores: number | null; users: number | null },
      own: readonly string[],
    ): Promise<PinnedSurvey> => {
      const counted = own.map((_, n) => `coalesce(sum(json_type(l.overrides, ?${7 + n}) is not null), 0) as own_${n}`);
      const row = await d1
        .prepare(
          `select ${over(seatsHeldSql("?3", "l"), "?4", "maxActivations")} as seats, ${over(coresHeldSql("?3", "l"), "?5", "maxCores")} as cores,
             ${over(usersHeldSql("?3", "l"), "?6", "maxUsers")} as users ${counted.map((each) => `, ${each}`).join("")}
           from licenses l where ${USABLE}`,
        )
        .bind(
          tenantId,
          templateId,
          now.getTime(),
          ceilings.seats,
          ceilings.cores,
          ceilings.users,
          ...own.map((name) => `$.${name}`),
        )
        .first<Record<string, number>>();
      return {
        overSeats: row?.["seats"] ?? 0,
        overCores: row?.["cores"] ?? 0,
        overUsers: row?.["users"] ?? 0,
        own: Object.fromEntries(own.map((name, n) => [name, row?.[`own_${n}`] ?? 0])),
      };
    },
  };
}

const USABLE =
  "l.tenant_id = ?1 and l.template_id = ?2 and l.revoked_at is null and (l.canceled_at is null or l.canceled_at > ?3)";

const over = (held: string, ceiling: string, own: string) =>
  `coalesce(sum(case when ${ceiling} is null or json_type(l.overrides, '$.${own}') is not null then 0 else ${held} > ${ceiling} end), 0)`;
