import { getEventType } from "./event_types.get.ts";
import { listEventTypes } from "./event_types.list.ts";
import { getEvent } from "./events.get.ts";
import { listEvents } from "./events.list.ts";
import { claimForRelay } from "./internal.relay.claim.ts";
import { listShards } from "./internal.shards.list.ts";
import { listLicenseEvents } from "./licenses.events.ts";

/** What happened: for the tenant to read, and for the relay to carry on. */
export const events = [listEvents, getEvent, listEventTypes, getEventType, listLicenseEvents, claimForRelay, listShards];
