import { legalEntities } from "./tables.ts";

export type LegalEntityRow = typeof legalEntities.$inferSelect;
