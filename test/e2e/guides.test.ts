import { spawn } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { root } from "../../tools/start/home.ts";
import { installation } from "./installation.ts";
import { snippetsIn, whyNotShown, type Snippet } from "./snippets.ts";

const guides = path.join(root, "docs/guides");

let installed: Awaited<ReturnType<typeof installation>>;
beforeAll(async () => {
  installed = await installation("guides");
});
afterAll(() => installed?.stop());

test.each(readdirSync(guides).filter((file) => file.endsWith(".md")))(
  "%s: its snippets run, one after the other, and answer as it shows",
  async (guide) => {
    const snippets = snippetsIn(readFileSync(path.join(guides, guide), "utf8"));
    const running = snippets.filter(({ runs }) => runs);
    expect(running.length, "a guide has something to try").toBeGreaterThan(0);
    const folder = path.join(installed.folder, "guides", path.basename(guide, ".md"));
    const status = await runAll(running, folder);

    for (const [index, { line, shell, shown }] of running.entries()) {
      const said = (name: string) => {
        const file = path.join(folder, `${index}.${name}`);
        return existsSync(file) ? readFileSync(file, "utf8") : "";
      };
      const where = `docs/guides/${guide}:${line}\n${shell}\n${said("err")}`;
      expect(said("done"), `${where}\nended with ${status}:\n${said("out")}`).toBe("done\n");
      if (shown) expect(whyNotShown(shown, said("out")), `${where}\nanswered\n${said("out")}`).toEqual([]);
    }
  },
);

/** Runs snippets in one shell that ends with the first one that fails. Each leaves what it said, and whether it came to its end. */
async function runAll(snippets: readonly Snippet[], folder: string): Promise<number | null> {
  mkdirSync(folder, { recursive: true });
  const script = snippets.map(({ shell, until }, index) => {
    const file = path.join(folder, String(index));
    writeFileSync(`${file}.sh`, `${shell}\n`);
    const run = `source '${file}.sh' > '${file}.out' 2> '${file}.err'`;
    return `${until === null ? run : untilSaid(until, run, file)}\necho done > '${file}.done'\n`;
  });
  writeFileSync(path.join(folder, "all.sh"), `set -eo pipefail\n${script.join("")}`);
  const env = { ...process.env, LATCHKEY_HOME: installed.folder };
  const shell = spawn("bash", [path.join(folder, "all.sh")], { cwd: root, env, stdio: "ignore" });
  return new Promise((resolve) => shell.once("close", resolve));
}

/** Runs a program in a group of its own, and ends it as Ctrl-C does when it has said something; after half a minute in any case. */
const untilSaid = (text: string, run: string, file: string) => `set -m
( ${run} ) &
for try in $(seq 300); do grep -qs '${text}' '${file}.out' && break; sleep 0.1; done
kill -INT -- -$!
wait $! || true
set +m`;
