import type { Repo } from "#db/repo";
import type { Env } from "#kernel/env";
import type { RowFault } from "#rules/licensing/import-rows";
import { keyDigests } from "#kernel/digests";
import { LEAST_KEY_BITS } from "#rules/licensing/key-strength";
import type { ReadRow } from "./reading-rows.ts";

/** How many rows are looked up at once. */
const AT_ONCE = 500;

type Asking = { repo: Repo; env: Env };
export type Options = { templateId: string | undefined; allowWeak: boolean; createCustomers: boolean };

/** Whom a license is for: a customer who is there, or one to be made. */
export type ForWhom = { id: string } | { create: NewcomerRow };
export type NewcomerRow = { externalId: string | null; email: string; name: string };
export type Offer = { id: string; productId: string; rev: number };

/** A row with what it names, as far as that was found. */
export type CheckedRow = ReadRow & { offer: Offer | undefined; forWhom: ForWhom | undefined };

/** What is wrong with rows beyond their form: what they name is not there, or put away, or their key is weak, or what they bring is there. */
export type Checked = {
  rows: CheckedRow[];
  unknown: RowFault[];
  refused: RowFault[];
  collisions: RowFault[];
  duplicates: RowFault[];
};

/** Looks up everything that the rows of an upload name or take. Writes nothing. */
export async function checkRows(asking: Asking, rows: readonly ReadRow[], options: Options): Promise<Checked> {
  const found = await namedBy(asking.repo, rows, options);
  const checked = rows.map((row) => ({ ...row, offer: found.offerOf(row), forWhom: found.customerOf(row) }));
  return {
    rows: checked,
    unknown: checked.flatMap((row) => whatIsUnknown(row, found.isAmbiguous(row))),
    refused: [...(options.allowWeak ? [] : rows.flatMap(whyWeak)), ...checked.flatMap((row) => found.whyNotOffer(row))],
    collisions: await collisionsOf(asking, rows),
    duplicates: duplicatesIn(rows),
  };
}

type Found = {
  offerOf: (row: ReadRow) => Offer | undefined;
  whyNotOffer: (row: ReadRow) => RowFault[];
  customerOf: (row: ReadRow) => ForWhom | undefined;
  isAmbiguous: (row: ReadRow) => boolean;
};

async function namedBy(repo: Repo, rows: readonly ReadRow[], options: Options): Promise<Found> {
  const templateOf = (row: ReadRow) => row.template_id ?? options.templateId;
  const offers = new Map<string, Awaited<ReturnType<typeof repo.operations.templatesNamed>>[number]>();
  for (const part of parts(distinct(rows.map(templateOf))))
    for (const offer of await repo.operations.templatesNamed(part)) offers.set(offer.id, offer);

  const [byId, byExternalId] = [new Set<string>(), new Map<string, string>()];
  const names = [...distinct(rows.map((row) => row.customer_id)), ...distinct(rows.map((row) => row.customer_external_id))];
  for (const part of parts(names)) {
    for (const { id, externalId } of await repo.operations.customersNamed(part, part)) {
      byId.add(id);
      if (externalId !== null) byExternalId.set(externalId, id);
    }
  }
  const byEmail = new Map<string, { id: string | null; customers: number }>();
  for (const part of parts(distinct(rows.filter(isKnownByEmail).map((row) => row.customer_email))))
    for (const each of await repo.operations.customersByEmail(part)) byEmail.set(each.email, each);

  const there = (id: string | null | undefined): ForWhom | undefined => (id ? { id } : undefined);
  const emailOf = (row: ReadRow) => byEmail.get(row.customer_email ?? "");
  return {
    offerOf: (row) => offers.get(templateOf(row) ?? ""),
    whyNotOffer: (row) => {
      const offer = offers.get(templateOf(row) ?? "");
      const isArchived = offer !== undefined && (offer.archivedAt !== null || offer.isProductArchived === 1);
      return isArchived ? [fault(row, "template_id", "template_archived", "The template or its product is archived.")] : [];
    },
    customerOf: (row) => {
      if (row.customer_id !== undefined) return byId.has(row.customer_id) ? { id: row.customer_id } : undefined;
      const { customer_external_id: externalId = null, customer_email: email } = row;
      const known = externalId === null ? emailOf(row)?.id : byExternalId.get(externalId);
      if (known || !options.createCustomers || email === undefined) return there(known);
      return { create: { externalId, email, name: row.customer_name ?? email } };
    },
    isAmbiguous: (row) => isKnownByEmail(row) && (emailOf(row)?.customers ?? 0) > 1,
  };
}

