import { endWakeup } from "./internal.wakeups.done.ts";
import { registerWakeup } from "./internal.wakeups.register.ts";

/** What stories ask of the edge besides their subject. */
export const stories = [registerWakeup, endWakeup];
