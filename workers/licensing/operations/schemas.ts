import { listOf, listQuery } from "#kernel/endpoint";
import { EventPatterns } from "#kernel/event-patterns";
import { Duration, overrideFields } from "#kernel/terms";
import { z, Email, ExternalId, Instant, InstantInput, Metadata, Ref, text } from "#kernel/wire";
import {
  BULK_ACTIONS,
  OPERATION_KINDS,
  OPERATION_OUTCOMES,
  OPERATION_STATUSES,
  REPLAY_ONLY,
  type BulkAction,
} from "#rules/licensing/operations";
import { RENEWAL_BASES } from "#rules/licensing/renewal";
import { HOLD_CAUSES, LICENSE_STATUSES, SUSPENDABLE_CAUSES, type HoldCause } from "#rules/licensing/states";

const Tally = z
  .object({ succeeded: z.int(), skipped: z.int(), failed: z.int() })
  .openapi({ description: "Of a replay: how many events were sent again, and how many the endpoint has got, or is about to." });

export const Operation = z
  .object({
    object: z.literal("operation"),
    id: z.string(),
    kind: z.enum(OPERATION_KINDS),
    action: z.enum(BULK_ACTIONS).nullable().openapi({ description: "Of licenses.bulk; else null." }),
    status: z
      .enum(OPERATION_STATUSES)
      .openapi({ description: "succeeded: every license, or event of a replay, had its turn; result tells how each went." }),
    progress: z.object({ done: z.int(), total: z.int() }),
    result: Tally.nullable().openapi({ description: "null while it runs." }),
    error: z.string().nullable().openapi({ description: "Why the whole of it failed." }),
    created_by: z.string().nullable().openapi({ description: "The API key." }),
    workflow_id: z.string().openapi({ description: "Of the story that carries it out: GET /v1/stories?workflow_id=." }),
    finished_at: Instant.nullable(),
    created_at: Instant,
    updated_at: Instant,
  })
  .openapi("Operation");

export const OperationQuery = listQuery({
  kind: z.enum(OPERATION_KINDS).optional(),
  status: z.enum(OPERATION_STATUSES).optional(),
});

export const OperationResult = z
  .object({
    object: z.literal("operation_result"),
    n: z.int().openapi({ description: "The row of the upload, or the place in the order of work, from 1." }),
    outcome: z
      .enum(OPERATION_OUTCOMES)
      .openapi({ description: "skipped: there was nothing to do; failed: the license or row was refused." }),
    license_id: z.string().nullable(),
    external_id: z.string().nullable(),
    code: z.string().nullable().openapi({ description: "Why not, or what to look at although it was done." }),
    detail: z.string().nullable(),
  })
  .openapi("OperationResult");

export const OperationResults = listOf(OperationResult);

export const OperationResultQuery = listQuery({ outcome: z.enum(OPERATION_OUTCOMES).optional() });

/** What an operation would do, as it looks now. */
export const OperationPreview = z
  .object({
    object: z.literal("operation_preview"),
    kind: z.enum(OPERATION_KINDS),
    action: z.enum(BULK_ACTIONS).nullable(),
    total: z.int().openapi({ description: "How many licenses it is about." }),
    first: z.array(OperationResult).openapi({ description: "What would come of the first twenty." }),
  })
  .openapi("OperationPreview");

const LicenseFilter = z
  .strictObject({
    status: z.enum(LICENSE_STATUSES).optional(),
    customer_id: Ref.optional(),
    product_id: Ref.optional(),
    template_id: Ref.optional(),
    expires_before: InstantInput.optional(),
    external_ids: z.array(ExternalId).min(1).max(1000).optional(),
    ids: z.array(Ref).min(1).max(1000).optional(),
  })
  .refine((filter) => Object.values(filter).some((value) => value !== undefined), "must name at least one condition");

/** Which fields belong to which action; those in the second list it needs. */
const FIELDS_OF: Record<BulkAction, { takes: readonly string[]; needs: readonly string[] }> = {
  suspend: { takes: ["reason", "cause"], needs: ["reason"] },
  reinstate: { takes: ["cause"], needs: [] },
  renew: { takes: ["duration", "until", "basis"], needs: [] },
  revoke: { takes: ["reason"], needs: ["reason"] },
  cancel: { takes: [], needs: [] },
};

