import type { ReservationStatus } from "#kernel/meter";
import { defineProblem } from "#kernel/problem";

export const licenseNotUsable = defineProblem<{ reasons: string }>({
  code: "license_not_usable",
  status: 403,
  title: "The license may not be used now",
  fix: "Validate the license with POST /v1/licenses/validate: the reasons, which are here too, say what would help.",
  detail: ({ reasons }) => reasons,
});

export const featureNotLicensed = defineProblem({
  code: "feature_not_licensed",
  status: 403,
  title: "The license does not hold the feature",
  fix: "Give the license the feature, or leave it out; POST /v1/entitlements/check tells what the license holds.",
  detail: () => "The license has no right to a feature that is named, or the right has ended; nothing was used.",
});

export const quotaExceeded = defineProblem<{
  feature: string;
  remaining: number;
  units: number;
  /** why no time brings as many; null where one may */
  hopeless: "beyond_period" | "never_resets" | null;
}>({
  code: "quota_exceeded",
  status: 429,
  title: "The quota is used up",
  fix: "Use less, wait for as long as Retry-After says, or raise the limit of the feature on the license or its template.",
  fixFor: ({ hopeless }) => (hopeless === null ? undefined : WITHOUT_WAITING[hopeless]),
  detail: ({ feature, remaining, units }) =>
    `Of ${feature} ${remaining} ${remaining === 1 ? "unit is" : "units are"} left, and ${units} ${units === 1 ? "was" : "were"} asked for; nothing was used.`,
});

const WITHOUT_WAITING = {
  beyond_period:
    "Ask for less at once, or raise the limit of the feature on the license or its template: no period has as many units, so waiting does not help.",
  never_resets:
    "Use less, or raise the limit of the feature on the license or its template: what was used never starts again, so waiting does not help.",
};

export const tooManyReservations = defineProblem<{ most: number }>({
  code: "too_many_reservations",
  status: 409,
  title: "Too many reservations of the license are open",
  fix: "Commit or release what is done, or reserve for a shorter time.",
  detail: ({ most }) => `A license has at most ${most} open reservations.`,
});

export const reservationNotFound = defineProblem({
  code: "reservation_not_found",
  status: 404,
  title: "No such reservation",
  fix: "Use the reservation_id that POST /v1/entitlements/reserve answered; it is known for 30 days after it ends.",
  detail: () => "This tenant has no reservation of this id.",
});

export const reservationOver = defineProblem<{ status: ReservationStatus }>({
  code: "reservation_over",
  status: 409,
  title: "The reservation is over",
  fix: "Where it was committed, nothing: it is counted. Where it was released or its time was over, reserve again, or consume at once.",
  fixFor: ({ status }) =>
    status === "committed"
      ? "Nothing is to be done: what was committed is counted. Whoever reserves or consumes it again counts it twice."
      : "What it held back was not counted: reserve again, or consume at once.",
  detail: ({ status }) =>
    status === "committed"
      ? "The reservation is committed: what was used of it is counted, and the rest is free again."
      : `The reservation is ${status}: what it held back is not there any more.`,
});
