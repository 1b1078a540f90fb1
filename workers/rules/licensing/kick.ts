/** A device that holds a seat, as far as it matters for giving way. */
export type Seated = { id: string; type: "online" | "offline" | "emergency"; userRef: string | null; lastSeenAt: Date };

/**
 * The devices that give way to one that asks for their seat: those of the seat that was seen least recently. Where users are counted, a seat
 * is all devices of one user, and was seen when the last of them was. What works offline never gives way. Empty where nobody does.
 */
export function whoGivesWay<S extends Seated>(seated: readonly S[], countsUsers: boolean): S[] {
  const seats = new Map<string, S[]>();
  for (const device of seated) {
    const seat = countsUsers && device.userRef !== null ? `u${device.userRef}` : `d${device.id}`;
    seats.set(seat, [...(seats.get(seat) ?? []), device]);
  }
  const seenAt = (devices: readonly S[]) => Math.max(...devices.map(({ lastSeenAt }) => lastSeenAt.getTime()));
  const first = (devices: readonly S[]) => devices.map(({ id }) => id).sort()[0] ?? "";
  const online = [...seats.values()].filter((devices) => devices.every(({ type }) => type === "online"));
  const [oldest] = online.sort((a, b) => seenAt(a) - seenAt(b) || (first(a) < first(b) ? -1 : 1));
  return oldest ?? [];
}
