import * as fc from "fast-check";
import { beforeAll, describe, expect, test } from "vitest";
import { ask, type Told } from "./ask.ts";
import { player, type Player } from "./fresh.ts";
import { attacks, textAttack, TRIPPING, type Attack, type Target } from "./invalid.ts";
import { operationsOf, servedDocument, type Operation } from "./operations.ts";
import { bodiesOf, built } from "./requests.ts";
import { rowCounts, rowsOf } from "./rows.ts";

const document = await servedDocument();
const operations = operationsOf(document);

/** Each run draws other input; a failure prints the seed and the input, and `fc.assert`'s `seed` brings it back. */
const RUNS = { invalid: 10, odd: 4 };

let alice: Player;
beforeAll(async () => {
  alice = await player();
});

describe.each(operations)("$id", (operation) => {
  const send = ({ asking }: Attack) => ask({ ...asking, key: keyFor(operation, alice) });

  test("refuses whatever the document does not allow, says why, and writes nothing; and so, or not at all, what is odd", async () => {
    const targets: Target[] = [];
    for (const body of bodiesOf(operation)) targets.push({ document, built: await built(operation, body, alice) });
    const all = fc.oneof(...targets.map(attacks));

    const before = await rowsOf();
    const invalid = fc.asyncProperty(
      all.filter(({ refused }) => refused),
      async (attack) => {
        expect(whyNotRefusal(operation, await send(attack)), attack.what).toEqual([]);
      },
    );
    await fc.assert(invalid, { numRuns: RUNS.invalid, endOnFailure: true });
    expect(await rowsOf()).toEqual(before);

    if (operation.body?.mediaType === "application/json") for (const text of TRIPPING) await tripped(targets[0] as Target, text);
    if (fc.sample(all, 200).every(({ refused }) => refused)) return; // nothing that it may take
    const odd = fc.asyncProperty(
      all.filter(({ refused }) => !refused),
      async (attack) => void (await mayRefuse(attack)),
    );
    await fc.assert(odd, { numRuns: RUNS.odd, endOnFailure: true });
  });

  /** Fields that refuse the text are left out the next time, so that those which take it are met. */
  async function tripped(target: Target, text: string): Promise<void> {
    const refusing = new Set<string>();
    for (let known = -1; known < refusing.size;) {
      known = refusing.size;
      const { body } = await mayRefuse(textAttack(target, text, refusing));
      for (const { pointer } of body?.errors ?? []) refusing.add(pointer);
      refusing.delete("");
    }
  }

  async function mayRefuse(attack: Attack): Promise<Told> {
    const before = await rowCounts();
    const answer = await send(attack);
    if (!attack.refused && answer.status >= 200 && answer.status < 300) return answer;
    expect(whyNotRefusal(operation, answer), attack.what).toEqual([]);
    expect(await rowCounts(), attack.what).toEqual(before);
    return answer;
  }
});

function keyFor({ audience }: Operation, { operator, secret }: Player): string | null {
  if (audience === "public") return null;
  return audience === "operator" ? operator : secret;
}

/** What is wrong with a refusal: it must be one, and tell what happened, what to do and whom to ask, and nothing of our insides. */
function whyNotRefusal({ responses }: Operation, { status, headers, text, body }: Told): string[] {
  if (status < 400 || status > 499) return [`${status} ${text.slice(0, 300)}`];
  const { code, title, detail, fix, type, request_id: requestId } = body ?? {};
  const told = Object.entries({ title, detail, fix, type }).filter(([, said]) => typeof said !== "string" || said === "");
  const declared = [...(responses[status]?.["x-codes"] ?? []), "route_not_found"];
  return [
    ...(headers.get("content-type") === "application/problem+json" ? [] : [`content type ${headers.get("content-type")}`]),
    ...told.map(([name]) => `no ${name}`),
    ...(declared.includes(code) ? [] : [`${code} is not documented for ${status}`]),
    ...(body?.status === status ? [] : [`status ${body?.status}`]),
    ...(requestId?.startsWith("req_") && requestId === headers.get("x-request-id") ? [] : [`request id ${requestId}`]),
    ...(/SQLITE|D1_ERROR|node_modules|\.ts:\d|\n {4}at /.test(text) ? [`insides: ${text.slice(0, 300)}`] : []),
    ...(text.length > 32_768 ? [`${text.length} characters`] : []),
  ];
}
