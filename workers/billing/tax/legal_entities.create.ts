import { createRoute } from "@hono/zod-openapi";
import { asTaken, changing } from "#kernel/changing";
import { endpoint, json, jsonBody, problems, scope } from "#kernel/endpoint";
import { fact } from "#kernel/facts";
import { newId } from "#kernel/ids";
import { newOwned } from "#kernel/present";
import { changedMeanwhile, externalIdTaken } from "#kernel/problems";
import { entityWith, judgeSeries } from "./judging.ts";
import { presentLegalEntity } from "./presenters.ts";
import { seriesTaken, tooManyLegalEntities } from "./problems.ts";
import { LegalEntity, NewLegalEntity } from "./schemas.ts";

/** All of a tenant's are read to tell their series apart, so there are not many. */
const MOST = 50;

export const createLegalEntity = endpoint({
  route: createRoute({
    operationId: "legal_entities.create",
    method: "post",
    path: "/v1/legal_entities",
    security: scope("legal_entities:write"),
    summary: "Create a legal entity",
    description: `Another company of yours that sells, with number series of its own. The first one came with the tenant; there are at most ${MOST}.`,
    request: { body: jsonBody(NewLegalEntity) },
    responses: {
      201: json(LegalEntity, "The legal entity"),
      ...problems(seriesTaken, tooManyLegalEntities, externalIdTaken, changedMeanwhile),
    },
  }),

  handler: async (c) => {
    const { repo, now } = c.var;
    const body = c.req.valid("json");
    const blank = {
      tenantId: repo.tenantId,
      id: newId("legal_entity", repo.shard, c.var.realNow),
      name: body.name,
      address: null,
      country: null,
      vatId: null,
      registration: null,
      email: null,
      iban: null,
      bic: null,
      bankName: null,
      footer: null,
      timeZone: repo.tenant.timeZone,
      vatScheme: "standard" as const,
      consumersAt: "destination" as const,
      whenVatIdUnknown: "charge" as const,
      invoicePrefix: body.invoice_prefix,
      creditNotePrefix: body.credit_note_prefix,
      numberWidth: 6,
      isDefault: false,
      archivedAt: null,
      ...newOwned(body, now),
    };
    const row = entityWith(blank, body);
    const entity = presentLegalEntity(row);
    await changing(async () => {
      const all = await repo.legalEntities.all();
      if (all.length >= MOST) throw tooManyLegalEntities({ most: MOST });
      await judgeSeries(repo, row, all);
      return repo.legalEntities.insert(row, all, { facts: [fact("legal_entity.created", entity)], answer: [201, entity] });
    }).catch(asTaken({}));
    return c.json(entity, 201);
  },
});
