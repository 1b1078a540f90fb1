import { rmSync } from "node:fs";
import { hasValidCheck, normalForm } from "#rules/licensing/keys";
import { fingerprintDigest, thumbprint } from "../verifier/crypto.ts";
import { makeReceipt, makeRequest } from "../verifier/device.ts";
import { type Asked, Refusal, type Terminal, countersOf, partsOf, readText } from "./asked.ts";
import { claimsIn, folderAt, writeWhole } from "./folder.ts";

/** Where a device keeps its files unless it is told otherwise. */
export const FOLDER = "latchkey-offline";

/** Writes the request for a license file. The license key comes by standard input or from a file, and goes nowhere. */
export async function request(asked: Asked, terminal: Terminal, now: number): Promise<void> {
  const tenant = asked.needed("tenant", "say whose license it is (ten_…)");
  const product = asked.needed("product", "say for which product (prod_…)");
  const fingerprint = asked.needed("fingerprint", "give what the program takes for the fingerprint of this device");
  const [components, counters] = [partsOf(asked.texts("component")), countersOf(asked.texts("counter"))];
  const folder = folderAt(asked.text("folder") ?? FOLDER);
  const held = folder.license();
  const refresh = asked.flag("refresh");
  if (refresh && held === undefined)
    throw new Refusal(
      "There is no license file in the folder that could be refreshed. Leave --refresh out to activate this device.",
    );

  const imported = asked.flag("imported");
  const licenseKey = await licenseKeyOf(asked, terminal, imported);
  const { key: deviceKey, made } = await folder.ownKey();
  if (made) terminal.tell("Made a key for this device. It stays in the folder, and only you can read it.");
  const text = await makeRequest({
    tenant,
    product,
    licenseKey,
    imported,
    fingerprint,
    components,
    counters,
    deviceKey,
    now,
    action: refresh ? "refresh" : "activate",
    lastSeq: held === undefined ? 0 : claimsIn(held).seq,
    name: asked.text("name") ?? null,
    platform: asked.text("platform") ?? null,
    appVersion: asked.text("app-version") ?? null,
    user: asked.text("user") ?? null,
  });
  folder.keepRequest(text);
  const out = asked.text("out");
  if (out === undefined) return terminal.out(`${text}\n`);
  writeWhole(out, text);
  terminal.tell(
    `Wrote the request to ${out}. Carry it to a machine with a network, and give it to POST /v1/activations/offline_activate.`,
  );
}

async function licenseKeyOf(asked: Asked, terminal: Terminal, imported: boolean): Promise<string> {
  const file = asked.text("key-file");
  const text = file === undefined ? await terminal.secret("License key: ") : readText(file, "the license key");
  const key = text.trim();
  if (key === "") throw new Refusal("No license key came. Type it, send it by standard input, or name a file with --key-file.");
  // twenty characters are a key of the usual form, and its last one checks the others
  const usual = normalForm(key)?.replaceAll("-", "").length === 20;
  if (!imported && usual && !hasValidCheck(key))
    throw new Refusal(
      "The license key has a typing error: its last character does not fit the others. Check it; with --imported it is taken as it is, for keys that were not made by Latchkey.",
    );
  return key;
}

/** Gives the seat back: deletes the license file and writes the receipt for the server. */
export async function deactivate(asked: Asked, terminal: Terminal, now: number): Promise<void> {
  const fingerprint = asked.needed("fingerprint", "give the fingerprint that the license file was made for");
  const counters = countersOf(asked.texts("counter"));
  const out = asked.needed("out", "say where the receipt is to be written: it is what frees the seat");
  const place = asked.text("folder") ?? FOLDER;
  const folder = folderAt(place);
  const [held, deviceKey] = [folder.license(), folder.deviceKey()];
  if (held === undefined || deviceKey === undefined)
    throw new Refusal(`There is no license file with its device key in ${place}. Name the folder with --folder.`);
  const claims = claimsIn(held);
  if (claims.dev.key !== (await thumbprint(deviceKey.x)))
    throw new Refusal("The license file is for another device key than the one in the folder. Deactivate it on its own device.");
  if (claims.dev.fp !== (await fingerprintDigest(claims.iss, fingerprint)) && claims.dev.k === null)
    throw new Refusal("The license file is for another fingerprint. Give the one that it was made for.");

  const receipt = await makeReceipt({ claims, fingerprint, deviceKey, now, counters });
  // first it is safe beside the files, then these go, then it is there: whenever this is cut short, the seat is not lost
  const safe = `${out}.before-deletion`;
  writeWhole(safe, receipt);
  const seen = folder.state() ?? {};
  folder.forgetLicense({ ...EMPTY, ...seen, files: { ...seen.files, [claims.act]: claims.seq + 1 } });
  writeWhole(out, receipt);
  rmSync(safe);
  terminal.tell(
    `The license file is deleted. Carry ${out} to a machine with a network, and give it to POST /v1/activations/offline_deactivate.`,
  );
}

const EMPTY = { keyset_seq: 0, files: {}, newest_iat: 0, highest_time: 0, status: null };
