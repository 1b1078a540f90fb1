import { Section, Text } from "@react-email/components";
import { Fragment, type ReactNode } from "react";
import type { Block } from "./words.ts";

const paragraph = { fontSize: "16px", lineHeight: "24px", color: "#1f2937", margin: "0 0 16px" };
const key = {
  fontFamily: "ui-monospace, Menlo, Consolas, monospace",
  fontSize: "20px",
  letterSpacing: "1px",
  color: "#111827",
  backgroundColor: "#f3f4f6",
  borderLeft: "4px solid {{ brand.color }}",
  padding: "16px",
  margin: "0 0 16px",
  wordBreak: "break-all" as const,
};

const keys = { ...key, fontSize: "15px", letterSpacing: "0" };

/** What a mail says, as HTML with its placeholders left in. */
export function Blocks({ blocks }: { blocks: readonly Block[] }): ReactNode {
  return blocks.map((block, index) => <Fragment key={index}>{shown(block)}</Fragment>);
}

function shown(block: Block): ReactNode {
  switch (block.kind) {
    case "paragraph":
      return <Text style={paragraph}>{block.text}</Text>;
    case "key":
      return (
        <Section>
          <Text style={key}>{"{{ license.key }}"}</Text>
        </Section>
      );
    case "keys":
      return (
        <Section>
          <Text style={keys}>{"{{ order.keys }}"}</Text>
        </Section>
      );
    case "if":
      return (
        <>
          {`{{#if ${block.name}}}`}
          <Blocks blocks={block.kept} />
          {block.otherwise ? "{{else}}" : ""}
          {block.otherwise ? <Blocks blocks={block.otherwise} /> : ""}
          {"{{/if}}"}
        </>
      );
  }
}

/** The same as plain text. */
export const textOf = (blocks: readonly Block[]): string =>
  blocks
    .map((block) => {
      if (block.kind === "paragraph") return `${block.text}\n\n`;
      if (block.kind === "key") return "    {{ license.key }}\n\n";
      if (block.kind === "keys") return "{{ order.keys }}\n\n";
      const otherwise = block.otherwise ? `{{else}}${textOf(block.otherwise)}` : "";
      return `{{#if ${block.name}}}${textOf(block.kept)}${otherwise}{{/if}}`;
    })
    .join("");
