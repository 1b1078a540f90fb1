import type { SalesActivities } from "#workflows/sales/activities";
import { viaEdge } from "../edge/errors.ts";
import type { Edge } from "../edge/routes.ts";
import type { Failpoint } from "../failpoint.ts";

/** Each is one call: the edge derives the ids of licenses from order and index, so a repetition finds its own work done. */
export const salesActivities = ({ edge, failpoint }: { edge: Edge; failpoint: Failpoint }): SalesActivities => ({
  async readFulfillment(order) {
    const toFulfill = await viaEdge(edge.readFulfillment(order));
    failpoint("fulfillment.read");
    return toFulfill;
  },

  async issueLicenses(chunk) {
    await viaEdge(edge.issueLicenses(chunk));
    failpoint("licenses.issued");
  },

  async completeOrder(order) {
    const status = await viaEdge(edge.completeOrder(order));
    failpoint("order.completed");
    return status;
  },
});
