import { defineProblem } from "#kernel/problem";

export const invalidTransition = defineProblem<{ detail: string }>({
  code: "invalid_transition",
  status: 409,
  title: "The license cannot do this now",
  fix: "Read the license: its status, holds and instants say what is possible.",
  detail: ({ detail }) => detail,
});

export const renewedBySubscription = defineProblem<{ detail: string }>({
  code: "renewed_by_subscription",
  status: 409,
  title: "The license is renewed by its subscription",
  fix: "Renew or extend the subscription: the license follows it.",
  detail: ({ detail }) => detail,
});

export const holdNotLiftable = defineProblem<{ causes: string }>({
  code: "hold_not_liftable",
  status: 409,
  title: "The hold ends otherwise",
  fix: "Name the cause that is to be lifted, or none for all that you may lift; a hold for unpaid money ends when it is paid, a lapsed license by renewing it.",
  detail: ({ causes }) => `The license is held for another cause than this call may lift: ${causes}.`,
});

export const weakLicenseKey = defineProblem<{ bits: number; least: number }>({
  code: "weak_license_key",
  status: 400,
  title: "The license key is too easy to guess",
  fix: "Import a longer or more random key, or leave license_key out and let one be made.",
  detail: ({ bits, least }) => `The key is worth about ${bits} bits; at least ${least} are needed.`,
});

export const trialNotOffered = defineProblem<{ template: string }>({
  code: "trial_not_offered",
  status: 409,
  title: "The template has no trial",
  fix: "Set trial.allowed on the template, or leave trial out.",
  detail: ({ template }) => `Template ${template} lets nobody try what it sells.`,
});

export const trialAlreadyUsed = defineProblem<{ license: string }>({
  code: "trial_already_used",
  status: 409,
  title: "The customer had the trial of this product",
  fix: "Convert the license of the trial with POST /v1/licenses/{id}/convert, or make one that is paid for.",
  detail: ({ license }) => `License ${license} is, or was, this customer's trial of the product.`,
});

export const notATrial = defineProblem({
  code: "not_a_trial",
  status: 409,
  title: "The license is no trial",
  fix: "Give it another template with POST /v1/licenses/{id}/change_template.",
  detail: () => "Only licenses of type trial or evaluation are converted.",
});

export const trialBoundary = defineProblem({
  code: "trial_boundary",
  status: 409,
  title: "A trial becomes paid by converting it, and nothing else becomes a trial",
  fix: "Convert the trial with POST /v1/licenses/{id}/convert, to a template that is none itself.",
  detail: () =>
    "One of the two templates is for trials, and the other is not; a conversion leads from a trial to a paid license.",
});

export const otherProduct = defineProblem({
  code: "other_product",
  status: 409,
  title: "The template sells another product",
  fix: "Choose a template of the license's product, or make a license of the other product.",
  detail: () => "A license stays with its product: programs, devices and versions are that product's.",
});

export const termsContradict = defineProblem<{ detail: string }>({
  code: "terms_contradict",
  status: 409,
  title: "The license's own terms contradict the template's",
  fix: "Change what the license has of its own with PATCH /v1/licenses/{id}, then try again.",
  detail: ({ detail }) => detail,
});

export const licenseKeyTaken = defineProblem({
  code: "license_key_taken",
  status: 409,
  title: "The license key is taken",
  fix: "Import each key once; POST /v1/licenses/lookup finds the license that has it.",
  detail: () => "Another license of this tenant has this key, or one that is read as the same.",
});

export const licenseKeyNotKept = defineProblem({
  code: "license_key_not_kept",
  status: 409,
  title: "The license key cannot be shown",
  fix: "Give the license a new key, or set licensing.key_storage to sealed so that keys of new licenses are kept.",
  detail: () => "Only the digest of this key is kept: no copy was sealed, or it was shown or ran out already.",
});

export const licenseNotActive = defineProblem<{ reasons: string }>({
  code: "license_not_active",
  status: 409,
  title: "The license gives no seats now",
  fix: "See reasons: renew, reinstate or replace the license, then activate again.",
  detail: ({ reasons }) => reasons,
});

export const restrictionViolated = defineProblem<{ reasons: string }>({
  code: "restriction_violated",
  status: 403,
  title: "The license may not be used here",
  fix: "Activate from a place that the license allows, or ask its vendor to change its restrictions.",
  detail: ({ reasons }) => reasons,
});

