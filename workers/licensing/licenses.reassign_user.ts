import { createRoute } from "@hono/zod-openapi";
import type { ActivationRow } from "#db/licensing/activations";
import type { License as LicenseRead } from "#db/licensing/licenses";
import { asTaken, changing } from "#kernel/changing";
import { endpoint, idParam, json, jsonBody, problems, scope } from "#kernel/endpoint";
import { changeFact } from "#kernel/facts";
import { licenseNotFound } from "#kernel/not-found";
import { changedMeanwhile } from "#kernel/problems";
import { whyNotMove } from "#rules/licensing/states";
import { ended } from "./ending.ts";
import { presentLicense } from "./presenters.ts";
import { invalidTransition, notForNamedUsers, transferLimitReached, userAlreadyNamed, userNotNamed } from "./problems.ts";
import { License, Reassignment } from "./schemas.ts";
import { rowHolds } from "./seats.ts";

export const reassignUser = endpoint({
  route: createRoute({
    operationId: "licenses.reassign_user",
    method: "post",
    path: "/v1/licenses/{id}/reassign_user",
    security: scope("licenses:write"),
    summary: "Give a named user's place to another",
    description:
      "Releases the devices of the one and gives the place to the other, as often as max_transfers allows. Devices that work offline end with their license files.",
    request: { params: idParam("lic"), body: jsonBody(Reassignment) },
    responses: {
      200: json(License, "The license"),
      ...problems(
        licenseNotFound,
        notForNamedUsers,
        invalidTransition,
        userNotNamed,
        userAlreadyNamed,
        transferLimitReached,
        changedMeanwhile,
      ),
    },
  }),

  handler: async (c) => {
    const { repo, now } = c.var;
    const { id } = c.req.valid("param");
    const users = c.req.valid("json");
    const license = await changing(async () => {
      const before = await repo.licenses.byId(id);
      if (!before) throw licenseNotFound({});
      refuseReassigning(before, now);
      if (!(await repo.namedUsers.byName(id, users.from))) throw userNotNamed({});

      const devices = await repo.namedUsers.devicesOf(id, users.from);
      const done = await Promise.all(devices.map((row) => ended(repo, row, { reason: "reassigned", overlap: false }, now)));
      const ends = done.filter((each) => each !== null);
      const row = { ...before.row, transferCount: before.row.transferCount + 1, updatedAt: now };
      const released = ends.flatMap((each) => (each.row.releasedAt === null ? [] : [each.row]));
      const works = devices.length > released.length;
      const after = presentLicense(without(released, { ...before, row }, works, now), now);
      const told = changeFact("license.user_reassigned", presentLicense(before, now), after);
      // the license shows none of its users: who they are is told here alone
      const fact = { ...told, data: { ...told.data, object: { ...told.data.object, reassigned: users } } };
      const statements = ends.flatMap((each) => repo.activations.ending(each.row));
      const facts = [...ends.map((each) => each.fact), fact];
      return (await repo.namedUsers.reassign(row, users, statements, { facts, answer: [200, after] })) && after;
    }).catch(asTaken({ user_ref: () => userAlreadyNamed({}) }));
    return c.json(license, 200);
  },
});

function refuseReassigning({ row, terms }: LicenseRead, now: Date): void {
  if (terms.type !== "named_user") throw notForNamedUsers({});
  const refused = whyNotMove(row, "transfer", now);
  if (refused) throw invalidTransition({ detail: refused.detail });
  if (terms.maxTransfers !== null && row.transferCount >= terms.maxTransfers)
    throw transferLimitReached({ limit: terms.maxTransfers });
}

/** The license after devices of one user were released. What still works by a license file holds on. */
function without(released: readonly ActivationRow[], license: LicenseRead, userKeepsSeat: boolean, now: Date): LicenseRead {
  const held = released.filter((row) => row.type !== "emergency" && rowHolds({ ...row, releasedAt: null }, license.terms, now));
  const seats = license.row.model !== "per_seat" ? held.length : held.length > 0 && !userKeepsSeat ? 1 : 0;
  const cores = held.reduce((sum, row) => sum + (row.cores ?? 1), 0);
  return { ...license, seatsHeld: license.seatsHeld - seats, coresHeld: license.coresHeld - cores };
}
