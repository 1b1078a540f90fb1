import { stamp } from "./books.ts";
import { type Answer, type Call, link, listOf, pageOf, queryInstant } from "./call.ts";
import { PaypalProblem } from "./errors.ts";
import { minorOf, money, type Money } from "./money.ts";
import { merchantOf } from "./order-views.ts";

const MAX_RANGE_MS = 31 * 86_400_000;

type Line = {
  id: string;
  reference: { id: string; type: "ODR" | "TXN" | "SUB" } | null;
  code: string;
  amount: Money;
  fee: Money | null;
  status: "S" | "P" | "D" | "V";
  at: number;
  updatedAt: number;
  custom?: string;
  invoice?: string;
};

/** `GET /v1/reporting/transactions`: what moved money in at most 31 days, oldest first. */
export function listReportedTransactions(call: Call): Answer {
  const from = queryInstant(call, "start_date");
  const until = queryInstant(call, "end_date");
  if (from === undefined || until === undefined || until < from || until - from > MAX_RANGE_MS) {
    const issue = { issue: "Date range is missing, or longer than 31 days", field: "start_date", location: "query" as const };
    throw new PaypalProblem(400, "INVALID_REQUEST", "Request is not well-formed, syntactically incorrect, or violates schema.", [
      issue,
    ]);
  }
  const id = call.query.get("transaction_id");
  const status = call.query.get("transaction_status");
  const found = linesOf(call)
    .filter(
      (line) => line.at >= from && line.at <= until && (id ?? line.id) === line.id && (status ?? line.status) === line.status,
    )
    .toSorted((a, b) => a.at - b.at);
  const { items, totals, page } = pageOf(call, found, 100, 500);
  const body = {
    transaction_details: items.map((line) => ({ transaction_info: presentLine(call, line) })),
    account_number: merchantOf(call.book.account),
    start_date: stamp(from),
    end_date: stamp(until),
    last_refreshed_datetime: stamp(call.now),
    page,
    ...totals,
    links: [link(`${call.origin}/v1/reporting/transactions`, "self")],
  };
  return { status: 200, body };
}

function linesOf(call: Call): Line[] {
  const STATUS = { PENDING: "P", DECLINED: "D", FAILED: "D" } as const;
  const captures = listOf(call, "captures");
  const taken = captures.map((capture): Line => ({
    id: capture.id,
    reference:
      capture.subscriptionId === null ? { id: capture.orderId ?? "", type: "ODR" } : { id: capture.subscriptionId, type: "SUB" },
    code: capture.subscriptionId === null ? "T0006" : "T0002",
    amount: capture.amount,
    fee: negative(capture.fee),
    status: capture.status in STATUS ? STATUS[capture.status as keyof typeof STATUS] : "S",
    at: capture.createdAt,
    updatedAt: capture.updatedAt,
    ...(capture.custom_id === undefined ? {} : { custom: capture.custom_id }),
    ...(capture.invoice_id === undefined ? {} : { invoice: capture.invoice_id }),
  }));
  const reversed = captures
    .filter((capture) => capture.reversed)
    .map((capture): Line => ({
      ...backOf(capture.id, capture.amount, capture.updatedAt),
      id: `${capture.id.slice(0, 16)}R`,
      code: "T1106",
    }));
  const refunded = listOf(call, "refunds").map((refund): Line => ({
    ...backOf(refund.captureId, refund.amount, refund.createdAt),
    id: refund.id,
    status: refund.status === "COMPLETED" ? "S" : refund.status === "PENDING" ? "P" : "D",
    updatedAt: refund.updatedAt,
  }));
  const paidOut = listOf(call, "payouts").flatMap(({ items }) =>
    items.flatMap((item): Line[] =>
      item.transactionId === null
        ? []
        : [
            {
              id: item.transactionId,
              reference: null,
              code: "T0001",
              amount: negative(item.amount),
              fee: negative(item.fee),
              status: item.status === "UNCLAIMED" ? "P" : item.status === "RETURNED" ? "V" : "S",
              at: item.at,
              updatedAt: item.at,
            },
          ],
    ),
  );
  return [...taken, ...reversed, ...refunded, ...paidOut];
}

const backOf = (captureId: string, amount: Money, at: number): Line => ({
  id: "",
  reference: { id: captureId, type: "TXN" },
  code: "T1107",
  amount: negative(amount),
  fee: null,
  status: "S",
  at,
  updatedAt: at,
});

const negative = (amount: Money) => money(amount.currency_code, -minorOf(amount));

function presentLine(call: Call, line: Line): object {
  const { reference, fee } = line;
  return {
    paypal_account_id: merchantOf(call.book.account),
    transaction_id: line.id,
    ...(reference ? { paypal_reference_id: reference.id, paypal_reference_id_type: reference.type } : {}),
    transaction_event_code: line.code,
    transaction_initiation_date: stamp(line.at),
    transaction_updated_date: stamp(line.updatedAt),
    transaction_amount: line.amount,
    ...(fee ? { fee_amount: fee } : {}),
    transaction_status: line.status,
    ...(line.custom === undefined ? {} : { custom_field: line.custom }),
    ...(line.invoice === undefined ? {} : { invoice_id: line.invoice }),
    protection_eligibility: "01",
  };
}