export const seatLimitReached = defineProblem<{ license: string; limit: number }>({
  code: "seat_limit_reached",
  status: 409,
  title: "Every seat of this license is taken",
  fix: "Deactivate a device, or raise the seat limit of the license.",
  detail: ({ license, limit }) => `License ${license} has ${limit} ${limit === 1 ? "seat" : "seats"}, held by other devices.`,
});

export const coreLimitReached = defineProblem<{ license: string; limit: number; used: number; asked: number }>({
  code: "core_limit_reached",
  status: 409,
  title: "Too few cores of this license are free",
  fix: "Deactivate a device, use fewer cores, or raise the core limit of the license.",
  detail: ({ license, limit, used, asked }) =>
    `License ${license} has ${limit} ${limit === 1 ? "core" : "cores"}; other devices use ${used}, and this one asks for ${asked}.`,
});

export const userLimitReached = defineProblem<{ license: string; limit: number }>({
  code: "user_limit_reached",
  status: 409,
  title: "The license has no place for another user",
  fix: "Deactivate the devices of a user, reassign a named user's place, or raise the user limit of the license.",
  detail: ({ license, limit }) =>
    `License ${license} is for ${limit} ${limit === 1 ? "user" : "users"}, and others take all places.`,
});

export const notForNamedUsers = defineProblem({
  code: "not_for_named_users",
  status: 409,
  title: "The license has no named users",
  fix: "Only licenses of type named_user have places that belong to users by name.",
  detail: () => "This license counts devices, or whoever uses them; none of its places belongs to a user.",
});

export const userNotNamed = defineProblem({
  code: "user_not_named",
  status: 409,
  title: "The user has no place",
  fix: "List those who have with GET /v1/licenses/{id}/users.",
  detail: () => "The user whose place is to be given away has none of this license.",
});

export const userAlreadyNamed = defineProblem({
  code: "user_already_named",
  status: 409,
  title: "The user has a place already",
  fix: "Choose a user who has none, or leave the places as they are.",
  detail: () => "The user who is to get the place has one of this license.",
});

export const transferLimitReached = defineProblem<{ limit: number }>({
  code: "transfer_limit_reached",
  status: 409,
  title: "The license may not be given on again",
  fix: "Raise max_transfers of the license.",
  detail: ({ limit }) => `Its terms let it, or places of it, be given to others ${limit === 1 ? "once" : `${limit} times`}.`,
});

export const kickNotAllowed = defineProblem<{ license: string }>({
  code: "kick_not_allowed",
  status: 409,
  title: "Every seat is taken, and none may be taken from a device",
  fix: "Deactivate a device, or set allow_kick on the license; on its template it takes a migration of the license too.",
  detail: ({ license }) => `License ${license} lets no device take the seat of another.`,
});

export const deviceAlreadyActivated = defineProblem<{ scope: string }>({
  code: "device_already_activated",
  status: 409,
  title: "The device holds a seat of another license",
  fix: "Deactivate the device there first, or use that license.",
  detail: ({ scope }) =>
    `A device may hold one seat only within ${scope === "tenant" ? "all licenses of this vendor" : "this product"}.`,
});

export const activationRateLimited = defineProblem<{ license: string; limit: number }>({
  code: "activation_rate_limited",
  status: 429,
  title: "The license was activated too often",
  fix: "Wait as long as Retry-After says, or raise max_activations_per_30d of the license.",
  detail: ({ license, limit }) => `License ${license} may be activated ${limit} times within 30 days.`,
});

export const deviceBlacklisted = defineProblem<{ detail: string }>({
  code: "device_blacklisted",
  status: 403,
  title: "The vendor has shut out this device",
  fix: "Ask the vendor of the program.",
  detail: ({ detail }) => detail,
});

export const activationNotFound = defineProblem({
  code: "activation_not_found",
  status: 404,
  title: "No such activation",
  fix: "List the activations with GET /v1/activations, or activate the device again.",
  detail: () => "This tenant has no activation of this id or token.",
});

export const activationReleased = defineProblem<{ at: string }>({
  code: "activation_released",
  status: 409,
  title: "The activation was released",
  fix: "Activate the device again with POST /v1/activations.",
  detail: ({ at }) => `The seat was freed on ${at}; a released activation has no heartbeat.`,
});

export const orderNotReady = defineProblem<{ detail: string }>({
  code: "order_not_ready",
  status: 409,
  title: "The order gives no licenses now",
  fix: "Licenses are issued for approved orders whose money is settled.",
  detail: ({ detail }) => detail,
});