export const Bulk = z
  .strictObject({
    action: z.enum(BULK_ACTIONS),
    filter: LicenseFilter.openapi({ description: "Joined by and; at least one condition." }),
    reason: text(500).optional().openapi({ description: "Of suspend and revoke, which need one." }),
    cause: z
      .enum(HOLD_CAUSES)
      .optional()
      .openapi({ description: "Of suspend (manual) and reinstate (whatever a tenant may lift)." }),
    duration: Duration.optional().openapi({ description: "Of renew, instead of the duration of each license's own terms." }),
    until: InstantInput.optional().openapi({ description: "Of renew: the new end itself, instead of a duration." }),
    basis: z.enum(RENEWAL_BASES).optional().openapi({ description: "Of renew: from where a duration counts." }),
    dry_run: z.boolean().default(false).openapi({ description: "Answer what would be done, and do nothing." }),
  })
  .superRefine((body, context) => {
    const { takes, needs } = FIELDS_OF[body.action];
    const refuse = (field: string, message: string) => context.addIssue({ code: "custom", path: [field], message });
    for (const field of ["reason", "cause", "duration", "until", "basis"] as const) {
      if (body[field] !== undefined && !takes.includes(field)) refuse(field, `is no field of ${body.action}`);
    }
    for (const field of needs) if (body[field as "reason"] === undefined) refuse(field, `is needed to ${body.action}`);
    if (body.duration !== undefined && body.until !== undefined) refuse("until", "takes a duration or until, not both");
    const suspendable: readonly HoldCause[] = SUSPENDABLE_CAUSES;
    if (body.action === "suspend" && body.cause !== undefined && !suspendable.includes(body.cause))
      refuse("cause", `must be one of ${suspendable.join(", ")}`);
  })
  .openapi("Bulk", {
    example: {
      action: "suspend",
      filter: { status: "active", customer_id: "cus_00…" },
      reason: "The contract is under review",
      cause: "compliance",
    },
  });

export const Migration = z
  .strictObject({
    to_rev: z.int().min(1).optional().openapi({ description: "The newest where it is left out." }),
    from_revs: z.array(z.int().min(1)).min(1).max(100).optional().openapi({ description: "Only licenses of these revisions." }),
    filter: z.strictObject({ customer_id: Ref.optional() }).optional(),
    stage: z
      .strictObject({ percent: z.int().min(1).max(100) })
      .optional()
      .openapi({ description: "Only a part of the licenses, always the same; a larger percentage holds all of a smaller one." }),
    dry_run: z.boolean().default(false).openapi({ description: "Answer what would be done, and do nothing." }),
  })
  .openapi("Migration", { example: { to_rev: 1, filter: { customer_id: "cus_00…" }, stage: { percent: 10 } } });

export const Replay = z
  .strictObject({
    from: InstantInput.openapi({ description: "What happened at this instant or later." }),
    to: InstantInput.openapi({
      description: "What happened before this instant; what comes to happen once it has begun is not part of it.",
    }),
    events: EventPatterns.optional().openapi({
      description: "Only these of what the endpoint subscribes to: `*`, `license.*`, or event types.",
    }),
    only: z.enum(REPLAY_ONLY).default("missed").openapi({
      description: "missed: what the endpoint has not got, and does not wait for; all: what it has got already, too.",
    }),
  })
  .openapi("Replay", {
    example: { from: "2026-11-20T00:00:00.000Z", to: "2026-11-22T09:30:00.000Z", events: ["license.*"], only: "missed" },
  });

const yes = z.stringbool({ truthy: ["true"], falsy: ["false"] });

