import { createCredit } from "./credits.create.ts";
import { listCredits } from "./credits.list.ts";

/** What customers have to spend. */
export const credits = [createCredit, listCredits];
