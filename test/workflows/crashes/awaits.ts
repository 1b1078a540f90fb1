import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import ts from "typescript";

const WORKFLOWS = path.join(import.meta.dirname, "..", "..", "..", "workflows");

/** Every await of the stories' code, as `<function>/<what is awaited>`, with a number where a function awaits the same thing at several places. */
export function awaitsOfStories(): string[] {
  const files = readdirSync(WORKFLOWS, { recursive: true, encoding: "utf8" }).filter((file) => file.endsWith(".ts"));
  return files.flatMap((file) => withCrossings(readFileSync(path.join(WORKFLOWS, file), "utf8"), file, "").sites);
}

/**
 * Code in which each await says when it begins to wait and when it goes on: `await x` becomes `leave(id, await (enter(id), x))`. No await is added, so
 * the story takes the same turns; `crossing` is the module that hears of them.
 */
export function withCrossings(code: string, file: string, crossing: string): { code: string; sites: string[] } {
  const source = ts.createSourceFile(file, code, ts.ScriptTarget.Latest, true);
  const edits: { at: number; text: string }[] = [];
  const sites: string[] = [];
  const visit = (node: ts.Node, inside: string): void => {
    const within = nameOf(node) ?? inside;
    if (!ts.isAwaitExpression(node)) return ts.forEachChild(node, (child) => visit(child, within));
    const site = unused(`${within}/${awaited(node.expression)}`, sites);
    const id = JSON.stringify(site);
    sites.push(site);
    edits.push(
      { at: node.getStart(), text: `leaveAwait(${id}, ` },
      { at: node.expression.getStart(), text: `(enterAwait(${id}), ` },
    );
    ts.forEachChild(node, (child) => visit(child, within));
    edits.push({ at: node.expression.end, text: ")" }, { at: node.end, text: ")" });
  };
  visit(source, path.basename(file, ".ts"));
  if (sites.length === 0) return { code, sites };

  const parts: string[] = [`import { enterAwait, leaveAwait } from ${JSON.stringify(crossing)};\n`];
  let from = 0;
  for (const { at, text } of edits.toSorted((a, b) => a.at - b.at)) {
    parts.push(code.slice(from, at), text);
    from = at;
  }
  return { code: [...parts, code.slice(from)].join(""), sites };
}

function nameOf(node: ts.Node): string | undefined {
  return ts.isFunctionDeclaration(node) || ts.isMethodDeclaration(node) ? node.name?.getText() : undefined;
}

/** What an await waits for: the name of what is called, or the text as it stands. */
function awaited(expression: ts.Expression): string {
  if (!ts.isCallExpression(expression)) return expression.getText().replaceAll(/\s+/g, " ");
  const called = expression.expression;
  return ts.isPropertyAccessExpression(called) ? called.name.getText() : called.getText();
}

function unused(site: string, taken: readonly string[]): string {
  for (let n = 1; ; n++) {
    const name = n === 1 ? site : `${site}#${n}`;
    if (!taken.includes(name)) return name;
  }
}
