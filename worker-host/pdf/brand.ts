/** How a tenant looks on its documents. */
export type Brand = {
  /** stands at the head; mostly shorter than the seller's legal name */
  name: string;
  /** #rrggbb */
  color: string;
  /** one line at the foot of every page */
  footer: string | null;
};

/** The ink of a brand: `accent` is its color, `text` a shade of it that can be read on white. */
export type Ink = { accent: string; text: string };

const DARK = "#1f2937";

/** A color that is none, or too pale to be read, does not get near text. */
export function inkOf(color: string): Ink {
  if (!/^#[0-9a-f]{6}$/i.test(color)) return { accent: DARK, text: DARK };
  return { accent: color, text: contrastWithWhite(color) >= 4.5 ? color : DARK };
}

/** WCAG 2: 4.5 is what text needs. */
function contrastWithWhite(color: string): number {
  const [r = 0, g = 0, b = 0] = [1, 3, 5]
    .map((at) => Number.parseInt(color.slice(at, at + 2), 16) / 255)
    .map((part) => (part <= 0.03928 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4));
  return 1.05 / (0.2126 * r + 0.7152 * g + 0.0722 * b + 0.05);
}
