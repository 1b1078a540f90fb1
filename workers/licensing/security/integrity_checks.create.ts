import { createRoute } from "@hono/zod-openapi";
import type { Fact, Statement } from "#db/commit";
import type { ActivationRow } from "#db/licensing/activations";
import type { IntegrityCheckRow } from "#db/security/integrity";
import { changing } from "#kernel/changing";
import { endpoint, json, jsonBody, problems, scopeOrPublishable, type TenantEnv } from "#kernel/endpoint";
import { changeFact } from "#kernel/facts";
import { newId } from "#kernel/ids";
import { licenseNotFound } from "#kernel/not-found";
import { changedMeanwhile } from "#kernel/problems";
import { mismatchesOf, normalFiles, type IntegrityMismatch } from "#rules/licensing/security";
import { presentActivation } from "../presenters.ts";
import { activationNotFound } from "../problems.ts";
import { namedBy } from "./named.ts";
import { noted } from "./noting.ts";
import { presentIntegrityCheck } from "./presenters.ts";
import { manifestNotRegistered } from "./problems.ts";
import { IntegrityCheck, NewIntegrityCheck } from "./schemas.ts";

type Vars = TenantEnv["Variables"];

/** How many of the files that differ a check names. */
const NAMED = 100;

/** How many of the files that differ a report names. */
const SHOWN_IN_REPORT = 20;

export const createIntegrityCheck = endpoint({
  route: createRoute({
    operationId: "integrity_checks.create",
    method: "post",
    path: "/v1/integrity_checks",
    security: scopeOrPublishable("integrity_checks:write"),
    summary: "Compare a program's files with what its vendor registered",
    description:
      "A device that holds a seat and fails is marked, reported, and validates with INTEGRITY_FAILED (a warning, or a denial where the template says so) until it passes a complete check: one of some files alone can mark a device, and clears none. The program tells of its own files: who changes it can change what it tells, so this finds tampering that is not aimed at it.",
    request: { body: jsonBody(NewIntegrityCheck) },
    responses: {
      201: json(IntegrityCheck, "What was found"),
      ...problems(licenseNotFound, activationNotFound, manifestNotRegistered, changedMeanwhile),
    },
  }),

  handler: async (c) => {
    const { repo } = c.var;
    const { app_version: version, complete, ...body } = c.req.valid("json");
    const files = normalFiles(body.files);
    const check = await changing(async () => {
      const { license, activation } = await namedBy(c, body);
      if (!license) throw licenseNotFound({});
      const known = await repo.productVersions.byVersion(license.productId, version);
      if (!known?.manifest) throw manifestNotRegistered({ version });

      const mismatches = mismatchesOf(known.manifest, files, { complete });
      const row = newCheck(c.var, { licenseId: license.id, activation, version, mismatches });
      const { statements, facts } = await consequences(c.var, row, { activation, complete });
      const shown = presentIntegrityCheck(row);
      return (await repo.integrityChecks.insert(row, statements, { facts, answer: [201, shown] })) && shown;
    });
    return c.json(check, 201);
  },
});

type Found = { licenseId: string; activation: ActivationRow | null; version: string; mismatches: IntegrityMismatch[] };

function newCheck({ repo, now, realNow }: Vars, { licenseId, activation, version, mismatches }: Found): IntegrityCheckRow {
  return {
    tenantId: repo.tenantId,
    id: newId("integrity_check", repo.shard, realNow),
    licenseId,
    activationId: activation?.id ?? null,
    appVersion: version,
    passed: mismatches.length === 0,
    mismatches: mismatches.slice(0, NAMED),
    mismatchesCount: mismatches.length,
    createdAt: now,
  };
}

/** What a check means for the device that it was made on: the mark that validations read, and the report. */
async function consequences(
  vars: Vars,
  check: IntegrityCheckRow,
  { activation, complete }: { activation: ActivationRow | null; complete: boolean },
) {
  const statements: Statement[] = [];
  const facts: Fact[] = [];
  if (!activation || activation.releasedAt !== null) return { statements, facts };

  // some files that are right say nothing of the one that was not
  const changes = check.passed ? complete && activation.integrityFailedAt !== null : activation.integrityFailedAt === null;
  if (changes) {
    const row = { ...activation, integrityFailedAt: check.passed ? null : vars.now, updatedAt: vars.now };
    const type = check.passed ? "activation.integrity_restored" : "activation.integrity_failed";
    statements.push(...vars.repo.suspicions.marked(row));
    facts.push(changeFact(type, presentActivation(activation), presentActivation(row)));
  }
  if (!check.passed) {
    const report = await noted(vars, {
      kind: "integrity",
      source: "latchkey",
      licenseId: check.licenseId,
      activationId: activation.id,
      deviceHash: activation.deviceHash,
      description: `Files of version ${check.appVersion} are not as they were registered.`,
      evidence: {
        integrity_check: check.id,
        differing: check.mismatchesCount,
        files: check.mismatches.slice(0, SHOWN_IN_REPORT),
      },
    });
    statements.push(...report.statements);
    facts.push(...report.facts);
  }
  return { statements, facts };
}
