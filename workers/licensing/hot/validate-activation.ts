import type { HotAsking, HotLicense, HotRoute } from "#kernel/hot/door";
import { judged } from "#kernel/hot/judging";
import type { Source } from "#kernel/hot/licenses";
import { activationNotFound, decide } from "#rules/licensing/decide";
import { isFinal } from "#rules/licensing/turning";
import { activationIn, isTokenOf } from "../activation-token.ts";
import { validateActivation } from "../activations.validate.ts";
import { fromOf, restrictedByToken } from "../restricted.ts";
import { answeredBefore, decisionText, stampBehind } from "./deciding.ts";
import { plainToken } from "./plain.ts";

type Body = { activation_token: string };

/** `activations.validate` without router and schema. */
export const hotActivationValidation: HotRoute<Body> = {
  operation: "activations.validate",
  security: validateActivation.route.security ?? [],
  plain: plainToken,
  finds: ({ activation_token: token }) => ["token", token],
  source: sourceByToken,
  answer,
};

/** How a license is read by the token of one of its activations, which has to be genuine. */
export async function sourceByToken({ env, tenantId, ip }: HotAsking, { activation_token: token }: Body): Promise<Source> {
  const id = activationIn(token) ?? "";
  return {
    // tokens are checked against what their activation is by now, which the second tier may not know
    tier: null,
    row: (asked, at) => asked.rowByActivation(id, { at, from: fromOf(ip) }),
    accepts: async ({ activation }) => activation !== null && isTokenOf(env, { tenantId, ...activation }, token),
  };
}

async function answer(asking: HotAsking, _: Body, license: HotLicense): Promise<string> {
  const { now } = asking;
  const restricted = (license.known?.entry.asked.snapshot.terms.restrictions.length ?? 0) > 0;
  const inputs = restricted ? JSON.stringify([asking.country, asking.ip]) : "";
  const before = answeredBefore(asking, license, inputs);
  if (before !== undefined && license.known) {
    stampBehind(asking, license.known.entry);
    return before;
  }
  const made = await judged(asking, license, {
    judge: (asked) =>
      asked ? decide(asked.snapshot, { by: "token" }, now, restrictedByToken(asked, asking)) : activationNotFound(),
    isFinal,
  });
  if (made.known) stampBehind(asking, made.known.entry);
  return decisionText(asking, made, {}, inputs);
}
