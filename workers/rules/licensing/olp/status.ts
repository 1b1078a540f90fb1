/** What two bits of a status list mean. */
export const FILE_STATUSES = ["valid", "suspended", "revoked", "superseded"] as const;
export type FileStatus = (typeof FILE_STATUSES)[number];

/** The status at an index; beyond the end of the list every one is valid. */
export function statusAt(list: Uint8Array, index: number): FileStatus {
  const byte = list[Math.floor(index / 4)] ?? 0;
  return FILE_STATUSES[(byte >> ((index % 4) * 2)) & 3] ?? "valid";
}

/** The bytes of a list of `size` entries (a multiple of four), all valid but those that are given. */
export function statusList(size: number, entries: Iterable<readonly [index: number, status: FileStatus]>): Uint8Array {
  const list = new Uint8Array(Math.ceil(size / 4));
  for (const [index, status] of entries) {
    const at = Math.floor(index / 4);
    list[at] = (list[at] ?? 0) | (FILE_STATUSES.indexOf(status) << ((index % 4) * 2));
  }
  return list;
}
