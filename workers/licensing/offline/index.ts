import { offlineActivate } from "./activations.offline_activate.ts";
import { offlineDeactivate } from "./activations.offline_deactivate.ts";
import { offlineRequest } from "./activations.offline_request.ts";
import { createEmergencyCode } from "./emergency_codes.create.ts";
import { getEmergencyCode } from "./emergency_codes.get.ts";
import { listEmergencyCodes } from "./emergency_codes.list.ts";
import { redeemEmergencyCode } from "./emergency_codes.redeem.ts";
import { draftOfflineKeyset } from "./offline_keyset.draft.ts";
import { getOfflineKeyset } from "./offline_keyset.get.ts";
import { putOfflineKeyset } from "./offline_keyset.put.ts";
import { getOfflineRoots } from "./offline_roots.get.ts";
import { promoteOfflineRoot } from "./offline_roots.promote.ts";
import { putOfflineRoots } from "./offline_roots.put.ts";
import { listSigningKeys } from "./signing_keys.list.ts";
import { revokeSigningKey } from "./signing_keys.revoke.ts";
import { rotateSigningKey } from "./signing_keys.rotate.ts";
import { getStatusList } from "./status_lists.get.ts";

/** What devices without a connection run by: keys that they trust, files, and what became of those. */
export const offline = [
  getOfflineRoots,
  putOfflineRoots,
  promoteOfflineRoot,
  listSigningKeys,
  rotateSigningKey,
  revokeSigningKey,
  getOfflineKeyset,
  draftOfflineKeyset,
  putOfflineKeyset,
  getStatusList,
  createEmergencyCode,
  listEmergencyCodes,
  redeemEmergencyCode,
  getEmergencyCode,
  offlineRequest,
  offlineActivate,
  offlineDeactivate,
];
