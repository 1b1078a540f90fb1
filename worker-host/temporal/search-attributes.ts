import { defineSearchAttributeKey, type SearchAttributePair } from "@temporalio/common";
import type { NativeConnection } from "@temporalio/worker";
import { messageOf, type Log } from "../log.ts";

/** What operators search stories by. An attribute that is not registered makes every start fail. */
export const SEARCH_ATTRIBUTES = {
  TenantId: defineSearchAttributeKey("TenantId", "KEYWORD"),
  SubjectId: defineSearchAttributeKey("SubjectId", "KEYWORD"),
  Kind: defineSearchAttributeKey("Kind", "KEYWORD"),
  State: defineSearchAttributeKey("State", "KEYWORD"),
};

const REGISTER_MS = 10_000;

/** Of the API's enum temporal.api.enums.v1.IndexedValueType. */
export const INDEXED_VALUE_TYPE_KEYWORD = 2;

/** The attributes that a story starts with; from then on the story itself keeps `State`. */
export function searchAttributes(story: { tenantId: string; subjectId: string; kind: string }): SearchAttributePair[] {
  return [
    { key: SEARCH_ATTRIBUTES.TenantId, value: story.tenantId },
    { key: SEARCH_ATTRIBUTES.SubjectId, value: story.subjectId },
    { key: SEARCH_ATTRIBUTES.Kind, value: story.kind },
    { key: SEARCH_ATTRIBUTES.State, value: "running" },
  ];
}

/** Registers those that the namespace lacks. Where that is not allowed (Temporal Cloud), says how to do it by hand and goes on. */
export async function registerSearchAttributes(connection: NativeConnection, namespace: string, log: Log): Promise<void> {
  try {
    await connection.withDeadline(Date.now() + REGISTER_MS, async () => {
      const known = await connection.operatorService.listSearchAttributes({ namespace });
      const missing = Object.keys(SEARCH_ATTRIBUTES).filter((name) => !known.customAttributes?.[name]);
      if (missing.length === 0) return;
      const added = Object.fromEntries(missing.map((name) => [name, INDEXED_VALUE_TYPE_KEYWORD]));
      await connection.operatorService.addSearchAttributes({ namespace, searchAttributes: added });
      log.info("search_attributes_registered", { detail: missing.join(", "), namespace });
    });
  } catch (error) {
    const detail = `Make sure that namespace ${namespace} has the Keyword search attributes ${Object.keys(SEARCH_ATTRIBUTES).join(", ")}`;
    log.warn("search_attributes_unknown", { detail, error: messageOf(error) });
  }
}
