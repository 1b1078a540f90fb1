import { sql } from "drizzle-orm";
import { foreignKey, index, integer, primaryKey, sqliteTable, text, uniqueIndex } from "drizzle-orm/sqlite-core";
import { flag, instant, json, owned } from "../columns.ts";
import type { DeliveryState, DisabledReason, EndpointOrigin, OnExhausted } from "#rules/webhooks/states";

/** Where a tenant wants to hear of events. */
export const webhookEndpoints = sqliteTable(
  "webhook_endpoints",
  {
    tenantId: text().notNull(),
    id: text().notNull(),
    url: text().notNull(),
    events: json<string[]>().notNull(), // "*", "license.*" or whole types
    productIds: json<string[]>(), // what is told of other products is left out; null: of all
    description: text(),
    origin: text().$type<EndpointOrigin>().notNull().default("api"),
    headers: text(), // sealed JSON: what is sent beside the signature; their names are in headerNames
    headerNames: json<string[]>().notNull().default([]),
    fifo: flag().notNull().default(false), // one delivery after the other, in the order of events
    onExhausted: text().$type<OnExhausted>().notNull().default("block"), // of a fifo endpoint
    ratePerS: integer(), // deliveries a second at most; null: as many as it takes
    maxAttempts: integer(), // null: the tenant's setting
    secret: text().notNull(), // sealed; empty once the endpoint is deleted
    previousSecret: text(), // sealed; signs too, until then
    signingKey: text(), // sealed PKCS #8, ed25519; null: made when it is asked for first
    publicKey: text(), // whpk_…
    previousSigningKey: text(), // sealed; signs as long as the secret before this one
    previousSecretUntil: instant(), // real time
    disabledAt: instant(),
    disabledReason: text().$type<DisabledReason>(),
    deletedAt: instant(),
    ...owned(),
  },
  (t) => [
    primaryKey({ columns: [t.tenantId, t.id] }),
    index("webhook_endpoints_live")
      .on(t.tenantId)
      .where(sql`${t.deletedAt} is null`),
    uniqueIndex("webhook_endpoints_external")
      .on(t.tenantId, t.externalId)
      .where(sql`${t.deletedAt} is null`),
  ],
);

/** How sending to an endpoint goes: what the pump writes, apart from what the tenant says of the endpoint. No row: all is well. */
export const webhookQueues = sqliteTable(
  "webhook_queues",
  {
    tenantId: text().notNull(),
    endpointId: text().notNull(),
    failingSince: instant(), // real time: nothing arrived since then
    failures: integer().notNull(), // attempts in a row that failed
    recoveringSince: instant(), // real time: the pump leaves it alone, a story tries it
    probeAt: instant(), // when that story tries next
    catchingUpSince: instant(), // real time: what waited since before this goes out slowly
    pacedUntil: instant(), // real time: until then nothing is sent
  },
  (t) => [
    primaryKey({ columns: [t.tenantId, t.endpointId] }),
    foreignKey({ columns: [t.tenantId, t.endpointId], foreignColumns: [webhookEndpoints.tenantId, webhookEndpoints.id] }),
    index("webhook_queues_paced")
      .on(t.pacedUntil)
      .where(sql`${t.pacedUntil} is not null`),
    index("webhook_queues_recovering")
      .on(t.tenantId, t.endpointId)
      .where(sql`${t.recoveringSince} is not null`),
  ],
);

/** One event for one endpoint, until it arrived or every attempt was used. */
export const deliveries = sqliteTable(
  "deliveries",
  {
    tenantId: text().notNull(),
    id: text().notNull(),
    endpointId: text().notNull(),
    eventSeq: integer().notNull(),
    eventId: text().notNull(),
    eventType: text().notNull(),
    state: text().$type<DeliveryState>().notNull(),
    attempts: integer().notNull(), // how many were made
    resentAfter: integer().notNull().default(0), // how many of them before somebody resent it: the schedule counts from there
    nextAt: instant().notNull(), // real time, as the other side lives in it
    leaseUntil: instant(), // the worker host has it, until then
    lastStatus: integer(),
    lastError: text(),
    replayId: text(), // the operation that sent it once more
    endedAt: instant(),
    createdAt: instant().notNull(),
  },
  (t) => [
    primaryKey({ columns: [t.tenantId, t.id] }),
    foreignKey({ columns: [t.tenantId, t.endpointId], foreignColumns: [webhookEndpoints.tenantId, webhookEndpoints.id] }),
    index("deliveries_due")
      .on(t.nextAt)
      .where(sql`${t.state} = 'pending'`),
    index("deliveries_queue")
      .on(t.tenantId, t.endpointId, t.nextAt)
      .where(sql`${t.state} = 'pending'`),
    index("deliveries_order")
      .on(t.tenantId, t.endpointId, t.eventSeq)
      .where(sql`${t.state} = 'pending'`),
    index("deliveries_exhausted")
      .on(t.tenantId, t.endpointId, t.endedAt)
      .where(sql`${t.state} = 'exhausted'`),
    uniqueIndex("deliveries_replay")
      .on(t.tenantId, t.replayId, t.endpointId, t.eventSeq)
      .where(sql`${t.replayId} is not null`),
    index("deliveries_endpoint").on(t.tenantId, t.endpointId, t.id),
    index("deliveries_age")
      .on(t.endedAt)
      .where(sql`${t.endedAt} is not null`),
  ],
);

/** One try of a delivery, as it went. */
export const attempts = sqliteTable(
  "attempts",
  {
    tenantId: text().notNull(),
    deliveryId: text().notNull(),
    number: integer().notNull(), // 1, 2, 3 …
    id: text().notNull(),
    at: instant().notNull(), // real time
    durationMs: integer().notNull(),
    status: integer(), // null: no answer came
    error: text(), // why no answer came, in a word
    detail: text(), // the same in a sentence
    answer: text(), // how the answer began
  },
  (t) => [
    primaryKey({ columns: [t.tenantId, t.deliveryId, t.number] }),
    foreignKey({ columns: [t.tenantId, t.deliveryId], foreignColumns: [deliveries.tenantId, deliveries.id] }).onDelete("cascade"),
  ],
);
