import { daysBetween } from "../entitlements/reports.ts";
import { periodOf as dayPeriodOf } from "../entitlements/periods.ts";
import { isoInstant } from "../iso.ts";
import { type Rational, type RationalJson, mul, ratio, roundHalfAwayFromZero, toRational, writeRational } from "../rational.ts";
import type { Derivation, DocumentLine, LineTax } from "./documents.ts";
import { recompute } from "./pricing.ts";
import { type Span, within, wholeSecond } from "./periods.ts";

/**
 * By what a part of a period is measured. `second`: time as it passed. `day`: local days, half-open: the day of the change is the first one of
 * what comes, the day on which the period ends is none of its days.
 */
export const PRORATION_CONVENTIONS = ["second", "day"] as const;
export type ProrationConvention = (typeof PRORATION_CONVENTIONS)[number];

/** How parts of periods are measured, and by whose calendar. */
export type ProrationRule = { by: ProrationConvention; zone: string };

/** A line before it stands in a document and is taxed. A credit has the tax of the line that it gives back; null = to be found. */
export type UntaxedLine = Omit<DocumentLine, "id" | "tax"> & { tax: LineTax | null };

/**
 * A line as it was billed, on which document (null: on none yet, it waits for the next invoice), and what of it has been given back since
 * (>= 0, minor units).
 */
export type BilledLine = { on: { invoiceId: string; lineId: string } | null; line: UntaxedLine; credited: number };

/** The instant from which a change counts: its second, or the begin of its day, but never outside of the period. */
export function prorationInstant(period: Span, at: Date, { by, zone }: ProrationRule): Date {
  if (at >= period.endsAt) return new Date(period.endsAt);
  return within(period, by === "second" ? wholeSecond(at) : dayPeriodOf("day", at, zone).startsAt);
}

/** How much of the period is left at `at`, from 1 (nothing has passed) to 0. */
export function remainingPart(period: Span, at: Date, rule: ProrationRule): Rational {
  const from = prorationInstant(period, at, rule);
  if (from >= period.endsAt) return { n: 0n, d: 1n };
  if (rule.by === "second") {
    const length = period.endsAt.getTime() - period.startsAt.getTime();
    return ratio(BigInt(period.endsAt.getTime() - from.getTime()), BigInt(length));
  }
  const [first, changed, last] = [period.startsAt, from, period.endsAt].map((day) => dayPeriodOf("day", day, rule.zone).name);
  const days = daysBetween(first ?? "", last ?? "");
  // a period inside of one day has that day, from its begin to its end
  return days === 0 ? { n: 1n, d: 1n } : ratio(BigInt(daysBetween(changed ?? "", last ?? "")), BigInt(days));
}

/**
 * What is given back of a line when what it was for ends at `at`: -round(net × left / length), of its own period, after its discount and
 * what was given back before, so never more than is left of it. Zero for a line without a period. Taxed like the line.
 */
export function prorationCredit({ on, line, credited }: BilledLine, at: Date, rule: ProrationRule): UntaxedLine {
  const period = spanOf(line);
  const fullAmount = Math.max(line.net - credited, 0);
  const derivation = prorationOf("credit", fullAmount, period, at, rule);
  const amount = amountOf(derivation);
  return {
    description: `Unused time: ${plainDescription(line.description)}`,
    quantity: line.quantity,
    unitAmount: null,
    amount,
    discount: 0,
    net: amount,
    tax: line.tax,
    priceId: line.priceId,
    priceRev: line.priceRev,
    productId: line.productId,
    subscriptionItemId: line.subscriptionItemId,
    periodStartAt: derivation.at,
    periodEndAt: derivation.periodEndAt,
    derivation,
    creditsLine: on,
  };
}

/**
 * What the rest of a period costs from `at` on: +round(new × left / length), where `full` is the line for the whole of `period`, after its
 * discount. The discount is within the amount, so that what is charged here is to the unit what is given back at the same instant.
 */
export function prorationCharge(full: UntaxedLine, period: Span, at: Date, rule: ProrationRule): UntaxedLine {
  const derivation = prorationOf("charge", full.net, period, at, rule);
  const amount = amountOf(derivation);
  return {
    ...full,
    description: `Remaining time: ${plainDescription(full.description)}`,
    unitAmount: null,
    amount,
    discount: 0,
    net: amount,
    periodStartAt: derivation.at,
    periodEndAt: derivation.periodEndAt,
    derivation,
  };
}

/**
 * The amount of a line before discount, reckoned again from what the line says of itself and nothing else; with the part of the period where
 * it is prorated. A line whose `amount` or `part` is another one was not made by these rules.
 */
export function recomputeLine(line: Pick<DocumentLine, "amount" | "derivation">): { amount: number; part: RationalJson | null } {
  const { derivation } = line;
  if (derivation.kind !== "proration") return { amount: recompute(derivation) ?? line.amount, part: null };
  const { periodStartAt, periodEndAt, at, of, fullAmount, by, zone } = derivation;
  const period = { startsAt: new Date(periodStartAt), endsAt: new Date(periodEndAt) };
  const again = prorationOf(of, fullAmount, period, new Date(at), { by, zone });
  return { amount: amountOf(again), part: again.part };
}

type Proration = Extract<Derivation, { kind: "proration" }>;

function prorationOf(of: Proration["of"], fullAmount: number, period: Span, at: Date, rule: ProrationRule): Proration {
  return {
    kind: "proration",
    of,
    by: rule.by,
    zone: rule.zone,
    periodStartAt: isoInstant(period.startsAt),
    periodEndAt: isoInstant(period.endsAt),
    at: isoInstant(prorationInstant(period, at, rule)),
    part: writeRational(remainingPart(period, at, rule)),
    fullAmount,
    rounding: "half_away_from_zero",
  };
}

function amountOf({ of, part, fullAmount }: Proration): number {
  const size = roundHalfAwayFromZero(mul(toRational(fullAmount), ratio(BigInt(part.n), BigInt(part.d))));
  return of === "credit" && size !== 0 ? -size : size;
}

/** The period of a line; an empty one, of which nothing is ever left, where it has none. */
function spanOf({ periodStartAt, periodEndAt }: UntaxedLine): Span {
  if (periodStartAt === null || periodEndAt === null) return { startsAt: new Date(0), endsAt: new Date(0) };
  return { startsAt: new Date(periodStartAt), endsAt: new Date(periodEndAt) };
}

/** A line that was prorated itself is named for what it is of. */
function plainDescription(description: string): string {
  return description.replace(/^(?:Unused|Remaining) time: /, "");
}
