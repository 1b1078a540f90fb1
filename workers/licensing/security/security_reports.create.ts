import { createRoute } from "@hono/zod-openapi";
import type { Caller } from "#kernel/auth";
import { asTaken, changing } from "#kernel/changing";
import { endpoint, json, jsonBody, problems, scopeOrPublishable } from "#kernel/endpoint";
import { licenseNotFound } from "#kernel/not-found";
import { changedMeanwhile, externalIdTaken, invalidRequest } from "#kernel/problems";
import type { z } from "#kernel/wire";
import { newDeviceDigest } from "#kernel/digests";
import { activationNotFound } from "../problems.ts";
import { namedBy } from "./named.ts";
import { noted, type Seen } from "./noting.ts";
import { presentSecurityReport } from "./presenters.ts";
import { NewSecurityReport, SecurityReport } from "./schemas.ts";

export const createSecurityReport = endpoint({
  route: createRoute({
    operationId: "security_reports.create",
    method: "post",
    path: "/v1/security_reports",
    security: scopeOrPublishable("security_reports:write"),
    summary: "Report something suspicious",
    description:
      "Kept with its evidence, and told as an event; it changes no decision. What is seen again while the report is open is counted in it. With a publishable key the program proves itself by a license_key or an activation_token.",
    request: { body: jsonBody(NewSecurityReport) },
    responses: {
      201: json(SecurityReport, "A new report"),
      200: json(SecurityReport, "The open report, which counts it"),
      ...problems(licenseNotFound, activationNotFound, externalIdTaken, changedMeanwhile),
    },
  }),

  handler: async (c) => {
    const { repo, caller } = c.var;
    const body = c.req.valid("json");
    refuseUnproved(caller, body);
    const { license, activation } = await namedBy(c, body);
    const fingerprint = body.fingerprint && (await newDeviceDigest(c.env, repo.tenantId, body.fingerprint));
    const seen: Seen = {
      kind: body.kind,
      source: caller.kind === "secret" ? "tenant" : "program",
      licenseId: license?.id ?? null,
      activationId: activation?.id ?? null,
      deviceHash: activation?.deviceHash ?? fingerprint ?? null,
      description: body.description ?? null,
      evidence: body.evidence ?? {},
    };

    const { shown, status } = await changing(async () => {
      const { row, isNew, statements, facts } = await noted(c.var, seen, body);
      const [shown, status] = [presentSecurityReport(row), isNew ? (201 as const) : (200 as const)];
      return (await repo.securityReports.note(statements, { facts, answer: [status, shown] })) && { shown, status };
    }).catch(asTaken({}));
    return c.json(shown, status);
  },
});

/** A program speaks of what it proves to have, and files nothing under names of its vendor's. */
function refuseUnproved({ kind }: Caller, body: z.infer<typeof NewSecurityReport>): void {
  if (kind === "secret") return;
  const field = (["license_id", "external_id", "metadata"] as const).find((name) => body[name] !== undefined);
  if (field !== undefined) throw refused(field, "secret_key_only", `Only a secret key sets ${field}.`);
  if (body.license_key !== undefined || body.activation_token !== undefined) return;
  throw refused("license_key", "required", "With a publishable key the program names its license_key or its activation_token.");
}

function refused(field: string, code: string, detail: string) {
  return invalidRequest({ what: detail }, { errors: [{ pointer: `/${field}`, code, detail }] });
}
