import { defineProblem } from "#kernel/problem";

export const slugTaken = defineProblem<{ slug: string }>({
  code: "slug_taken",
  status: 409,
  title: "The slug is taken",
  fix: "Choose another slug.",
  detail: ({ slug }) => `Another tenant has the slug ${slug}.`,
});

export const apiKeyNotFound = defineProblem({
  code: "api_key_not_found",
  status: 404,
  title: "No such API key",
  fix: "List the keys with GET /v1/api_keys.",
  detail: () => "This tenant has no API key of this id.",
});

export const beyondMakersRights = defineProblem<{ what: string }>({
  code: "beyond_makers_rights",
  status: 403,
  title: "A key never grants more than its maker has",
  fix: "Ask for less, or call with a key that holds it.",
  detail: ({ what }) => `The calling key does not hold ${what}.`,
});

export const makerRevoked = defineProblem({
  code: "maker_revoked",
  status: 409,
  title: "The calling key was revoked",
  fix: "Call with a key that stands.",
  detail: () => "The key that makes this one was revoked at the same moment.",
});

export const paymentProviderNotFound = defineProblem({
  code: "payment_provider_not_found",
  status: 404,
  title: "No such payment provider",
  fix: "Set it with PUT /v1/payment_providers/stripe.",
  detail: () => "This tenant has no payment provider of this name.",
});

export const paymentProviderMode = defineProblem<{ expected: string }>({
  code: "payment_provider_mode",
  status: 400,
  title: "The provider's key is of the other mode",
  fix: "Give live keys to the tenant and test keys to its sandbox.",
  detail: ({ expected }) => `This tenant takes a ${expected} key of Stripe.`,
});

export const apiBaseNotAllowed = defineProblem({
  code: "api_base_not_allowed",
  status: 400,
  title: "api_base is for development",
  fix: "Leave api_base out: in production the provider is called at its own address.",
  detail: () => "A provider's address can be replaced with LATCHKEY_ENV=development alone.",
});

export const limitAboveTier = defineProblem<{ tier: string }>({
  code: "limit_above_tier",
  status: 400,
  title: "The limit is above what the tier has",
  fix: "Set at most what the fields in errors say, or ask the operator of the platform for more.",
  detail: ({ tier }) => `A tenant of the tier ${tier} may lower its limits, and not raise them.`,
});