/** Whether nothing but an e-mail address says whose license it is. */
const isKnownByEmail = (row: ReadRow) => row.customer_id === undefined && row.customer_external_id === undefined;

function whatIsUnknown(row: CheckedRow, isAmbiguous: boolean): RowFault[] {
  const faults: RowFault[] = [];
  if (!row.offer)
    faults.push(
      fault(
        row,
        "template_id",
        "template_not_found",
        "There is no such template: name one in the row, or for all rows by ?template_id=.",
      ),
    );
  const column = row.customer_id !== undefined ? "customer_id" : isKnownByEmail(row) ? "customer_email" : "customer_external_id";
  if (isAmbiguous)
    faults.push(fault(row, column, "customer_ambiguous", "Several customers have this e-mail address: name one by its id."));
  else if (!row.forWhom)
    faults.push(
      fault(
        row,
        column,
        "customer_not_found",
        "This tenant has no such customer; create_customers=true makes those that have an e-mail address.",
      ),
    );
  return faults;
}

function whyWeak(row: ReadRow): RowFault[] {
  if (row.bits >= LEAST_KEY_BITS) return [];
  const detail = `The key is worth about ${row.bits} bits; at least ${LEAST_KEY_BITS} are needed, or allow_weak=true.`;
  return [fault(row, "license_key", "weak_license_key", detail)];
}

/** Rows whose key a license has already, or one that is read as the same; and those whose external_id is taken. */
async function collisionsOf({ repo, env }: Asking, rows: readonly ReadRow[]): Promise<RowFault[]> {
  const faults: RowFault[] = [];
  for (const part of parts(rows)) {
    const digests = await Promise.all(part.map((row) => keyDigests(env, repo.tenantId, row.license_key)));
    const taken = await repo.operations.taken(digests.flat(), distinct(part.map((row) => row.external_id)));
    for (const [index, row] of part.entries()) {
      if (digests[index]?.some((digest) => taken.keys.has(digest)))
        faults.push(fault(row, "license_key", "license_key_taken", "A license has this key, or one that is read as the same."));
      if (row.external_id && taken.externalIds.has(row.external_id))
        faults.push(fault(row, "external_id", "external_id_taken", "A license has this external_id."));
    }
  }
  return faults;
}

/** Rows that bring what an earlier one brings. Keys are compared exactly: `ab-O1` and `AB-01` are two. */
function duplicatesIn(rows: readonly ReadRow[]): RowFault[] {
  const [keys, names] = [new Map<string, number>(), new Map<string, number>()];
  const twice = (known: Map<string, number>, row: ReadRow, column: "license_key" | "external_id"): RowFault[] => {
    const value = row[column];
    if (!value) return [];
    const first = known.get(value);
    if (first === undefined) known.set(value, row.row);
    return first === undefined ? [] : [fault(row, column, `${column}_twice`, `Row ${first} has the same.`)];
  };
  return rows.flatMap((row) => [...twice(keys, row, "license_key"), ...twice(names, row, "external_id")]);
}

const fault = ({ row }: ReadRow, column: string, code: string, detail: string): RowFault => ({ row, column, code, detail });

const distinct = (values: readonly (string | null | undefined)[]): string[] => [
  ...new Set(values.filter((value): value is string => typeof value === "string")),
];

function* parts<T>(all: readonly T[]): Generator<T[]> {
  for (let at = 0; at < all.length; at += AT_ONCE) yield all.slice(at, at + AT_ONCE);
}
