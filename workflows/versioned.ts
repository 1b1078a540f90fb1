import { setWorkflowOptions } from "@temporalio/workflow";
import { deliverWebhooks, recoverEndpoint, runOperation, sendMail } from "./index.ts";

/**
 * The stories for a host that belongs to a Worker Deployment. Short ones stay with the version they began with, which is the worker's
 * default; long ones move on to the current version, so a change of theirs needs `patched`. A server refuses both from a host without one.
 */
export * from "./index.ts";

setWorkflowOptions({ versioningBehavior: "AUTO_UPGRADE" }, deliverWebhooks);
setWorkflowOptions({ versioningBehavior: "AUTO_UPGRADE" }, recoverEndpoint); // it may take five days
setWorkflowOptions({ versioningBehavior: "AUTO_UPGRADE" }, runOperation); // a million licenses take hours
setWorkflowOptions({ versioningBehavior: "AUTO_UPGRADE" }, sendMail);
