import { createRoute } from "@hono/zod-openapi";
import { changing } from "#kernel/changing";
import type { Caller } from "#kernel/auth";
import { endpoint, idParam, json, optionalJsonBody, problems, scopeOrPublishable } from "#kernel/endpoint";
import type { Env } from "#kernel/env";
import { changedMeanwhile, invalidRequest } from "#kernel/problems";
import type { Repo } from "#db/repo";
import type { ActivationRow } from "#db/licensing/activations";
import { isTokenOf } from "./activation-token.ts";
import { ended } from "./ending.ts";
import { mayKnow } from "#kernel/for-caller";
import { presentActivation } from "./presenters.ts";
import { activationNotFound } from "./problems.ts";
import { Activation, Deactivation } from "./schemas.ts";

export const deactivateActivation = endpoint({
  route: createRoute({
    operationId: "activations.deactivate",
    method: "post",
    path: "/v1/activations/{id}/deactivate",
    security: scopeOrPublishable("activations:write"),
    summary: "Deactivate a device",
    description:
      "Frees the seat at once. With a publishable key the device proves itself by its activation_token. A released activation stays as it is. A device that works offline holds its seat until the last of its license files ends, because that goes on working: then ends_at says when. Only its receipt, or accept_overlap, frees the seat earlier.",
    request: { params: idParam("act"), body: optionalJsonBody(Deactivation) },
    responses: {
      200: json(Activation, "The activation, released or with its end"),
      ...problems(activationNotFound, changedMeanwhile),
    },
  }),

  handler: async (c) => {
    const { repo, caller, now } = c.var;
    const { id } = c.req.valid("param");
    const { reason = null, activation_token: token, accept_overlap: overlap = false } = c.req.valid("json");
    if (caller.kind === "publishable" && token === undefined) throw tokenMissing();
    if (caller.kind === "publishable" && overlap) throw overlapRefused();

    const activation = await changing(async () => {
      const before = await repo.activations.byId(id);
      if (!before || !(await mayRelease(c.env, repo, caller, before, token))) throw activationNotFound({});
      await c.var.limits.license(before.licenseId);
      const done = await ended(repo, before, { reason, overlap }, now);
      if (!done) return presentActivation(before);
      const after = presentActivation(done.row);
      return (await repo.activations.end(done.row, { facts: [done.fact], answer: [200, after] })) && after;
    });
    return c.json(activation, 200);
  },
});

/** A token that is sent must be the activation's own, whoever sends it; and a program sees only activations of its own products. */
async function mayRelease(env: Env, repo: Repo, caller: Caller, row: ActivationRow, token: string | undefined): Promise<boolean> {
  if (token !== undefined && !(await isTokenOf(env, row, token))) return false;
  if (caller.productIds.length === 0) return true;
  const license = await repo.licenses.byId(row.licenseId);
  return license !== undefined && mayKnow(caller, license.row.productId);
}

function tokenMissing() {
  const detail = "With a publishable key the device proves itself by its activation_token.";
  return invalidRequest({ what: detail }, { errors: [{ pointer: "/activation_token", code: "required", detail }] });
}

function overlapRefused() {
  const detail = "Only a secret key accepts that a license file goes on working while another device has its seat.";
  throw invalidRequest({ what: detail }, { errors: [{ pointer: "/accept_overlap", code: "secret_key_only", detail }] });
}
