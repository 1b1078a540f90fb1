#!/usr/bin/env node
import { createInterface } from "node:readline";
import { Writable } from "node:stream";
import { text as allOf } from "node:stream/consumers";
import type { Terminal } from "./asked.ts";
import { main } from "./commands.ts";

const terminal: Terminal = {
  out: (text) => void process.stdout.write(text),
  tell: (text) => void process.stderr.write(`${text}\n`),
  secret: async (prompt) => {
    if (!process.stdin.isTTY) return allOf(process.stdin);
    process.stderr.write(prompt);
    // what is typed is echoed into nothing
    const nowhere = new Writable({ write: (_chunk, _encoding, done) => done() });
    const lines = createInterface({ input: process.stdin, output: nowhere, terminal: true });
    const typed = await new Promise<string>((resolve) => {
      lines.once("line", resolve);
      lines.once("close", () => resolve(""));
    });
    lines.close();
    process.stderr.write("\n");
    return typed;
  },
};

process.exitCode = await main(process.argv.slice(2), terminal, Math.floor(Date.now() / 1000));
