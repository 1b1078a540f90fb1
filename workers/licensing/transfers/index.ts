import { acceptLicenseTransfer } from "./license_transfers.accept.ts";
import { cancelLicenseTransfer } from "./license_transfers.cancel.ts";
import { declineLicenseTransfer } from "./license_transfers.decline.ts";
import { getLicenseTransfer } from "./license_transfers.get.ts";
import { listLicenseTransfers } from "./license_transfers.list.ts";
import { transferLicense } from "./licenses.transfer.ts";

/** Licenses that go from one customer to another. */
export const transfers = [
  transferLicense,
  listLicenseTransfers,
  getLicenseTransfer,
  acceptLicenseTransfer,
  declineLicenseTransfer,
  cancelLicenseTransfer,
];
