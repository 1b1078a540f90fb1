type Owned = { externalId: string | null; metadata: Record<string, string>; createdAt: Date; updatedAt: Date };

/** The fields that every object of a tenant shows. */
export const presentOwned = (row: Owned) => ({
  external_id: row.externalId,
  metadata: row.metadata,
  created_at: row.createdAt.toISOString(),
  updated_at: row.updatedAt.toISOString(),
});

type OwnedBody = { external_id?: string | null | undefined; metadata?: Record<string, string> | undefined };

/** The columns of a new object that its maker may fill in, and the rest of what every object carries. */
export const newOwned = (body: OwnedBody, now: Date) => ({
  externalId: body.external_id ?? null,
  metadata: body.metadata ?? {},
  createdAt: now,
  updatedAt: now,
  version: 1,
});

/** The same for a change: an absent field stays as it is. */
export const changedOwned = (row: Owned, body: OwnedBody, now: Date) => ({
  externalId: body.external_id === undefined ? row.externalId : body.external_id,
  metadata: body.metadata ?? row.metadata,
  updatedAt: now,
});
