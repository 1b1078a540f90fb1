import { createRoute } from "@hono/zod-openapi";
import { endpoint, json, jsonBody, scope } from "#kernel/endpoint";
import { looksMistyped, readVatId } from "#rules/billing/vat-ids";
import { VatCheck, VatCheckAsk } from "./schemas.ts";

export const checkVat = endpoint({
  idempotent: false,
  route: createRoute({
    operationId: "vat.check",
    method: "post",
    path: "/v1/vat/check",
    security: scope("tax_rates:read"),
    summary: "Check a VAT id",
    description:
      "Its form and its checksum, which find what was mistyped. Whether there is such a business, only VIES knows: that is not asked here, so state is unchecked. It writes nothing.",
    request: { body: jsonBody(VatCheckAsk) },
    responses: { 200: json(VatCheck, "What was found") },
  }),

  handler: (c) => {
    const { vat_id, country } = c.req.valid("json");
    const read = readVatId(vat_id, country ?? null);
    const found = read === null ? "malformed" : looksMistyped(read) ? "checksum_failed" : "valid";
    return Promise.resolve(
      c.json(
        { object: "vat_check" as const, vat_id: read?.text ?? vat_id, format: found, state: "unchecked" as const } as const,
        200,
      ),
    );
  },
});
