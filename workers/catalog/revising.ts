import type { Repo } from "#db/repo";
import { refuseUnsoundTerms, termsFromWire } from "#kernel/terms";
import type { z } from "#kernel/wire";
import { effectiveTerms, type TemplateTerms } from "#rules/licensing/terms";
import type { TemplatePatch } from "./schemas.ts";

/** A template's newest terms with what a body changes of them. Throws `invalid_request` where they contradict each other. */
export async function revisedTerms(
  repo: Pick<Repo, "features">,
  terms: TemplateTerms,
  body: Omit<z.infer<typeof TemplatePatch>, "external_id" | "metadata" | "name" | "description">,
): Promise<TemplateTerms> {
  // a template may say more than one of its licenses, and all that it says is merged in the same way
  const said = { ...(await termsFromWire(repo, body, { held: terms.entitlements })), type: body.type, model: body.model };
  const revised = effectiveTerms(terms, said);
  refuseUnsoundTerms(revised);
  return revised;
}
