import { setWorkflowOptions } from "@temporalio/workflow";
import {
  advanceClock,
  archiveActivations,
  deliverWebhooks,
  fulfillOrder,
  recoverEndpoint,
  releaseClock,
  runOperation,
  sendMail,
} from "./index.ts";

/**
 * The stories for a host that belongs to a Worker Deployment. Each says what becomes of it: short ones stay with the version they began
 * with, long ones move on to the current version, so a change of theirs needs `patched`. A server refuses both from a host without one.
 */
export * from "./index.ts";

setWorkflowOptions({ versioningBehavior: "AUTO_UPGRADE" }, advanceClock); // years of a sandbox, a story at a time
setWorkflowOptions({ versioningBehavior: "AUTO_UPGRADE" }, archiveActivations); // it waits for months, or for years
setWorkflowOptions({ versioningBehavior: "AUTO_UPGRADE" }, deliverWebhooks);
setWorkflowOptions({ versioningBehavior: "PINNED" }, fulfillOrder);
setWorkflowOptions({ versioningBehavior: "AUTO_UPGRADE" }, recoverEndpoint); // it may take five days
setWorkflowOptions({ versioningBehavior: "PINNED" }, releaseClock); // one activity
setWorkflowOptions({ versioningBehavior: "AUTO_UPGRADE" }, runOperation); // a million licenses take hours
setWorkflowOptions({ versioningBehavior: "AUTO_UPGRADE" }, sendMail);
