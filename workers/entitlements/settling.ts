import { fromMeter, meterOf, type Calendar, type MeterCalls, type Once, type Settled } from "#kernel/meter";
import { invalidRequest } from "#kernel/problems";
import { licenseOfReservation } from "#rules/entitlements/reservation-ids";
import { answerOf, calendarOf, type Asking } from "./asking.ts";
import { presentReservation } from "./presenters.ts";
import { reservationNotFound, reservationOver } from "./problems.ts";

/**
 * Settles a reservation by `act`, whatever became of its license meanwhile. Throws `reservation_not_found`, `reservation_over`, and
 * `invalid_request` for what was not reserved.
 */
export async function settling(
  { env, var: known }: Asking,
  reservationId: string,
  act: (meter: MeterCalls, calendar: Calendar) => Promise<Once<Settled>>,
) {
  const { repo } = known;
  const licenseId = licenseOfReservation(reservationId);
  // the license is looked up, so that an id that somebody thought up makes no meter of its own
  const license = licenseId === undefined ? undefined : await repo.licenses.byId(licenseId);
  if (!license) throw reservationNotFound({});
  const { id, startsAt } = license.row;
  const once = await fromMeter(act(meterOf(env, repo.tenantId, id), calendarOf(known, startsAt)));
  const { replayed, answer } = answerOf(once);
  if (answer.settled) return { replayed, shown: presentReservation(id, answer.reservation, answer.usages) };
  if (answer.why === "not_found") throw reservationNotFound({});
  if (answer.why === "status") throw reservationOver({ status: answer.status });
  const detail = "That much of it was not reserved, or it is named twice.";
  throw invalidRequest({ what: detail }, { errors: [{ pointer: `/items/${answer.index}`, code: "not_reserved", detail }] });
}
