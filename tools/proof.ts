import { proveCrashes } from "./proof/crashes.ts";
import { proveImport } from "./proof/import.ts";
import { proveLimits } from "./proof/limits.ts";
import { proveMutatedFiles } from "./proof/mutated-files.ts";
import { proveQuotas } from "./proof/quotas.ts";
import { proveSeats } from "./proof/seats.ts";
import { proveStaleness } from "./proof/staleness.ts";
import { proveVerifiersAgree } from "./proof/verifiers-agree.ts";
import { proveWebhooks } from "./proof/webhooks.ts";
import { sayTo } from "./say.ts";

/** What is too long for the tests: run by hand, each writes what it measured to `docs/proofs/`. */
const proofs = {
  crashes: proveCrashes,
  import: proveImport,
  limits: proveLimits,
  "mutated-files": proveMutatedFiles,
  quotas: proveQuotas,
  seats: proveSeats,
  staleness: proveStaleness,
  "verifiers-agree": proveVerifiersAgree,
  webhooks: proveWebhooks,
};
const say = sayTo(process.stdout);
const wanted = process.argv.slice(2);
const unknown = wanted.find((name) => !(name in proofs));

if (unknown !== undefined || wanted.length === 0) {
  say.line(
    `${unknown === undefined ? "Name a proof" : `There is no proof ${unknown}`}. Run: npm run proof -- ${Object.keys(proofs).join(" | ")}`,
  );
  process.exitCode = 2;
} else {
  for (const [name, prove] of Object.entries(proofs)) {
    if (!wanted.includes(name)) continue;
    say.line(`\n${name}`);
    await prove(say);
  }
}
