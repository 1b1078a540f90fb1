import { listQuery } from "#kernel/endpoint";
import { Duration } from "#kernel/terms";
import { z, ExternalId, Instant, ownedInput, ownedOutput, Ref, text } from "#kernel/wire";
import { TRANSFER_OPEN_FOR, TRANSFER_STATUSES } from "#rules/licensing/transfers";

export const LicenseTransfer = z
  .object({
    object: z.literal("license_transfer"),
    id: z.string(),
    license_id: z.string(),
    from_customer_id: z.string(),
    to_customer_id: z.string(),
    status: z.enum(TRANSFER_STATUSES).openapi({ description: "expired: nobody accepted it in time." }),
    reason: z.string().nullable(),
    expires_at: Instant.nullable().openapi({
      description: "Until when it may be accepted (exclusive); null = it was carried out at once.",
    }),
    ended_at: Instant.nullable(),
    ...ownedOutput,
  })
  .openapi("LicenseTransfer");

export const NewTransfer = z
  .strictObject({
    customer_id: Ref.openapi({ description: "Who gets the license." }),
    accept: z
      .enum(["none", "required"])
      .default("none")
      .openapi({ description: "none: carry it out at once; required: it waits until it is accepted." }),
    reason: text(500).nullish(),
    expires_in: Duration.optional().openapi({
      description: `With accept required: how long it waits; ${TRANSFER_OPEN_FOR} where it is left out.`,
      example: TRANSFER_OPEN_FOR,
    }),
    ...ownedInput,
  })
  .openapi("NewTransfer", { example: { customer_id: "cus_00…", accept: "none", reason: "The team moved to another company" } });

export const TransferQuery = listQuery({
  license_id: Ref.optional(),
  status: z.enum(TRANSFER_STATUSES).optional(),
  external_id: ExternalId.optional(),
});
