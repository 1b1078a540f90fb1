import { defineProblem } from "#kernel/problem";

export const offlineKeysetPending = defineProblem<{ why: string }>({
  code: "offline_keyset_pending",
  status: 409,
  title: "A keyset waits for the tenant's signature",
  fix: "Sign the claims of GET /v1/offline/keyset/draft with your root (latchkey offline keys sign), and publish them with PUT /v1/offline/keyset.",
  detail: ({ why }) => why,
});

export const offlineKeysetInvalid = defineProblem<{ why: string }>({
  code: "offline_keyset_invalid",
  status: 400,
  title: "The keyset is not one that can be published",
  fix: "Get the claims anew from GET /v1/offline/keyset/draft, sign them as they are, and send the whole text.",
  detail: ({ why }) => why,
});

export const offlineRootsOfPlatform = defineProblem({
  code: "offline_roots_of_platform",
  status: 409,
  title: "The platform holds the roots",
  fix: "Nothing is to be signed by you: get the keyset with GET /v1/offline/keyset, or hand over roots of your own with PUT /v1/offline/roots.",
  detail: () => "Keysets are signed by the platform, which holds the roots of this tenant.",
});

export const signingKeyNotFound = defineProblem({
  code: "signing_key_not_found",
  status: 404,
  title: "No such signing key",
  fix: "List the keys with GET /v1/offline/keys.",
  detail: () => "This tenant has no signing key of this kid.",
});

export const tooManySigningKeys = defineProblem<{ most: number }>({
  code: "too_many_signing_keys",
  status: 409,
  title: "The keyset has no room for another key",
  fix: "Bind one key to several products; keys leave the keyset some years after their end.",
  detail: ({ most }) => `A keyset names up to ${most} keys, ended ones among them.`,
});

export const offlineRequestInvalid = defineProblem<{ code: string; why: string }>({
  code: "offline_request_invalid",
  status: 400,
  title: "The text from the device cannot be taken",
  fix: "Have the device make it again, and send it whole and unchanged: it is one line of three parts, joined by dots.",
  detail: ({ code, why }) => `${code}: ${why}`,
});

export const offlineNotAllowed = defineProblem<{ license: string }>({
  code: "offline_not_allowed",
  status: 403,
  title: "The license is for devices with a connection",
  fix: "Allow it for the template or this license: offline.allowed.",
  detail: ({ license }) => `The terms of license ${license} do not allow offline use.`,
});

export const offlineNeedsSecretKey = defineProblem({
  code: "offline_needs_secret_key",
  status: 403,
  title: "This license key is too short to be proved without a connection",
  fix: "Send the request with a secret key, or give the license a key of at least 80 bits.",
  detail: () => "Who holds a request could guess an imported key of less than 80 bits, so the vendor has to answer it.",
});

export const requestReused = defineProblem({
  code: "request_reused",
  status: 409,
  title: "Another text of this id was answered before",
  fix: "Make a new request: every one has an id of its own (rid).",
  detail: () => "The rid belongs to another request or receipt.",
});

export const requestSuperseded = defineProblem<{ why: string }>({
  code: "request_superseded",
  status: 409,
  title: "The answer to this request counts no more",
  fix: "Have the device make a new request.",
  detail: ({ why }) => why,
});

export const receiptOutdated = defineProblem({
  code: "receipt_outdated",
  status: 409,
  title: "The receipt is not for the newest file",
  fix: "Make the receipt on the device that has the newest file of the activation, from that file.",
  detail: () => "A newer file was made for this activation, or this one was never made for it.",
});

export const cloneRefused = defineProblem({
  code: "clone_suspected",
  status: 403,
  title: "It looks as if two devices were this one",
  fix: "Look at the security reports of the device; POST /v1/activations/{id}/clear_suspicion trusts it again.",
  detail: () => "The device's key or its sequence was seen to come from two places, and the license's terms refuse that.",
});

export const statusListFull = defineProblem({
  code: "status_list_full",
  status: 409,
  title: "The product has no room for another offline device",
  fix: "Divide the product, or let devices that are gone give back their seats.",
  detail: () => "A product's status list names up to a million activations.",
});

export const emergencyCodeNotFound = defineProblem({
  code: "emergency_code_not_found",
  status: 404,
  title: "No such emergency code",
  fix: "Check the code, or make one with POST /v1/emergency_codes.",
  detail: () => "This tenant has no emergency code of this id or text.",
});

export const emergencyCodeExpired = defineProblem<{ at: string }>({
  code: "emergency_code_expired",
  status: 409,
  title: "The emergency code is over",
  fix: "Ask the vendor for another one.",
  detail: ({ at }) => `It could be used until ${at}.`,
});

export const emergencyCodeUsed = defineProblem({
  code: "emergency_code_used",
  status: 409,
  title: "The emergency code was used",
  fix: "A code serves one device; ask the vendor for another one.",
  detail: () => "Another device used this code, or the one that did gave its activation back.",
});

export const emergencyCodeForOther = defineProblem({
  code: "emergency_code_for_another_device",
  status: 403,
  title: "The emergency code is for another device",
  fix: "Use it on the device that it was made for, or ask the vendor for another one.",
  detail: () => "The vendor bound this code to one device.",
});

export const emergencyLimitReached = defineProblem<{ most: number; days: number }>({
  code: "emergency_limit_reached",
  status: 429,
  title: "The license had its emergencies",
  fix: "Renew or reinstate the license, or raise its seats: an emergency code is no substitute.",
  detail: ({ most, days }) => `A license gets ${most} emergency codes within ${days} days.`,
});
