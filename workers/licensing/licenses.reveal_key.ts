import { createRoute } from "@hono/zod-openapi";
import { changing } from "#kernel/changing";
import { endpoint, idParam, json, problems, scope } from "#kernel/endpoint";
import { fact } from "#kernel/facts";
import { licenseNotFound } from "#kernel/not-found";
import { changedMeanwhile } from "#kernel/problems";
import { presentLicense } from "./presenters.ts";
import { licenseKeyNotKept } from "./problems.ts";
import { RevealedKey } from "./schemas.ts";

export const revealLicenseKey = endpoint({
  route: createRoute({
    operationId: "licenses.reveal_key",
    method: "post",
    path: "/v1/licenses/{id}/reveal_key",
    security: scope("license_keys:read"),
    summary: "Reveal a license key",
    description:
      "Opens the sealed copy of the key; an event tells who did. Where only digests are kept, the copy of an ordered license's key is dropped by this, and after 30 days.",
    request: { params: idParam("lic") },
    responses: { 200: json(RevealedKey, "The license key"), ...problems(licenseNotFound, licenseKeyNotKept, changedMeanwhile) },
  }),

  handler: async (c) => {
    const { repo, vault, now } = c.var;
    const { id } = c.req.valid("param");
    const revealed = await changing(async () => {
      const license = await repo.licenses.byId(id);
      if (!license) throw licenseNotFound({});
      const { keySealed, keySealedUntil, keyLast4 } = license.row;
      if (keySealed === null || (keySealedUntil !== null && keySealedUntil <= now)) throw licenseKeyNotKept({});

      const key = await vault.unseal(["licenses", id, "key_sealed"], keySealed);
      const answer = { object: "license_key" as const, license_id: id, license_key: key, key_last4: keyLast4 };
      const told = { facts: [fact("license.key_revealed", presentLicense(license, now))], answer: [200, answer] as const };
      const written =
        keySealedUntil === null
          ? await repo.licenses.tell(told)
          : await repo.licenses.update({ ...license.row, keySealed: null, keySealedUntil: null, updatedAt: now }, told);
      return written && answer;
    });
    return c.json(revealed, 200);
  },
});
