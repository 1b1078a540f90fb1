import { salesActivities } from "../../../worker-host/sales/activities.ts";
import type { EdgeStandIn, StandInOrder } from "../../host/edge-stand-in.ts";
import type { Play, Scene } from "../play.ts";

const ISSUE = "/internal/orders/issue_licenses";

export const play: Play = {
  workflow: "fulfillOrder",
  activities: salesActivities,
  ways: {
    fulfilled: {
      timers: "short",
      begin: ({ edge }) => ordered(edge, 120),
      end: { result: { outcome: "fulfilled", issued: 120 }, rows: { status: "fulfilled", licenses: 120 } },
    },
    "fulfilled-before": {
      timers: "short",
      begin: ({ edge }) => ordered(edge, 1, "fulfilled"),
      end: { result: { outcome: "fulfilled", issued: 0 }, rows: { status: "fulfilled", licenses: 0 } },
    },
    "canceled-before": {
      timers: "short",
      begin: ({ edge }) => ordered(edge, 3, "canceled"),
      end: { result: { outcome: "canceled", issued: 0 }, rows: { status: "canceled", licenses: 0 } },
    },
    "canceled-meanwhile": {
      timers: "short",
      begin: ({ edge }) => canceledAt(edge, 120, 49),
      end: { result: { outcome: "canceled", issued: 50 }, rows: { status: "canceled", licenses: 50 } },
    },
    "canceled-at-last": {
      timers: "short",
      begin: ({ edge }) => canceledAt(edge, 1, 0),
      end: { result: { outcome: "canceled", issued: 1 }, rows: { status: "canceled", licenses: 1 } },
    },
    refused: {
      timers: "short",
      begin: ({ edge }) => ordered(edge, 3, "pending"),
      end: { result: { failed: "order_not_approved" }, rows: { status: "pending", licenses: 0 } },
    },
    "edge-away": {
      timers: "short",
      begin: ({ edge }) => {
        // long enough away for the story to set timers between its tries
        for (let n = 0; n < 6; n++) edge.failNext(ISSUE, { status: 503 });
        return ordered(edge, 60);
      },
      end: { result: { outcome: "fulfilled", issued: 60 }, rows: { status: "fulfilled", licenses: 60 } },
    },
  },
};

function ordered(edge: EdgeStandIn, quantity: number, status: StandInOrder["status"] = "approved"): Scene {
  const orderId = edge.order(quantity, status);
  const rows = () => {
    const order = edge.orders.get(orderId);
    return { status: order?.status, licenses: order?.licenses.size };
  };
  return { args: [{ tenantId: "ten_00a", orderId }], rows };
}

/** An order that is canceled as soon as the license of that index exists. */
function canceledAt(edge: EdgeStandIn, quantity: number, last: number): Scene {
  const scene = ordered(edge, quantity);
  for (const order of edge.orders.values()) {
    const add = order.licenses.add.bind(order.licenses);
    order.licenses.add = (index) => {
      if (index === last) order.status = "canceled";
      return add(index);
    };
  }
  return scene;
}
