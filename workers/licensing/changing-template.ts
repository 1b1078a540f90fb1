import type { License as LicenseRead } from "#db/licensing/licenses";
import type { Repo } from "#db/repo";
import { productArchived, templateArchived, revisionNotFound, templateNotFound } from "#kernel/not-found";
import { changesBetween, termsToWire } from "#kernel/terms";
import type { z } from "#kernel/wire";
import { effectiveTerms, seatLimits, type TermsFault, type TermsOverrides } from "#rules/licensing/terms";
import { presentLicense, type LicenseShown } from "./presenters.ts";
import { otherProduct, termsContradict } from "./problems.ts";
import type { TemplateChange } from "./schemas.ts";
import { overLimits, underRevision, type Pinned } from "./under-revision.ts";

/** A license under another template, and which of its own terms it lost because they mean nothing there. */
export type Changed = { license: LicenseRead; dropped: string[] };

/** The own term that a fault in the terms of a license is about. */
const OWN_TERMS: Record<string, keyof TermsOverrides> = {
  "/duration": "duration",
  "/maintenance": "maintenance",
  "/lease_s": "leaseS",
  "/overage": "overage",
  "/offline/max_ttl": "offline",
  "/grace_period": "gracePeriod",
};

/**
 * The revision of a template that a license is to have: the newest where none is said. Throws `template_not_found`, `revision_not_found`,
 * `other_product` and, unless it is the license's own template, what says that it is put away.
 */
export async function wantedRevision(
  repo: Repo,
  { row }: LicenseRead,
  { template_id: templateId, rev }: { template_id: string; rev?: number | undefined },
): Promise<Pinned> {
  const template = await repo.templates.byId(templateId);
  if (!template) throw templateNotFound({});
  if (template.productId !== row.productId) throw otherProduct({});
  if (template.id !== row.templateId) {
    if (template.archivedAt !== null) throw templateArchived({});
    if ((await repo.products.byIdOrCode(template.productId))?.archivedAt) throw productArchived({});
  }
  const pinned = await repo.templateRevisions.byRev(template.id, rev ?? template.rev);
  if (!pinned) throw revisionNotFound({});
  return pinned;
}

/** The license under that revision. Own terms that mean nothing there are dropped; throws `terms_contradict` where that does not help. */
export async function underTemplate(repo: Repo, before: LicenseRead, to: Pinned, now: Date): Promise<Changed> {
  const dropped: string[] = [];
  for (let { overrides } = before.row; ;) {
    const own = { ...before, row: { ...before.row, overrides } };
    const moved = underRevision(own, to, { now, zone: repo.tenant.timeZone });
    if (!("fault" in moved)) return { license: await recounted(repo, before, moved), dropped };
    const { pointer } = moved.fault;
    overrides = withoutTerm(overrides, moved.fault);
    dropped.push(pointer.split("/")[1] ?? pointer);
  }
}

function withoutTerm(overrides: TermsOverrides, { pointer, detail }: TermsFault): TermsOverrides {
  const own = OWN_TERMS[pointer];
  if (own === undefined || overrides[own] === undefined) throw termsContradict({ detail });
  return Object.fromEntries(Object.entries(overrides).filter(([name]) => name !== own));
}

/** What is held is counted by the license's type and model, which may be others now. */
async function recounted(repo: Repo, { row: before }: LicenseRead, after: LicenseRead): Promise<LicenseRead> {
  const { model, type } = after.row;
  if (model === before.model && type === before.type) return after;
  const { devices, people, named } = await repo.seatsBeyond.heldOf(before.id);
  return { ...after, seatsHeld: model === "per_seat" ? people : devices, usersHeld: type === "named_user" ? named : people };
}

/** What a change of template does to a license, or would do: each term before and after, and what is beyond the new limits. */
export async function presentChange(
  repo: Repo,
  before: LicenseRead,
  { license: after, dropped }: Changed,
  { now, dryRun }: { now: Date; dryRun: boolean },
): Promise<z.infer<typeof TemplateChange>> {
  const shown = presentLicense(after, now);
  const { ceiling } = seatLimits(after.terms);
  const isBeyond = ceiling !== null && after.seatsHeld > ceiling;
  return {
    object: "template_change",
    dry_run: dryRun,
    changes: changesBetween(
      { ...termsToWire(before.terms), ...periodOf(presentLicense(before, now)) },
      { ...termsToWire(after.terms), ...periodOf(shown) },
    ),
    own_terms: ownTermsOf(after),
    dropped_terms: dropped,
    over_limits: overLimits(after),
    activations_beyond: isBeyond ? await repo.seatsBeyond.beyond(before.row.id, ceiling, after.row.model) : [],
    license: shown,
  };
}

const periodOf = ({ expires_at, grace_until, maintenance_until }: LicenseShown) => ({
  expires_at,
  grace_until,
  maintenance_until,
});

/** Terms that the license has otherwise than its template's revision. */
function ownTermsOf({ revision, terms, row }: LicenseRead): string[] {
  const template = effectiveTerms(revision, row.overrides.onTrial ? { onTrial: true } : {});
  return changesBetween(termsToWire(template), termsToWire(terms)).map(({ field }) => field);
}
