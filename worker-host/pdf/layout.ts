import type { Ink } from "./brand.ts";
import type { Row, Sheet, Sum } from "./content.ts";
import { type Branch, PAGE, Paper, type Type } from "./paper.ts";

const GREY = "#6b7280";
const HAIRLINE = "#d1d5db";
const SHADE = "#f3f4f6";

const BODY: Type = { size: 9 };
const STRONG: Type = { size: 9, weight: "bold" };
const SMALL: Type = { size: 7.5, color: GREY };
const LABEL: Type = { size: 7.5, weight: "bold", color: GREY };

/** From baseline to baseline. */
const LEADING = 13;
const SMALL_LEADING = 10.5;

/** Puts a sheet on as many pages as it takes. */
export function layOut(paper: Paper, sheet: Sheet, ink: Ink): void {
  new Layout(paper, sheet, ink).run();
}

/** A line of a row: what stands in each of its columns. */
type RowLine = { texts: Partial<Record<ColumnName, { text: string; type: Type }>>; height: number };

type ColumnName = "description" | "quantity" | "unitPrice" | "tax" | "amount";

/** `edge`: where the texts of a column begin, or end where it is one of figures. */
type Column = { name: ColumnName; edge: number; room: number; align: "left" | "right" };

const GAP = 14;

/** Where a page begins that is not the first, and how high the heads of the columns are. */
const SECOND_TOP = PAGE.top + 6;
const HEAD_HEIGHT = 25;

class Layout {
  readonly #paper: Paper;
  readonly #sheet: Sheet;
  readonly #ink: Ink;
  readonly #columns: Column[];
  /** where the next thing goes, from the top */
  #y = PAGE.top;

  constructor(paper: Paper, sheet: Sheet, ink: Ink) {
    this.#paper = paper;
    this.#sheet = sheet;
    this.#ink = ink;
    this.#columns = columnsOf(paper, sheet);
  }

  run(): void {
    this.#firstPage();
    this.#head();
    this.#parties();
    this.#table();
    this.#sums();
    for (const section of this.#sheet.sections) this.#section(section);
    this.#paper.onEachPage((page, of) => this.#foot(page, of));
  }

  #firstPage(): void {
    this.#paper.addPage();
    this.#paper.artifact("Layout", () => this.#paper.bar(0, 0, PAGE.width, 7, this.#ink.accent));
  }

