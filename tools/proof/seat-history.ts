/** One change of an activation, as the database wrote it: appended by a trigger, in the order of the commits. */
export type SeatChange = {
  seq: number;
  id: string;
  activated_at: number;
  heartbeat_at: number | null;
  updated_at: number;
  lease_expires_at: number | null;
  released_at: number | null;
};

const COLUMNS = ["id", "license_id", "activated_at", "heartbeat_at", "updated_at", "lease_expires_at", "released_at"];

/** Makes the database write down every change of an activation in a table of its own, in the transaction that makes the change. */
export const HISTORY_SQL = [
  `create table seat_history (seq integer primary key autoincrement, ${COLUMNS.join(", ")})`,
  ...["insert", "update"].map(
    (change) => `create trigger seat_history_${change} after ${change} on activations begin
      insert into seat_history (${COLUMNS.join(", ")}) values (${COLUMNS.map((column) => `new.${column}`).join(", ")}); end`,
  ),
];

export const HISTORY_OF_LICENSE = `select * from seat_history where license_id = ? order by seq`;

/**
 * Replays a history and says how many seats were held at once at most: after each commit, at the latest instant that any request had taken as
 * its own by then. Leases end by themselves in between. Also how many leases ended, and how often one was begun anew by its device.
 */
export function mostHeld(history: readonly SeatChange[]): { most: number; resumed: number; ended: number } {
  const seats = new Map<string, SeatChange>();
  const lapsed = new Set<string>();
  let [at, most, resumed, ended] = [0, 0, 0, 0];
  for (const change of history) {
    at = Math.max(at, change.activated_at, change.heartbeat_at ?? 0, change.updated_at);
    for (const [id, { released_at: released, lease_expires_at: end }] of seats) {
      if (released === null && end !== null && end <= at && !lapsed.has(id)) {
        lapsed.add(id);
        ended++;
      }
    }
    const goesOn = change.released_at === null && (change.lease_expires_at ?? Infinity) > at;
    if (goesOn && lapsed.delete(change.id)) resumed++;
    seats.set(change.id, change);
    const held = [...seats.values()].filter((seat) => seat.released_at === null && (seat.lease_expires_at ?? Infinity) > at);
    most = Math.max(most, held.length);
  }
  return { most, resumed, ended };
}
