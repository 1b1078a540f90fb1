import { defineProblem } from "#kernel/problem";

export const licenseTransferNotFound = defineProblem({
  code: "license_transfer_not_found",
  status: 404,
  title: "No such transfer",
  fix: "List the transfers with GET /v1/license_transfers.",
  detail: () => "This tenant has no transfer of this id.",
});

export const transferPending = defineProblem<{ transfer: string }>({
  code: "transfer_pending",
  status: 409,
  title: "The license is on its way to a customer",
  fix: "Have that transfer accepted or declined, or cancel it with POST /v1/license_transfers/{id}/cancel.",
  detail: ({ transfer }) => `The transfer ${transfer} waits to be accepted.`,
});

export const transferNotPending = defineProblem<{ status: string }>({
  code: "transfer_not_pending",
  status: 409,
  title: "The transfer does not wait any more",
  fix: "Start another with POST /v1/licenses/{id}/transfer.",
  detail: ({ status }) => `The transfer is ${status}.`,
});

export const licenseAlreadyTheirs = defineProblem({
  code: "license_already_theirs",
  status: 409,
  title: "The customer has the license already",
  fix: "Name another customer.",
  detail: () => "A license is transferred to a customer who does not have it.",
});

export const tooManyDevices = defineProblem<{ most: number }>({
  code: "too_many_devices",
  status: 409,
  title: "Too many devices hold seats of the license",
  fix: "Deactivate devices first, until few enough are left.",
  detail: ({ most }) => `A transfer releases at most ${most} devices, each told of by an event.`,
});
