import { createActivation } from "./activations.create.ts";
import { deactivateActivation } from "./activations.deactivate.ts";
import { getActivation } from "./activations.get.ts";
import { heartbeatActivation } from "./activations.heartbeat.ts";
import { listActivations } from "./activations.list.ts";
import { validateActivation } from "./activations.validate.ts";
import { archiveActivations } from "./internal.activations.archive.ts";
import { issueLicenses } from "./internal.orders.issue_licenses.ts";
import { cancelLicense } from "./licenses.cancel.ts";
import { changeLicenseTemplate } from "./licenses.change_template.ts";
import { convertLicense } from "./licenses.convert.ts";
import { createLicense } from "./licenses.create.ts";
import { listExpiringLicenses } from "./licenses.expiring.ts";
import { getLicense } from "./licenses.get.ts";
import { listLicenses } from "./licenses.list.ts";
import { lookupLicense } from "./licenses.lookup.ts";
import { reassignUser } from "./licenses.reassign_user.ts";
import { renewLicense } from "./licenses.renew.ts";
import { regenerateLicenseKey } from "./licenses.regenerate_key.ts";
import { reinstateLicense } from "./licenses.reinstate.ts";
import { revealLicenseKey } from "./licenses.reveal_key.ts";
import { revokeLicense } from "./licenses.revoke.ts";
import { showLicenseStats } from "./licenses.stats.ts";
import { suspendLicense } from "./licenses.suspend.ts";
import { operations } from "./operations/index.ts";
import { offline } from "./offline/index.ts";
import { security } from "./security/index.ts";
import { listLicenseTerms } from "./licenses.terms.ts";
import { listLicenseUsers } from "./licenses.users.ts";
import { transfers } from "./transfers/index.ts";
import { updateLicense } from "./licenses.update.ts";
import { validateLicense } from "./licenses.validate.ts";

/** The right of a customer to use a product, and the devices that hold its seats. */
export const licensing = [
  createLicense,
  listLicenses,
  lookupLicense,
  validateLicense,
  listExpiringLicenses,
  showLicenseStats,
  getLicense,
  updateLicense,
  suspendLicense,
  reinstateLicense,
  revokeLicense,
  changeLicenseTemplate,
  convertLicense,
  renewLicense,
  listLicenseTerms,
  cancelLicense,
  revealLicenseKey,
  regenerateLicenseKey,
  listLicenseUsers,
  reassignUser,
  createActivation,
  listActivations,
  validateActivation,
  heartbeatActivation,
  getActivation,
  deactivateActivation,
  issueLicenses,
  archiveActivations,
  ...transfers,
  ...security,
  ...offline,
  ...operations,
];