  /** Goes on on a new page, whose head says of what it is the continuation. */
  #nextPage(): void {
    this.#firstPage();
    const { wordmark, continued } = this.#sheet;
    const half = (PAGE.right - PAGE.left - GAP) / 2;
    const left: Type = { size: 9, weight: "bold", color: this.#ink.text };
    this.#paper.artifact("Pagination", () => {
      this.#paper.say(this.#paper.wrap(wordmark, half, left)[0] ?? "", PAGE.left, 42, left);
      this.#paper.say(this.#paper.wrap(continued, half, SMALL)[0] ?? "", PAGE.right, 42, { ...SMALL, align: "right" });
    });
    this.#y = SECOND_TOP;
  }

  #makeRoom(height: number): void {
    if (this.#y + height > PAGE.bottom) this.#nextPage();
  }

  #head(): void {
    const { wordmark, title, headline, subline } = this.#sheet;
    const titleType: Type = { size: 20, weight: "bold" };
    const room = PAGE.right - PAGE.left - this.#paper.width(title, titleType) - 2 * GAP;
    this.#lines("P", wordmark, PAGE.left, room, { size: 14, weight: "bold", color: this.#ink.text }, 19, () => {
      const heading = this.#paper.branch(this.#paper.root, "H1");
      this.#paper.mark(heading, () => this.#paper.say(title, PAGE.right, this.#y + 14, { ...titleType, align: "right" }));
    });
    this.#y += 18;
    this.#lines("H2", headline, PAGE.left, PAGE.right - PAGE.left, { size: 13, weight: "bold" }, 18);
    if (subline !== null) this.#lines("P", subline, PAGE.left, PAGE.right - PAGE.left, BODY, LEADING);
    this.#y += 10;
  }

  /** A text that may take several lines, beginning at the current place. `before` paints what stands beside its first line. */
  #lines(tag: string, text: string, x: number, room: number, type: Type, leading: number, before?: () => void): void {
    before?.();
    const branch = this.#paper.branch(this.#paper.root, tag);
    for (const line of this.#paper.wrap(text, room, type)) {
      this.#makeRoom(leading);
      this.#y += leading;
      const baseline = this.#y - leading * 0.28;
      this.#paper.mark(branch, () => this.#paper.say(line, x, baseline, type));
    }
  }

  /** Seller, buyer and the facts stand beside each other. */
  #parties(): void {
    const top = this.#y;
    const room = 138;
    let bottom = top;
    for (const [index, party] of this.#sheet.parties.entries()) {
      this.#y = top;
      const x = PAGE.left + index * (room + GAP);
      this.#lines("P", party.label, x, room, LABEL, LEADING);
      this.#lines("P", party.name, x, room, STRONG, LEADING);
      for (const line of party.lines) this.#lines("P", line, x, room, BODY, LEADING);
      bottom = Math.max(bottom, this.#y);
    }
    this.#y = top;
    this.#facts(PAGE.left + this.#sheet.parties.length * (room + GAP));
    this.#y = Math.max(bottom, this.#y) + 22;
  }

  #facts(x: number): void {
    const paper = this.#paper;
    const table = paper.branch(paper.root, "Table");
    const widest = Math.max(...this.#sheet.facts.map(({ label }) => paper.width(label, BODY)));
    const labelRoom = Math.min(widest + 0.01, (PAGE.right - x) * 0.5);
    const valueRoom = PAGE.right - x - labelRoom - 10;
    for (const { label, value } of this.#sheet.facts) {
      const row = paper.branch(table, "TR");
      const labels = paper.wrap(label, labelRoom, { ...BODY, color: GREY });
      const values = paper.wrap(value, valueRoom, BODY);
      const top = this.#y;
      const set = (lines: string[], cell: Branch, left: number, type: Type) =>
        paper.mark(cell, () => {
          for (const [index, line] of lines.entries()) paper.say(line, left, top + (index + 1) * LEADING - 3.6, type);
        });
      set(labels, paper.branch(row, "TH", "Row"), x, { ...BODY, color: GREY });
      set(values, paper.branch(row, "TD"), PAGE.right - valueRoom, BODY);
      this.#y = top + Math.max(labels.length, values.length) * LEADING;
    }
  }

  #table(): void {
    const paper = this.#paper;
    const table = paper.branch(paper.root, "Table");
    this.#makeRoom(80);
    const head = paper.branch(paper.branch(table, "THead"), "TR");
    this.#tableHead((name, paint) => paper.mark(paper.branch(head, "TH", "Column"), paint));
    const body = paper.branch(table, "TBody");
    for (const row of this.#sheet.rows) this.#row(row, body);
  }

  /** The heads of the columns; `mark` says how each of them belongs to the document. */
  #tableHead(mark: (name: ColumnName, paint: () => void) => void): void {
    const baseline = this.#y + 13;
    const top = this.#y;
    this.#paper.artifact("Layout", () => this.#paper.bar(PAGE.left, top, PAGE.right - PAGE.left, 19, SHADE));
    for (const column of this.#columns)
      mark(column.name, () =>
        this.#paper.say(this.#sheet.columns[column.name], column.edge, baseline, {
          ...LABEL,
          color: "#374151",
          align: column.align,
        }),
      );
    this.#y += HEAD_HEIGHT;
  }

  /** A row stays together where it can; what is longer than a page goes on on the next. */
  #row(row: Row, body: Branch): void {
    const paper = this.#paper;
    const branch = paper.branch(body, "TR");
    const cells = new Map(this.#columns.map((column) => [column.name, paper.branch(branch, "TD")]));
    let lines = rowLines(paper, row, this.#columns);
    const height = heightOf(lines);
    const fitsElsewhere = height <= PAGE.bottom - SECOND_TOP - HEAD_HEIGHT;
    if (this.#y + height > PAGE.bottom && fitsElsewhere) this.#nextTablePage();
    while (lines.length > 0) {
      const fitting = countFitting(lines, PAGE.bottom - this.#y);
      this.#rowPart(lines.slice(0, fitting), cells);
      lines = lines.slice(fitting);
      if (lines.length > 0) this.#nextTablePage();
    }
    this.#y += 4;
    const rule = this.#y;
    paper.artifact("Layout", () => paper.bar(PAGE.left, rule, PAGE.right - PAGE.left, 0.5, HAIRLINE));
    this.#y += 5;
  }

  #nextTablePage(): void {
    this.#nextPage();
    this.#tableHead((_, paint) => this.#paper.artifact("Pagination", paint));
  }

  #rowPart(lines: readonly RowLine[], cells: ReadonlyMap<ColumnName, Branch>): void {
    const top = this.#y;
    for (const column of this.#columns) {
      const cell = cells.get(column.name);
      if (cell === undefined || !lines.some(({ texts }) => texts[column.name])) continue;
      this.#paper.mark(cell, () => {
        let y = top;
        for (const { texts, height } of lines) {
          y += height;
          const said = texts[column.name];
          if (said) this.#paper.say(said.text, column.edge, y - height * 0.28, { ...said.type, align: column.align });
        }
      });
    }
    this.#y = top + heightOf(lines);
  }

  /** The sums stay together, at the right. */
  #sums(): void {
    const paper = this.#paper;
    const left = PAGE.left + 215;
    const valueRoom = Math.max(...this.#sheet.sums.map((sum) => paper.width(sum.value, sumType(sum)))) + GAP;
    const wrapped = this.#sheet.sums.map((sum) => ({
      sum,
      labels: paper.wrap(sum.label, PAGE.right - 6 - left - valueRoom, sumType(sum)),
    }));
    const height = ({ sum, labels }: (typeof wrapped)[number]) => labels.length * LEADING + (sum.weight === "plain" ? 4 : 12);
    this.#y += 4;
    this.#makeRoom(
      Math.min(
        wrapped.reduce((all, each) => all + height(each), 0),
        PAGE.bottom - PAGE.top - 20,
      ),
    );
    const table = paper.branch(paper.root, "Table");
    for (const each of wrapped) {
      this.#makeRoom(height(each));
      this.#sum(each.sum, each.labels, left, table);
      this.#y += height(each);
    }
    this.#y += 14;
  }

  #sum(sum: Sum, labels: readonly string[], left: number, table: Branch): void {
    const paper = this.#paper;
    const type = sumType(sum);
    const top = this.#y + (sum.weight === "plain" ? 0 : 5);
    const baseline = (index: number) => top + (index + 1) * LEADING - 2.5;
    if (sum.weight === "due")
      paper.artifact("Layout", () =>
        paper.bar(left - 8, this.#y + 1, PAGE.right - left + 8, labels.length * LEADING + 10, SHADE),
      );
    if (sum.weight === "total")
      paper.artifact("Layout", () => paper.bar(left - 8, this.#y + 1, PAGE.right - left + 8, 1, this.#ink.accent));
    const row = paper.branch(table, "TR");
    paper.mark(paper.branch(row, "TH", "Row"), () => {
      for (const [index, label] of labels.entries()) paper.say(label, left, baseline(index), type);
    });
    paper.mark(paper.branch(row, "TD"), () =>
      paper.say(sum.value, PAGE.right - 6, baseline(0), { ...type, align: "right", color: INK }),
    );
  }

  #section({ title, lines }: Sheet["sections"][number]): void {
    // a heading alone at the foot of a page heads nothing
    this.#makeRoom(3 * LEADING);
    this.#lines("H2", title, PAGE.left, PAGE.right - PAGE.left, LABEL, LEADING);
    for (const line of lines) this.#lines("P", line, PAGE.left, PAGE.right - PAGE.left, BODY, LEADING);
    this.#y += 8;
  }

  #foot(page: number, of: number): void {
    const paper = this.#paper;
    const room = PAGE.right - PAGE.left;
    paper.artifact("Pagination", () => {
      const count = this.#sheet.page(page, of);
      const lines = this.#sheet.footer.flatMap((line) => paper.wrap(line, room - 70, { ...SMALL, size: 7 })).slice(0, 4);
      paper.bar(PAGE.left, 785, room, 0.5, HAIRLINE);
      for (const [index, line] of lines.entries()) paper.say(line, PAGE.left, 797 + index * 9.5, { ...SMALL, size: 7 });
      paper.say(count, PAGE.right, 797, { ...SMALL, size: 7, align: "right" });
    });
  }
}

