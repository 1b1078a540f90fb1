import { and, eq } from "drizzle-orm";
import { bound, commit, guard, type Answer, type Asking, type Statement, type Told } from "../commit.ts";
import { dbOf } from "../db.ts";
import { orders, subscriptions } from "../sales/tables.ts";
import type { EntryGroup } from "#rules/billing/ledger";
import { ledgerStatements } from "./ledger.ts";
import { creditNotes, credits, disputes, invoices, paymentMethods, payments, payouts, refunds } from "./tables.ts";

/** What a fact about money may change. Each row carries its version, so that of two racers the second one reads again. */
const TABLES = { invoices, creditNotes, credits, payments, refunds, disputes, paymentMethods, payouts, orders, subscriptions };

type Tables = typeof TABLES;
type RowOf<Name extends keyof Tables> = Tables[Name]["$inferSelect"];

/** Rows of each table. */
export type MoneyRows = { readonly [Name in keyof Tables]?: readonly RowOf<Name>[] };

/** A document that becomes final: it takes the next number of its series in the batch. */
export type Numbering = { of: "invoices" | "creditNotes"; id: string; legalEntityId: string; series: string; width: number };

/** Everything that one fact about money changes. */
export type MoneyChange = {
  insert?: MoneyRows;
  /** Rows over the version they were read as. */
  update?: MoneyRows;
  number?: readonly Numbering[];
  /** What the books say of it. */
  entries?: readonly EntryGroup[];
  /** What else belongs to it: statements of other rooms' tables, such as that a provider's event was applied. */
  also?: readonly Statement[];
};

/**
 * The books of a tenant: documents, money that moved, and the ledger, changed together or not at all. A number is counted up in the same batch
 * that makes its document final, so that none is lost where the batch fails and no two get the same.
 */
export function booksOf(asking: Asking) {
  const { d1, tenantId, now } = asking;
  const db = dbOf(d1);

  const insertions = (name: keyof Tables, rows: readonly object[]): Statement[] =>
    rows.map((row) => bound(d1, db.insert(TABLES[name]).values(row as never)));

  const updates = (name: keyof Tables, rows: readonly { id: string; version: number }[]): Statement[] =>
    rows.flatMap((row) => {
      const table = TABLES[name];
      const isAsRead = and(eq(table.tenantId, tenantId), eq(table.id, row.id), eq(table.version, row.version));
      const set = { ...row, version: row.version + 1 } as never;
      return [bound(d1, db.update(table).set(set).where(isAsRead)), guard(d1)];
    });

  const numberings = ({ of, id, legalEntityId, series, width }: Numbering): Statement[] => [
    d1
      .prepare(
        `insert into document_numbers (tenant_id, legal_entity_id, series, last) values (?1, ?2, ?3, 1)
         on conflict (tenant_id, legal_entity_id, series) do update set last = last + 1`,
      )
      .bind(tenantId, legalEntityId, series),
    d1
      .prepare(
        `update ${of === "invoices" ? "invoices" : "credit_notes"} set series = ?3, sequence = taken.last, number = ?3 || printf('%0${width}d', taken.last)
         from (select last from document_numbers where tenant_id = ?1 and legal_entity_id = ?2 and series = ?3) as taken
         where tenant_id = ?1 and id = ?4 and sequence is null`,
      )
      .bind(tenantId, legalEntityId, series, id),
    guard(d1),
  ];

  return {
    /** Writes it with its events and its answer; undefined when a row was changed by somebody else meanwhile, and then nothing was written. */
    write: (change: MoneyChange, told: Told) => {
      const names = Object.keys(TABLES) as (keyof Tables)[];
      const statements = [
        ...names.flatMap((name) => insertions(name, change.insert?.[name] ?? [])),
        ...names.flatMap((name) => updates(name, change.update?.[name] ?? [])),
        ...(change.number ?? []).flatMap(numberings),
        ...ledgerStatements(asking, change.entries ?? [], now),
        ...(change.also ?? []),
      ];
      return commit(asking, statements, told);
    },

    /** Keeps the answer of an intent whose change was written before it could be said: it holds what the database decided. */
    keepAnswer: async (answer: Answer): Promise<void> => {
      if (asking.intent?.written === "running") await commit(asking, [], { facts: [], answer });
    },
  };
}
