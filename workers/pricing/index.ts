import { archiveCoupon } from "./coupons.archive.ts";
import { createCoupon } from "./coupons.create.ts";
import { getCoupon } from "./coupons.get.ts";
import { listCoupons } from "./coupons.list.ts";
import { updateCoupon } from "./coupons.update.ts";
import { archivePlan } from "./plans.archive.ts";
import { createPlan } from "./plans.create.ts";
import { getPlan } from "./plans.get.ts";
import { listPlans } from "./plans.list.ts";
import { updatePlan } from "./plans.update.ts";
import { listPricing } from "./pricing.list.ts";
import { archivePrice } from "./prices.archive.ts";
import { createPrice } from "./prices.create.ts";
import { getPrice } from "./prices.get.ts";
import { listPrices } from "./prices.list.ts";
import { listPriceRevisions } from "./prices.list_revisions.ts";
import { previewPrice } from "./prices.preview.ts";
import { updatePrice } from "./prices.update.ts";

/** What can be subscribed to, and for how much. */
export const pricing = [
  createPlan,
  listPlans,
  getPlan,
  updatePlan,
  archivePlan,
  createPrice,
  listPrices,
  getPrice,
  updatePrice,
  archivePrice,
  previewPrice,
  listPriceRevisions,
  createCoupon,
  listCoupons,
  getCoupon,
  updateCoupon,
  archiveCoupon,
  listPricing,
];
