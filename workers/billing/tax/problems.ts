import { defineProblem } from "#kernel/problem";

export const taxRateNotFound = defineProblem({
  code: "tax_rate_not_found",
  status: 404,
  title: "No such tax rate",
  fix: "List the rates with GET /v1/tax_rates.",
  detail: () => "This tenant has no tax rate of this id.",
});

export const taxRateOverlaps = defineProblem<{ what: string }>({
  code: "tax_rate_overlaps",
  status: 409,
  title: "Another rate is valid at the same time",
  fix: "Let the other rate end first (PATCH /v1/tax_rates/{id} with valid_until_on, the first day it is valid no more), or archive it.",
  detail: ({ what }) => what,
});

export const legalEntityArchived = defineProblem({
  code: "legal_entity_archived",
  status: 409,
  title: "The legal entity is archived",
  fix: "Choose one that sells: GET /v1/legal_entities?archived=false lists them.",
  detail: () => "An archived legal entity sells nothing more; its documents stay as they are.",
});

export const legalEntityIsDefault = defineProblem({
  code: "legal_entity_is_default",
  status: 409,
  title: "The legal entity is the default one",
  fix: "Make another one the default first: POST /v1/legal_entities/{id}/make_default.",
  detail: () => "Whatever names no seller is sold by this one, so it cannot be archived.",
});

export const seriesTaken = defineProblem<{ prefix: string }>({
  code: "series_taken",
  status: 409,
  title: "The number series is taken",
  fix: "Choose a prefix that no other kind of document and no other legal entity has, nor has had, such as AT-INV-{YYYY}-.",
  detail: ({ prefix }) => `Documents of the prefix ${prefix} could have the same number as others of this tenant.`,
});

export const tooManyLegalEntities = defineProblem<{ most: number }>({
  code: "too_many_legal_entities",
  status: 409,
  title: "There are too many legal entities",
  fix: "Change one that is no longer needed with PATCH /v1/legal_entities/{id}.",
  detail: ({ most }) => `A tenant has at most ${most} legal entities, archived ones included.`,
});
