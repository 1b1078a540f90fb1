import { archiveLegalEntity } from "./legal_entities.archive.ts";
import { createLegalEntity } from "./legal_entities.create.ts";
import { getLegalEntity } from "./legal_entities.get.ts";
import { listLegalEntities } from "./legal_entities.list.ts";
import { makeLegalEntityDefault } from "./legal_entities.make_default.ts";
import { updateLegalEntity } from "./legal_entities.update.ts";
import { archiveTaxRate } from "./tax_rates.archive.ts";
import { createTaxRate } from "./tax_rates.create.ts";
import { getTaxRate } from "./tax_rates.get.ts";
import { listTaxRates } from "./tax_rates.list.ts";
import { updateTaxRate } from "./tax_rates.update.ts";
import { checkVat } from "./vat.check.ts";

/** Who sells, and at which rates. */
export const tax = [
  createLegalEntity,
  listLegalEntities,
  getLegalEntity,
  updateLegalEntity,
  archiveLegalEntity,
  makeLegalEntityDefault,
  createTaxRate,
  listTaxRates,
  getTaxRate,
  updateTaxRate,
  archiveTaxRate,
  checkVat,
];
