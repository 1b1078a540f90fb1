import type { Fact } from "#db/commit";
import type { CustomerRow } from "#db/customers/customers";
import type { License } from "#db/licensing/licenses";
import type { OperationResult, OperationRow } from "#db/operations/operations";
import type { OpenedTenant } from "#kernel/asking";
import { presentCustomer } from "#kernel/customer";
import type { Env } from "#kernel/env";
import { fact } from "#kernel/facts";
import { newOwned } from "#kernel/present";
import type { OperationParams } from "#rules/licensing/operations";
import { storedTerms, type TermsOverrides } from "#rules/licensing/terms";
import { licenseIdOf } from "../derived-ids.ts";
import { keyDigests } from "#kernel/digests";
import { keyColumns, newLicense } from "../new-license.ts";
import { presentLicense } from "../presenters.ts";
import { openedChunk, type WaitingRow } from "./import-chunks.ts";
import type { Worked } from "./working.ts";

type ImportParams = Extract<OperationParams, { kind: "licenses.import" }>;
type Importing = { env: Env; opened: OpenedTenant; operation: OperationRow; params: ImportParams };

/** The next part of an upload: every row of it becomes a license, or is told why not. Undefined when the part is gone. */
export async function importChunk(importing: Importing): Promise<Worked | undefined> {
  const { opened, operation } = importing;
  const { repo, vault } = opened;
  const n = operation.position === null ? 0 : Number(operation.position) + 1;
  const chunk = await repo.operations.chunk(operation.id, n);
  if (!chunk) return undefined;
  const rows = await openedChunk(vault, chunk);
  const people = await customersFor(importing, rows);
  const judged = await judgedRows(importing, rows, people.of);
  const made = judged.flatMap(({ license }) => license ?? []);
  return {
    customers: people.made,
    created: made.map(({ row }) => row),
    changed: [],
    terms: [],
    results: judged.map(({ result }) => result),
    facts: [
      ...people.made.map((customer): Fact => fact("customer.created", presentCustomer(customer))),
      // whoever has a license from elsewhere has its key, too
      ...made.map((license): Fact => ({ ...fact("license.created", presentLicense(license, opened.now)), mailsNobody: true })),
    ],
    chunk: n,
    position: String(n),
    finished: operation.done + rows.length >= operation.total,
  };
}

type CustomerOf = (row: WaitingRow) => CustomerRow | undefined;

/** The customers of the rows, and those that are to be made: each once, whoever else made one of the same name meanwhile. */
async function customersFor({ opened }: Importing, rows: readonly WaitingRow[]) {
  const { repo, now } = opened;
  const names = rows.flatMap(({ newcomer }) => newcomer?.externalId ?? []);
  const there = await repo.operations.customersNamed(
    rows.map(({ customerId }) => customerId),
    names,
  );
  const byId = new Map(there.map((customer) => [customer.id, customer]));
  const byExternalId = new Map(there.map((customer) => [customer.externalId, customer]));
  const made: CustomerRow[] = [];
  for (const { customerId, newcomer } of rows) {
    if (!newcomer || byId.has(customerId)) continue;
    const known = newcomer.externalId === null ? undefined : byExternalId.get(newcomer.externalId);
    const customer = known ?? newCustomer(repo.tenantId, customerId, newcomer, now);
    byId.set(customerId, customer);
    if (!known) made.push(customer);
  }
  const of: CustomerOf = ({ customerId }) => byId.get(customerId);
  return { of, made };
}

function newCustomer(tenantId: string, id: string, who: NonNullable<WaitingRow["newcomer"]>, now: Date): CustomerRow {
  return {
    tenantId,
    id,
    kind: "person",
    name: who.name,
    email: who.email,
    billingEmail: null,
    phone: null,
    company: null,
    address: null,
    country: null,
    vatId: null,
    taxExemptReason: null,
    contacts: [],
    locale: null,
    timeZone: null,
    ...newOwned({ external_id: who.externalId }, now),
  };
}