export const ImportQuery = z.strictObject({
  template_id: Ref.optional().openapi({ description: "For rows that name none." }),
  dry_run: yes.optional().openapi({ type: "boolean", description: "Answer a report, and write nothing." }),
  allow_weak: yes.optional().openapi({ type: "boolean", description: "Take keys that are worth less than 64 bits." }),
  create_customers: yes.optional().openapi({
    type: "boolean",
    description: "Create customers that are not there from customer_email and customer_name; takes the scope customers:write.",
  }),
  on_conflict: z
    .enum(["fail", "skip"])
    .default("fail")
    .openapi({ description: "What becomes of rows whose key or external_id is taken: refuse the upload, or leave them out." }),
});

/** What status a license comes with; the others follow from its instants. */
const IMPORTED_STATUSES = ["active", "suspended", "revoked"] as const;

/** One row of an upload. */
export const ImportRow = z
  .strictObject({
    license_key: text(200),
    customer_id: Ref.optional(),
    customer_external_id: ExternalId.optional(),
    customer_email: Email.optional(),
    customer_name: text(200).optional(),
    template_id: Ref.optional(),
    external_id: ExternalId.nullish(),
    issued_to: text(255).nullish(),
    starts_at: InstantInput.optional(),
    expires_at: InstantInput.nullish(),
    status: z.enum(IMPORTED_STATUSES).default("active"),
    max_activations: overrideFields.max_activations,
    metadata: Metadata.optional(),
  })
  .refine((row) => row.license_key.trim() !== "", { path: ["license_key"], message: "must not be blank" })
  .refine((row) => (row.customer_id ?? row.customer_external_id ?? row.customer_email) !== undefined, {
    path: ["customer_id"],
    message: "must be given, or customer_external_id, or customer_email",
  });

const Fault = z.object({ row: z.int(), column: z.string().nullable(), code: z.string(), detail: z.string() });

/** What an upload holds, and what would come of it. */
export const ImportReport = z
  .object({
    object: z.literal("import_report"),
    acceptable: z.boolean().openapi({ description: "The same call without dry_run would begin the import." }),
    rows: z.int(),
    valid: z.int().openapi({ description: "Rows with nothing against them." }),
    errors: z.array(Fault).openapi({ description: "The first hundred." }),
    errors_total: z.int(),
    collisions: z.int().openapi({ description: "Rows whose license key or external_id a license has already." }),
    duplicates: z.int().openapi({ description: "Rows whose license key or external_id stands in an earlier row." }),
    customers_to_create: z.int(),
    strength: z.object({
      least_bits: z.int().nullable().openapi({ description: "Of the weakest key." }),
      buckets: z.array(z.object({ from_bits: z.int(), below_bits: z.int().nullable(), rows: z.int() })),
      weak_rows: z.array(z.int()).openapi({ description: "Rows with keys below 64 bits; the first hundred." }),
    }),
  })
  .openapi("ImportReport");

/** The examples of an upload, one a type. */
export const IMPORT_EXAMPLES = {
  "text/csv": {
    description: "A header and one license a line (RFC 4180). Columns: see the operation.",
    example:
      "license_key,template_id,customer_id,external_id,issued_to,starts_at,expires_at,status,max_activations,metadata.order\r\n" +
      "OLD-8F3K-22MX-91QA-77ZL-P0RT,tpl_00…,cus_00…,crm-4711,ada@customer.example,2026-01-01T00:00:00.000Z,2099-01-01T00:00:00.000Z,active,3,A-17\r\n",
  },
  "application/x-ndjson": {
    description: "One JSON object a line, with the same fields; metadata is an object.",
    example:
      '{"license_key":"OLD-8F3K-22MX-91QA-77ZL-P0RT","template_id":"tpl_00…","customer_id":"cus_00…","external_id":"crm-4711","metadata":{"order":"A-17"}}\n',
  },
};

export const OperationRef = z.strictObject({ tenant_id: Ref, operation_id: Ref });

/** How far an operation has come, as its story is told. */
export const OperationProgress = z.object({
  kind: z.enum(OPERATION_KINDS),
  action: z.enum(BULK_ACTIONS).nullable(),
  status: z.enum(OPERATION_STATUSES),
  done: z.int(),
  total: z.int(),
  rest_ms: z.int().min(0).optional(),
});
