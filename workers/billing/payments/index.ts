import { confirmPaymentMethod } from "./payment_methods.confirm.ts";
import { createPaymentMethod } from "./payment_methods.create.ts";
import { deletePaymentMethod } from "./payment_methods.delete.ts";
import { getPaymentMethod } from "./payment_methods.get.ts";
import { listPaymentMethods } from "./payment_methods.list.ts";
import { cancelPayment } from "./payments.cancel.ts";
import { confirmPayment } from "./payments.confirm.ts";
import { createPayment } from "./payments.create.ts";
import { getPayment } from "./payments.get.ts";
import { listPayments } from "./payments.list.ts";
import { paymentStats } from "./payments.stats.ts";
import { updatePaymentMethod } from "./payment_methods.update.ts";

/** How what is owed is paid. */
export const payments = [
  createPaymentMethod,
  listPaymentMethods,
  getPaymentMethod,
  updatePaymentMethod,
  confirmPaymentMethod,
  deletePaymentMethod,
  createPayment,
  listPayments,
  paymentStats,
  getPayment,
  confirmPayment,
  cancelPayment,
];
