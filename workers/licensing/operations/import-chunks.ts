import type { Vault } from "#kernel/vault";
import { ROWS_A_CHUNK } from "#rules/licensing/operations";
import { customerIdOf } from "../derived-ids.ts";
import type { CheckedRow, NewcomerRow, Offer } from "./checking-rows.ts";

/** One row of an upload as it waits, sealed, for its turn. */
export type WaitingRow = {
  row: number;
  key: string;
  template: Offer;
  customerId: string;
  /** whom to make under that id, where no such customer is there yet */
  newcomer: NewcomerRow | null;
  externalId: string | null;
  issuedTo: string | null;
  startsAt: string | null;
  /** absent = counted by the terms, null = never */
  expiresAt?: string | null;
  status: "active" | "suspended" | "revoked";
  /** absent = the template's, null = unlimited */
  maxActivations?: number | null;
  metadata: Record<string, string>;
};

/** A chunk is also bounded by its length: the database takes two megabytes in one place. */
const LONGEST_CHUNK = 500_000;

const place = (operationId: string, n: number) => ["operation_chunks", operationId, String(n)] as const;

/** The rows of an upload in sealed parts. */
export async function sealedChunks(vault: Vault, operationId: string, rows: readonly CheckedRow[]) {
  const waiting = await Promise.all(rows.map((row) => waitingRow(operationId, row)));
  return Promise.all(
    inParts(waiting.map((row) => JSON.stringify(row))).map(async (texts, n) => ({
      rows: texts.length,
      sealed: await vault.seal(place(operationId, n), `[${texts.join(",")}]`),
    })),
  );
}

/** The rows of one part. */
export async function openedChunk(
  vault: Vault,
  chunk: { operationId: string; n: number; sealed: string },
): Promise<WaitingRow[]> {
  return JSON.parse(await vault.unseal(place(chunk.operationId, chunk.n), chunk.sealed)) as WaitingRow[];
}

function inParts(texts: readonly string[]): string[][] {
  const parts: string[][] = [];
  let length = Infinity;
  for (const text of texts) {
    const last = parts.at(-1);
    length += text.length;
    if (last && last.length < ROWS_A_CHUNK && length <= LONGEST_CHUNK) last.push(text);
    else {
      parts.push([text]);
      length = text.length;
    }
  }
  return parts;
}

async function waitingRow(operationId: string, row: CheckedRow): Promise<WaitingRow> {
  const { offer, forWhom } = row;
  if (!offer || !forWhom) throw new Error("A row that names what is not there was let through");
  const newcomer = "create" in forWhom ? forWhom.create : null;
  return {
    row: row.row,
    key: row.license_key,
    template: { id: offer.id, productId: offer.productId, rev: offer.rev },
    customerId: "id" in forWhom ? forWhom.id : await customerIdOf(operationId, nameOf(forWhom.create)),
    newcomer,
    externalId: row.external_id ?? null,
    issuedTo: row.issued_to ?? null,
    startsAt: row.starts_at?.toISOString() ?? null,
    ...(row.expires_at === undefined ? {} : { expiresAt: row.expires_at?.toISOString() ?? null }),
    status: row.status,
    ...(row.max_activations === undefined ? {} : { maxActivations: row.max_activations }),
    metadata: row.metadata ?? {},
  };
}

/** What rows of one newcomer have in common. */
const nameOf = ({ externalId, email }: NewcomerRow) => (externalId === null ? `email\n${email}` : `external_id\n${externalId}`);
