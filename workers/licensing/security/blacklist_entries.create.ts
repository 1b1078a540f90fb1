import { createRoute } from "@hono/zod-openapi";
import type { BlacklistRow } from "#db/security/blacklist";
import { asTaken, changing } from "#kernel/changing";
import { endpoint, json, jsonBody, problems, scope } from "#kernel/endpoint";
import type { Env } from "#kernel/env";
import { fact } from "#kernel/facts";
import { newId } from "#kernel/ids";
import { newOwned } from "#kernel/present";
import { changedMeanwhile, externalIdTaken } from "#kernel/problems";
import type { z } from "#kernel/wire";
import { rangeKeys } from "#rules/addresses";
import { componentDigests, deviceDigests, newComponentDigest, newDeviceDigest } from "#kernel/digests";
import { presentBlacklistEntry } from "./presenters.ts";
import { alreadyBlacklisted, tooManyIpRanges } from "./problems.ts";
import { BlacklistEntry, NewBlacklistEntry } from "./schemas.ts";

/** Ranges are compared one by one with every address that asks, so they are bounded. */
const MOST_RANGES = 1000;

export const createBlacklistEntry = endpoint({
  route: createRoute({
    operationId: "blacklist_entries.create",
    method: "post",
    path: "/v1/devices/blacklist",
    security: scope("blacklist:write"),
    summary: "Shut out a device, a part or a range of addresses",
    description:
      "What is shut out gets no seat (403 device_blacklisted) and validates as DEVICE_BLACKLISTED, on every license of the tenant, until the entry ends or is deleted. Seats that are held stay held.",
    request: { body: jsonBody(NewBlacklistEntry) },
    responses: {
      201: json(BlacklistEntry, "The entry"),
      ...problems(alreadyBlacklisted, tooManyIpRanges, externalIdTaken, changedMeanwhile),
    },
  }),

  handler: async (c) => {
    const { repo, now, realNow } = c.var;
    const body = c.req.valid("json");
    const { digests, ...target } = await targetOf(c.env, repo.tenantId, body);
    const row: BlacklistRow = {
      tenantId: repo.tenantId,
      id: newId("blacklist_entry", repo.shard, realNow),
      ...target,
      reason: body.reason,
      expiresAt: body.expires_at ?? null,
      ...newOwned(body, now),
    };
    const shown = presentBlacklistEntry(row);

    await changing(async () => {
      const there = digests.length === 0 ? undefined : await repo.blacklist.byDigests(digests);
      if (there && !hasEnded(there, now)) throw alreadyBlacklisted({ entry: there.id });
      const gone = there ? [fact("blacklist_entry.deleted", presentBlacklistEntry(there))] : [];
      const facts = [...gone, fact("blacklist_entry.created", shown)];
      const done = await repo.blacklist.insert(
        row,
        { ended: there?.id ?? null, mostRanges: MOST_RANGES },
        { facts, answer: [201, shown] },
      );
      if (!done && row.kind === "ip_range") throw tooManyIpRanges({ most: MOST_RANGES });
      return done;
    }).catch(asTaken({}));
    return c.json(shown, 201);
  },
});

const hasEnded = ({ expiresAt }: BlacklistRow, now: Date) => expiresAt !== null && expiresAt <= now;

/** The columns that say what is shut out, and all digests under which the same may be shut out already. */
async function targetOf(
  env: Env,
  tenantId: string,
  { fingerprint, component, ip_range: range }: z.infer<typeof NewBlacklistEntry>,
) {
  const nothing = { digest: null, partKind: null, range: null, rangeFrom: null, rangeTo: null };
  if (range !== undefined) {
    const keys = rangeKeys(range);
    if (!keys) throw new Error("A range that is valid has a first and a last address");
    return { ...nothing, kind: "ip_range" as const, range, rangeFrom: keys.from, rangeTo: keys.to, digests: [] };
  }
  if (component) {
    const digest = await newComponentDigest(env, tenantId, component);
    const digests = await componentDigests(env, tenantId, component);
    return { ...nothing, kind: "component" as const, digest, partKind: component.kind, digests };
  }
  const device = fingerprint ?? "";
  const digests = await deviceDigests(env, tenantId, device);
  return { ...nothing, kind: "device" as const, digest: await newDeviceDigest(env, tenantId, device), digests };
}
