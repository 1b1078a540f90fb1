import { failOperation } from "./internal.operations.fail.ts";
import { stepOperation } from "./internal.operations.step.ts";
import { bulkLicenses } from "./licenses.bulk.ts";
import { importLicenses } from "./licenses.import.ts";
import { cancelOperation } from "./operations.cancel.ts";
import { getOperation } from "./operations.get.ts";
import { listOperations } from "./operations.list.ts";
import { listOperationResults } from "./operations.results.ts";
import { migrateTemplate } from "./templates.migrate.ts";
import { replayToWebhookEndpoint } from "./webhook_endpoints.replay.ts";

/** Long works on many licenses or events, each carried out by a story. */
export const operations = [
  importLicenses,
  bulkLicenses,
  migrateTemplate,
  replayToWebhookEndpoint,
  listOperations,
  getOperation,
  listOperationResults,
  cancelOperation,
  stepOperation,
  failOperation,
];
