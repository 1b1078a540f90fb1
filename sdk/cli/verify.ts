import { isBase64url } from "#rules/licensing/olp/base64url";
import { createVerifier } from "../verifier/verify.ts";
import { type Asked, Refusal, type Terminal, Usage, partsOf, readMessageText, readText } from "./asked.ts";
import { folderAt } from "./folder.ts";
import { asJson, inWords } from "./words.ts";

/** Checks a license file as a program would. True where the file is genuine and the license valid. */
export async function verify(asked: Asked, terminal: Terminal, now: number): Promise<boolean> {
  const [file, ...more] = asked.positionals;
  if (file === undefined || more.length > 0) throw new Usage("Name one license file to check.");
  const roots = asked.texts("roots").flatMap((each) => each.split(","));
  if (roots.length === 0) throw new Usage("--roots is missing: give the public halves of the vendor's roots, joined by commas.");
  const wrong = roots.find((root: unknown) => !isBase64url(root, 32));
  if (wrong !== undefined) throw new Usage(`--roots takes public keys of 43 characters in base64url, and «${wrong}» is none.`);
  const trust = {
    tenant: asked.needed("tenant", "say who signs (ten_…)"),
    product: asked.needed("product", "say what the program is (prod_…)"),
    roots,
  };
  const place = asked.text("folder");
  const keep = asked.flag("keep");
  if (keep && place === undefined) throw new Usage("--keep takes the file into a folder: name it with --folder.");

  const folder = place === undefined ? undefined : folderAt(place);
  const text = readText(file, "the license file");
  const [keyset, status] = ["keyset", "status"].map((name) => messageOf(asked, name));
  // the file that is kept already is no answer to a request that waits for the next one
  const awaited = folder?.license() === text.replace(/\n$/, "") ? undefined : folder?.request();
  const verdict = await createVerifier(trust).verify(text, {
    now: nowOf(asked) ?? now,
    state: folder?.state(),
    fingerprint: asked.text("fingerprint"),
    components: partsOf(asked.texts("component")),
    deviceKey: folder?.deviceKey()?.x,
    request: awaited,
    keyset,
    status,
    version: asked.text("version"),
    features: asked.texts("feature"),
    product: asked.text("named"),
    user: asked.text("user"),
    domain: asked.text("domain"),
  });
  terminal.out(asked.flag("json") ? asJson(verdict) : inWords(verdict));
  if (verdict.code !== "OK") return false;
  if (keep && folder) {
    folder.keepLicense(text.replace(/\n$/, ""), verdict.state);
    terminal.tell(`Kept in ${place}: the file, and what was seen of it.`);
  }
  return verdict.decision.valid;
}

function messageOf(asked: Asked, name: string): string | undefined {
  const file = asked.text(name);
  return file === undefined ? undefined : readMessageText(file, `the ${name}`);
}

/** Another time than now, for looking ahead. */
function nowOf(asked: Asked): number | undefined {
  const text = asked.text("at");
  if (text === undefined) return undefined;
  const at = new Date(text).getTime();
  if (Number.isNaN(at)) throw new Usage(`--at takes an instant such as 2027-01-31T12:00:00Z, and «${text}» is none.`);
  if (asked.flag("keep")) throw new Refusal("What is kept is what was seen at this time: leave --at or --keep out.");
  return Math.floor(at / 1000);
}