const INK = "#111827";

function sumType({ weight }: Sum): Type {
  if (weight === "due") return { size: 11, weight: "bold", color: INK };
  return weight === "total" ? { size: 10, weight: "bold", color: INK } : { size: 9, color: "#374151" };
}

/** Figures take what room they need, and the description what they leave. */
function columnsOf(paper: Paper, sheet: Sheet): Column[] {
  const wanted = (name: ColumnName) => {
    const head = paper.width(sheet.columns[name], LABEL);
    const widest = sheet.rows.reduce((width, row) => Math.max(width, paper.width(row[name], BODY)), head);
    return Math.min(widest, 130);
  };
  const columns: Column[] = [];
  let edge = PAGE.right - 6;
  for (const name of ["amount", "tax", "unitPrice", "quantity"] as const) {
    const room = wanted(name);
    columns.unshift({ name, edge, room, align: "right" });
    edge -= room + GAP;
  }
  return [{ name: "description", edge: PAGE.left + 6, room: Math.max(edge - PAGE.left - 6, 60), align: "left" }, ...columns];
}

/** The lines of a row: the columns fill them from the top, each with as many as it takes. */
function rowLines(paper: Paper, row: Row, columns: readonly Column[]): RowLine[] {
  const roomOf = (name: ColumnName) => columns.find((column) => column.name === name)?.room ?? 0;
  const first = zip(paper, columns, {
    description: row.description,
    quantity: row.quantity,
    unitPrice: row.unitPrice,
    tax: row.tax,
    amount: row.amount,
  });
  const { discount } = row;
  const second = discount === null ? [] : zip(paper, columns, { description: discount.label, amount: discount.amount });
  const small = row.small.flatMap((text) => paper.wrap(text, roomOf("description"), SMALL));
  return [
    ...first,
    ...second,
    ...small.map((text): RowLine => ({ texts: { description: { text, type: SMALL } }, height: SMALL_LEADING })),
  ];
}

function zip(paper: Paper, columns: readonly Column[], texts: Partial<Record<ColumnName, string>>): RowLine[] {
  const wrapped = columns.map(({ name, room }) => ({ name, lines: paper.wrap(texts[name] ?? "", room + 0.01, BODY) }));
  const depth = Math.max(...wrapped.map(({ lines }) => lines.length));
  return Array.from({ length: depth }, (_, index) => ({
    texts: Object.fromEntries(
      wrapped.flatMap(({ name, lines }) => {
        const text = lines[index];
        return text ? [[name, { text, type: BODY }]] : [];
      }),
    ),
    height: LEADING,
  }));
}

function heightOf(lines: readonly RowLine[]): number {
  return lines.reduce((height, line) => height + line.height, 0);
}

/** How many of the lines fit; at least one, so that it ends. */
function countFitting(lines: readonly RowLine[], room: number): number {
  let used = 0;
  const index = lines.findIndex(({ height }) => (used += height) > room);
  return index === -1 ? lines.length : Math.max(index, 1);
}
