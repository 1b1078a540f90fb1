import type { EventType } from "#rules/events";
import type { Fact } from "#db/commit";

type WireObject = { object: string; id: string };

/** The fact that an object came to be, or that something was done to it. */
export function fact(type: EventType, object: WireObject): Fact {
  return { type, subject: { type: object.object, id: object.id }, data: { object, previous: null } };
}

/** The fact that an object changed: `previous` holds what was different, as it was. */
export function changeFact<T extends WireObject>(type: EventType, before: T, after: T): Fact {
  const previous = Object.fromEntries(
    Object.entries(before).filter(
      ([name, value]) =>
        name !== "updated_at" && JSON.stringify(value) !== JSON.stringify((after as Record<string, unknown>)[name]),
    ),
  );
  return { type, subject: { type: after.object, id: after.id }, data: { object: after, previous } };
}
