import type { HotRoute } from "#kernel/hot/door";
import { createActivation } from "../activations.create.ts";
import { heartbeatActivation } from "../activations.heartbeat.ts";
import { validateActivation } from "../activations.validate.ts";
import { validateLicense } from "../licenses.validate.ts";
import { hotActivation } from "./activate.ts";
import { hotHeartbeat } from "./heartbeat.ts";
import { hotActivationValidation } from "./validate-activation.ts";
import { hotValidation } from "./validate-license.ts";

/** What of licensing is asked so often that it is answered before the router. */
export const hotRoutes: readonly (readonly [path: string, HotRoute<unknown>])[] = [
  [validateLicense.route.path, hotValidation],
  [validateActivation.route.path, hotActivationValidation],
  [heartbeatActivation.route.path, hotHeartbeat],
  [createActivation.route.path, hotActivation],
];
