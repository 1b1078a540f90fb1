import { createRoute } from "@hono/zod-openapi";
import type { SigningKeyRow, Trust } from "#db/offline/keys";
import { changing } from "#kernel/changing";
import { endpoint, json, optionalJsonBody, problems, scope, type TenantEnv } from "#kernel/endpoint";
import { changeFact, fact } from "#kernel/facts";
import { productNotFound } from "#kernel/not-found";
import { changedMeanwhile } from "#kernel/problems";
import { bindingOf, custodyOf, isActive, isPending, MOST_KEYS_NAMED, withChanged } from "./keyset.ts";
import { presentSigningKey } from "./presenters.ts";
import { offlineKeysetPending, tooManySigningKeys } from "./problems.ts";
import { KeyRotation, SigningKey } from "./schemas.ts";
import { bornSigningKey, republished, trustOf } from "./trust.ts";

export const rotateSigningKey = endpoint({
  route: createRoute({
    operationId: "signing_keys.rotate",
    method: "post",
    path: "/v1/offline/keys/rotate",
    security: scope("offline_keys:write"),
    summary: "Sign with a new key from now on",
    description:
      "The key that signed for the same products is retired: what it signed stays good. Where you hold the roots, the new key waits until you publish a keyset that names it, and the old one signs until then.",
    request: { body: optionalJsonBody(KeyRotation) },
    responses: {
      201: json(SigningKey, "The new key"),
      ...problems(productNotFound, offlineKeysetPending, tooManySigningKeys, changedMeanwhile),
    },
  }),

  handler: async (c) => {
    const { repo, now } = c.var;
    const { product_ids: named = [] } = c.req.valid("json");
    const products = await productsNamed(c.var, named);
    const shown = await changing(async () => {
      const read = await trustOf(c.var);
      refuseMany(read);
      const pending = custodyOf(read) === "tenant";
      const made = await bornSigningKey(c.var, products, { pending });
      const same = read.keys.filter((key) => bindingOf(key) === bindingOf(made));
      if (same.some(isPending)) throw offlineKeysetPending({ why: "A new key for these products waits already." });

      const left = pending ? [] : same.filter(isActive).map((key) => ({ ...key, retiredAt: now }));
      const keys = [made, ...left];
      const { change, facts } = pending
        ? { change: { keys }, facts: [] }
        : await republished(c.var, read, { keys }, withChanged(read.keys, keys));
      const after = presentSigningKey(made);
      const told = [fact("signing_key.created", after), ...left.map((key) => retiredFact(read.keys, key)), ...facts];
      return (await repo.offlineKeys.change(read, change, { facts: told, answer: [201, after] })) && after;
    });
    return c.json(shown, 201);
  },
});

/** The fact that a key signs no more, and that what it signed stays good. */
export function retiredFact(before: readonly SigningKeyRow[], key: SigningKeyRow) {
  const was = before.find(({ kid }) => kid === key.kid) ?? key;
  return changeFact("signing_key.retired", presentSigningKey(was), presentSigningKey(key));
}

function refuseMany({ keys }: Trust): void {
  if (keys.length >= MOST_KEYS_NAMED) throw tooManySigningKeys({ most: MOST_KEYS_NAMED });
}

/** The ids of the products that were named by id or code, each once. */
async function productsNamed({ repo }: TenantEnv["Variables"], named: readonly string[]): Promise<string[]> {
  const ids = new Set<string>();
  for (const name of named) {
    const product = await repo.products.byIdOrCode(name);
    if (!product) throw productNotFound({});
    ids.add(product.id);
  }
  return [...ids].sort();
}
