import { defineProblem } from "#kernel/problem";

export const eventNotFound = defineProblem({
  code: "event_not_found",
  status: 404,
  title: "No such event",
  fix: "List the events with GET /v1/events.",
  detail: () => "This tenant has no event of this id.",
});

export const eventTypeNotFound = defineProblem({
  code: "event_type_not_found",
  status: 404,
  title: "No such type of event",
  fix: "List the types with GET /v1/event_types.",
  detail: () => "There is no type of event of this name.",
});
