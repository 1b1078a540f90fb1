import { type Asked, type Options, Refusal, type Terminal, Usage, readAsked } from "./asked.ts";
import { FOLDER, deactivate, request } from "./device.ts";
import { makeRoots, signKeyset } from "./keys.ts";
import { verify } from "./verify.ts";

/** One thing that the program does. False = it was done, and the answer is no. */
type Command = {
  does: string;
  usage: string;
  options: Options;
  positionals?: number;
  run(asked: Asked, terminal: Terminal, now: number): Promise<boolean | void>;
};

const COMMANDS: Record<string, Command> = {
  "keys new": {
    does: "make the two roots of a vendor, to be kept offline",
    usage: `latchkey offline keys new --out FOLDER

  --out FOLDER     where root-current.json and root-next.json go; both can be read by you alone
  --only next      make one root, the one to come after a promotion

Prints the public halves as PUT /v1/offline/roots takes them. Embed both in your programs from the first day.`,
    options: { out: "text", only: "text" },
    run: makeRoots,
  },
  "keys sign": {
    does: "sign the draft of a keyset with a root",
    usage: `latchkey offline keys sign --root FILE --draft FILE [--out FILE]

  --root FILE      the root that signs, as «keys new» wrote it
  --draft FILE     the answer of GET /v1/offline/keyset/draft
  --out FILE       where the signed keyset goes; standard output without it
  --tenant ID      refuse a draft of another tenant

Shows what is signed. Publish it with PUT /v1/offline/keyset.`,
    options: { root: "text", draft: "text", out: "text", tenant: "text" },
    run: signKeyset,
  },
  request: {
    does: "ask for a license file, on the device that needs it",
    usage: `latchkey offline request --tenant ID --product ID --fingerprint TEXT [--out FILE]

The license key is asked for, read from standard input, or from a file; it is never an argument, and it is not in the request.

  --key-file FILE           read the license key from a file
  --imported                the license key was not made by Latchkey: it is taken exactly as it is
  --component KIND=HASH     a part of the device; may be said several times
  --refresh                 ask for a newer file instead of a first one
  --counter FEATURE=UNITS   what was used under the file that is there; may be said several times
  --name, --platform, --app-version, --user   what the device tells of itself
  --folder FOLDER           where the device keeps its files (${FOLDER})
  --out FILE                where the request goes; standard output without it`,
    options: {
      tenant: "text",
      product: "text",
      fingerprint: "text",
      component: "texts",
      counter: "texts",
      "key-file": "text",
      imported: "flag",
      refresh: "flag",
      name: "text",
      platform: "text",
      "app-version": "text",
      user: "text",
      folder: "text",
      out: "text",
    },
    run: request,
  },
  verify: {
    does: "check a license file as a program would",
    usage: `latchkey offline verify FILE --tenant ID --product ID --roots X,X --fingerprint TEXT

Ends with 0 where the license may be used, with 1 where it may not, with 2 where the command was not understood.

  --roots X,X               public halves of the vendor's roots
  --component KIND=HASH     a part of the device; may be said several times
  --folder FOLDER           check against the device key, the request that waits and what was seen before
  --keep                    take a genuine file into the folder, and what was seen of it
  --keyset FILE, --status FILE   a newer keyset or status list than the file's
  --version V, --feature F, --user U, --domain D   what the program would ask with; --feature may be said several times
  --named PRODUCT           the product as the program names it, by id or code
  --at INSTANT              look ahead, to another time than now
  --json                    the verdict as JSON`,
    options: {
      tenant: "text",
      product: "text",
      roots: "texts",
      fingerprint: "text",
      component: "texts",
      folder: "text",
      keep: "flag",
      keyset: "text",
      status: "text",
      version: "text",
      feature: "texts",
      user: "text",
      domain: "text",
      named: "text",
      at: "text",
      json: "flag",
    },
    positionals: 1,
    run: verify,
  },
  deactivate: {
    does: "give the seat back: delete the license file, write the receipt",
    usage: `latchkey offline deactivate --fingerprint TEXT --out FILE

  --fingerprint TEXT        the fingerprint that the license file was made for
  --counter FEATURE=UNITS   what was used under the file; may be said several times
  --folder FOLDER           where the device keeps its files (${FOLDER})
  --out FILE                where the receipt goes; POST /v1/activations/offline_deactivate frees the seat by it`,
    options: { fingerprint: "text", counter: "texts", folder: "text", out: "text" },
    run: deactivate,
  },
};

const OVERVIEW = `Licenses without a network (OLP-1). No account and no connection is needed.

${Object.entries(COMMANDS)
  .map(([name, { does }]) => `  latchkey offline ${name.padEnd(11)} ${does}`)
  .join("\n")}

Each tells more with --help.`;

/** Runs a command line and says how it ended: 0 done or valid, 1 refused, 2 not understood. */
export async function main(args: string[], terminal: Terminal, now: number): Promise<number> {
  const [area, ...rest] = args;
  const name = [rest.slice(0, 2).join(" "), rest[0] ?? ""].find((each) => Object.hasOwn(COMMANDS, each)) ?? "";
  const command = COMMANDS[name];
  if (area !== "offline" || !command) return overview(args, terminal);
  const left = rest.slice(name.split(" ").length);
  try {
    if (left.includes("--help") || left.includes("-h")) {
      terminal.out(`${command.usage}\n`);
      return 0;
    }
    const asked = readAsked(left, command.options);
    // it is not repeated: it may be a license key, which no log is to hold
    if (asked.positionals.length > (command.positionals ?? 0)) throw new Usage("There is an argument too many.");
    return (await command.run(asked, terminal, now)) === false ? 1 : 0;
  } catch (error) {
    if (error instanceof Usage) terminal.tell(`${error.message}\n\n${command.usage}`);
    else if (error instanceof Refusal) terminal.tell(error.message);
    else throw error;
    return error instanceof Usage ? 2 : 1;
  }
}

function overview(args: string[], terminal: Terminal): number {
  const wants = args.length === 0 || args.some((each) => ["help", "--help", "-h"].includes(each));
  if (wants || (args.length === 1 && args[0] === "offline")) {
    terminal.out(`${OVERVIEW}\n`);
    return wants && args.length > 0 ? 0 : 2;
  }
  terminal.tell(`There is no such command.\n\n${OVERVIEW}`);
  return 2;
}
