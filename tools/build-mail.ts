/** Writes what the edge makes mails with from the templates in `mail/`: `npm run build:mail`. With `--check` it only says whether that is up to date. */
import { readFile, writeFile } from "node:fs/promises";
import { root } from "./start/home.ts";
import { WRITTEN_FILE, writtenMail } from "./mail/writing.ts";

const written = await writtenMail(root);
if (process.argv.includes("--check")) {
  const there = await readFile(WRITTEN_FILE, "utf8").catch(() => "");
  if (there !== written) {
    console.error("The mails in workers/mail/written.ts are not what mail/ says: run npm run build:mail");
    process.exitCode = 1;
  }
} else {
  await writeFile(WRITTEN_FILE, written);
  console.log(`wrote ${WRITTEN_FILE}`);
}
