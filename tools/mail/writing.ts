import { mkdtemp, rm, writeFile } from "node:fs/promises";
import path from "node:path";
import { pathToFileURL } from "node:url";
import { build } from "esbuild";

/** Where what the templates make is kept, so that no React is in what the edge runs. */
export const WRITTEN_FILE = path.join(import.meta.dirname, "..", "..", "workers", "mail", "written.ts");

const HEAD = `// Made by \`npm run build:mail\` from the templates in mail/. Do not edit.
import type { MailLocale, NoticeKind } from "#rules/mail/kinds";

/** One mail in one language, with its placeholders: the words alone, to be put into the frame. */
export type Written = { subject: string; html: string; text: string };

/** What is around the words: HTML before and behind them, and what follows the text. */
export type WrittenFrame = { before: string; behind: string; text: string };
`;

/** The text of that file as the templates are now. */
export async function writtenMail(root: string): Promise<string> {
  const folder = await mkdtemp(path.join(root, "node_modules", ".mail-"));
  try {
    const { outputFiles } = await build({
      entryPoints: [path.join(root, "mail", "written.tsx")],
      bundle: true,
      write: false,
      format: "esm",
      platform: "node",
      jsx: "automatic",
      external: ["react", "react-dom", "@react-email/*"],
    });
    const file = path.join(folder, "written.mjs");
    await writeFile(file, outputFiles[0]?.text ?? "");
    const module: { writeAll: () => Promise<{ frames: unknown; mails: unknown }> } = await import(pathToFileURL(file).href);
    const { frames, mails } = await module.writeAll();
    return `${HEAD}
export const FRAMES: Record<MailLocale, WrittenFrame> = ${JSON.stringify(frames, null, 2)};

export const MAILS: Record<NoticeKind, Record<MailLocale, Written>> = ${JSON.stringify(mails, null, 2)};
`;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
