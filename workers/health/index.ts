import { getHealth } from "./health.get.ts";

/** How the platform is. */
export const health = [getHealth];
