import { defineProblem } from "#kernel/problem";

export const blacklistEntryNotFound = defineProblem({
  code: "blacklist_entry_not_found",
  status: 404,
  title: "No such blacklist entry",
  fix: "List the entries with GET /v1/devices/blacklist.",
  detail: () => "This tenant has no blacklist entry of this id.",
});

export const alreadyBlacklisted = defineProblem<{ entry: string }>({
  code: "already_blacklisted",
  status: 409,
  title: "It is on the blacklist already",
  fix: "Delete the entry that there is, to shut it out anew with another reason or end.",
  detail: ({ entry }) => `The entry ${entry} shuts it out.`,
});

export const tooManyIpRanges = defineProblem<{ most: number }>({
  code: "too_many_ip_ranges",
  status: 409,
  title: "The blacklist has no room for another range",
  fix: "Delete ranges that are no longer needed, or join neighbouring ones to a wider range.",
  detail: ({ most }) => `A tenant may shut out ${most} ranges of addresses.`,
});

export const securityReportNotFound = defineProblem({
  code: "security_report_not_found",
  status: 404,
  title: "No such security report",
  fix: "List the reports with GET /v1/security_reports.",
  detail: () => "This tenant has no security report of this id.",
});

export const securityReportClosed = defineProblem<{ outcome: string }>({
  code: "security_report_closed",
  status: 409,
  title: "The report was closed before",
  fix: "Leave it as it is; what is seen again opens a report of its own.",
  detail: ({ outcome }) => `The report was closed as ${outcome}.`,
});

export const manifestNotRegistered = defineProblem<{ version: string }>({
  code: "manifest_not_registered",
  status: 404,
  title: "There is no manifest of this version",
  fix: "Register its files with PUT /v1/products/{id}/versions/{version}/manifest.",
  detail: ({ version }) => `Nothing is known of the files of version ${version} of this product.`,
});

export const integrityCheckNotFound = defineProblem({
  code: "integrity_check_not_found",
  status: 404,
  title: "No such integrity check",
  fix: "List the checks with GET /v1/integrity_checks; they are kept for 90 days.",
  detail: () => "This tenant has no integrity check of this id.",
});
