import { ledgerBalances } from "./ledger.balances.ts";
import { checkLedger } from "./ledger.check.ts";
import { listLedger } from "./ledger.list.ts";

/** The books. */
export const ledger = [listLedger, ledgerBalances, checkLedger];
