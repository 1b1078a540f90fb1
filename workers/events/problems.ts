import { defineProblem } from "#kernel/problem";

export const eventNotFound = defineProblem({
  code: "event_not_found",
  status: 404,
  title: "No such event",
  fix: "List the events with GET /v1/events.",
  detail: () => "This tenant has no event of this id.",
});