type Judged = { result: OperationResult; license: License | null };

async function judgedRows(importing: Importing, rows: readonly WaitingRow[], customerOf: CustomerOf): Promise<Judged[]> {
  const { env, opened, operation, params } = importing;
  const { repo } = opened;
  const digests = await Promise.all(rows.map(({ key }) => keyDigests(env, repo.tenantId, key)));
  const taken = await repo.operations.taken(
    digests.flat(),
    rows.flatMap(({ externalId }) => externalId ?? []),
  );
  const revisions = await repo.operations.revisions(rows.map(({ template }) => [template.id, template.rev] as const));
  const judged: Judged[] = [];
  for (const [index, row] of rows.entries()) {
    const id = await licenseIdOf(operation.id, row.row);
    const hashes = digests[index] ?? [];
    const told = { n: row.row, externalId: row.externalId };
    const refuse = (outcome: OperationResult["outcome"], code: string, detail: string) =>
      judged.push({ result: { ...told, outcome, licenseId: null, code, detail }, license: null });
    // what was free when the upload was checked may be taken by now, and an earlier row of this part may bring the same
    const conflict = params.onConflict === "skip" ? "skipped" : "failed";
    const customer = customerOf(row);
    const terms = revisions.find(({ templateId, rev }) => templateId === row.template.id && rev === row.template.rev)?.terms;
    if (hashes.some((hash) => taken.keys.has(hash)))
      refuse(conflict, "license_key_taken", "A license has this key, or one that is read as the same.");
    else if (row.externalId !== null && taken.externalIds.has(row.externalId))
      refuse(conflict, "external_id_taken", "A license has this external_id.");
    else if (!customer || !terms) refuse("failed", "customer_not_found", "The customer or the template is not there any more.");
    else {
      const license = await licenseFrom(importing, row, { id, customer, terms });
      taken.keys.add(license.row.keyHash);
      if (row.externalId !== null) taken.externalIds.add(row.externalId);
      judged.push({ result: { ...told, outcome: "succeeded", licenseId: id, code: null, detail: null }, license });
    }
  }
  return judged;
}

type Ingredients = { id: string; customer: CustomerRow; terms: License["revision"] };

async function licenseFrom(importing: Importing, row: WaitingRow, { id, customer, terms }: Ingredients): Promise<License> {
  const { env, opened, operation } = importing;
  const { repo, vault, now } = opened;
  const overrides: TermsOverrides = {
    ...(row.maxActivations === undefined ? {} : { maxActivations: row.maxActivations }),
    // an end that never comes is the same as no duration
    ...(row.expiresAt === null ? { duration: null } : {}),
  };
  const recipe = {
    id,
    template: row.template,
    revision: storedTerms(terms),
    overrides,
    customer,
    resellerId: null,
    orderId: null,
    issuedTo: row.issuedTo,
    startsAt: row.startsAt === null ? operation.createdAt : new Date(row.startsAt),
    expiresAt: row.expiresAt ? new Date(row.expiresAt) : undefined,
    owned: newOwned({ external_id: row.externalId, metadata: row.metadata }, now),
  };
  const key = { text: row.key, origin: "imported" as const, ordered: false };
  const license = newLicense(repo, recipe, await keyColumns({ env, vault, repo, now }, id, key));
  return { ...license, row: { ...license.row, ...standing(row.status, operation, now) } };
}

/** What a license brings along of what was done to it where it comes from. */
function standing(status: WaitingRow["status"], { id, createdBy }: OperationRow, now: Date): Partial<License["row"]> {
  switch (status) {
    case "active":
      return {};
    case "suspended":
      return { holds: [{ cause: "manual", reason: "Imported as suspended", by: createdBy ?? id, at: now }] };
    case "revoked":
      return { revokedAt: now, revokedReason: "Imported as revoked" };
  }
}
