import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import path from "node:path";
import { promisify } from "node:util";
import { test as law } from "@fast-check/vitest";
import { expect, test } from "vitest";
import { enDocument } from "#rules/billing/en16931";
import { add, mul, ratio, sub, sum, toRational } from "#rules/rational";
import { inkOf } from "#host/pdf/brand";
import { ciiOf } from "#host/pdf/cii";
import { figure, fineMoney, longDate, money, percent } from "#host/pdf/figures";
import { renderDocument } from "#host/pdf/render";
import { finalDocuments } from "../rules/billing/generators.ts";
import { type Node, all, readXml, schemaErrors, texts } from "./pdf/invoice-xml.ts";
import { readPdf } from "./pdf/reading.ts";
import { brand, changeOfPlan, creditNote, documentOf, hashed, inclusive, line, manyLines, reverseCharge } from "./pdf/samples.ts";

/** As they were when they were first made: a document that was sent can be made again for ever. A change of these is a change of every document to come. */
const RECORDED = [
  "d3b1a1dbf3adaccc4afa99c910eb3d836b68a25b290d928cd055650ba9a300f9",
  "eaf21317bf2bcdf0e797b0dec7b510421a8337d5890b0484734aa2f08f37cd28",
];

test("the same document has the same bytes, as they were recorded, in another process, zone and language too", async () => {
  const here = await Promise.all(hashed.map(({ document, locale }) => renderDocument(document, brand, locale)));
  const { stdout } = await promisify(execFile)(process.execPath, [path.join(import.meta.dirname, "pdf/print-hashes.ts")], {
    env: { ...process.env, TZ: "Pacific/Auckland", LC_ALL: "de_DE.UTF-8", LANG: "ar_EG.UTF-8" },
  });

  expect(here.map(({ sha256 }) => sha256)).toEqual(RECORDED);
  expect(stdout.trim().split("\n")).toEqual(RECORDED);
  expect(here.map(({ pdf }) => createHash("sha256").update(pdf).digest("hex"))).toEqual(RECORDED);
});

test("another program reads what the document says, in its order, with its XML attached", async () => {
  const { pdf, xml } = await renderDocument(changeOfPlan, brand, "en");
  const read = await readPdf(pdf);

  const inOrder = [
    "Invoice",
    "Northlight",
    "€1,196.70 due by 30 November 2026",
    "From",
    "Billed to",
    "Invoice number",
    "Description",
    "Subtotal",
    "Amount due",
  ];
  const places = inOrder.map((text) => read.text.indexOf(text));
  expect(places.toSorted((a, b) => a - b)).toEqual(places);
  expect(places).not.toContain(-1);
  expect(read.attachments).toEqual({ "factur-x.xml": xml });
});

test("the file says that it is tagged PDF/A-3b in a language, with its colors, its fonts and what is attached", async () => {
  const { pdf } = await renderDocument(changeOfPlan, brand, "de");
  const { marked, info, metadata, roles, raw } = await readPdf(pdf);

  expect(marked).toBe(true);
  expect(info).toMatchObject({
    Title: "Rechnung INV-000042",
    Author: "Northlight Software GmbH",
    Language: "de",
    PDFFormatVersion: "1.7",
  });
  expect(new Set(roles)).toEqual(new Set(["Root", "Document", "H1", "H2", "P", "Table", "THead", "TBody", "TR", "TH", "TD"]));
  expect(raw).toContain("/S /GTS_PDFA1");
  expect(raw).toContain("/OutputIntents [");
  expect(raw).toContain("/AFRelationship /Alternative");
  expect(raw).toContain("/Scope /Column");
  expect([...raw.matchAll(/\/FontFile2/g)]).toHaveLength(2);
  for (const said of [
    "<pdfaid:part>3</pdfaid:part>",
    "<pdfaid:conformance>B</pdfaid:conformance>",
    "<fx:ConformanceLevel>EN 16931</fx:ConformanceLevel>",
  ])
    expect(metadata).toContain(said);
});

test("the XML keeps the schema, and says what was credited, exempted, discounted and prepaid", async () => {
  const samples = [changeOfPlan, creditNote, reverseCharge, inclusive];
  const xmls = samples.map((document) => ciiOf(enDocument(document)));
  expect(await Promise.all(xmls.map(schemaErrors))).toEqual([[], [], [], []]);

  const [plan, note, reverse] = xmls.map((xml) => all(readXml(xml), "SupplyChainTradeTransaction")[0]);
  const settlement = "ApplicableHeaderTradeSettlement";
  expect(texts(plan, settlement, "SpecifiedTradeSettlementHeaderMonetarySummation", "DuePayableAmount")).toEqual(["1196.70"]);
  expect(texts(plan, settlement, "SpecifiedTradeSettlementPaymentMeans", "PayeePartyCreditorFinancialAccount", "IBANID")).toEqual(
    ["DE89370400440532013000"],
  );
  expect(texts(note, settlement, "InvoiceReferencedDocument", "IssuerAssignedID")).toEqual(["INV-000042"]);
  expect(texts(reverse, settlement, "ApplicableTradeTax", "CategoryCode")).toEqual(["AE"]);
  expect(texts(reverse, settlement, "ApplicableTradeTax", "ExemptionReason")).toEqual(["Reverse charge"]);
});

law.prop([finalDocuments], { numRuns: 40 })("read back out of the XML, the sums are those of EN 16931", (document) => {
  const trade = all(readXml(ciiOf(enDocument(document))), "SupplyChainTradeTransaction")[0];
  const settlement = all(trade, "ApplicableHeaderTradeSettlement")[0];
  const amounts = (from: Node | undefined, ...names: string[]) => texts(from, ...names).map(toRational);
  const one = (name: string) => sum(amounts(settlement, "SpecifiedTradeSettlementHeaderMonetarySummation", name));
  const lines = "IncludedSupplyChainTradeLineItem";
  const nets = amounts(
    trade,
    lines,
    "SpecifiedLineTradeSettlement",
    "SpecifiedTradeSettlementLineMonetarySummation",
    "LineTotalAmount",
  );

  expect(nets).toHaveLength(document.lines.length);
  expect(one("LineTotalAmount"), "BR-CO-10").toEqual(sum(nets));
  expect(one("TaxBasisTotalAmount"), "BR-CO-13").toEqual(one("LineTotalAmount"));
  expect(one("TaxTotalAmount"), "BR-CO-14").toEqual(sum(amounts(settlement, "ApplicableTradeTax", "CalculatedAmount")));
  expect(one("GrandTotalAmount"), "BR-CO-15").toEqual(add(one("TaxBasisTotalAmount"), one("TaxTotalAmount")));
  expect(one("DuePayableAmount"), "BR-CO-16").toEqual(
    add(sub(one("GrandTotalAmount"), one("TotalPrepaidAmount")), one("RoundingAmount")),
  );
  const unit = document.currency === "JPY" ? 1n : 100n;
  expect(mul(one("DuePayableAmount"), ratio(unit, 1n)), "what is due").toEqual(
    toRational(document.totals.total - document.prepaid),
  );
});

test("amounts that need three decimals have no XML, and the answer says why", async () => {
  const dinars = documentOf([line({ unitAmount: "1500" })], { currency: "KWD" });
  const { pdf, xml, whyNoXml } = await renderDocument(dinars, brand, "en");
  const { text, attachments, metadata, marked } = await readPdf(pdf);

  expect({ xml, whyNoXml }).toEqual({ xml: null, whyNoXml: "EN 16931 writes amounts with 2 decimals, and KWD has 3." });
  expect(text).toContain("KWD 1.785 due by");
  expect(text).toContain("Amount (KWD)");
  expect({ attachments, marked }).toEqual({ attachments: {}, marked: true });
  expect(metadata).not.toContain("fx:");
});

test("a hundred lines take pages with the same heads, numbered, with every line once and nothing beyond the margins", async () => {
  const { pdf } = await renderDocument(manyLines(100), brand, "en");
  const { pages, text } = await readPdf(pdf);
  const on = (page: (typeof pages)[number]) => page.map((said) => said.text);

  expect(pages.length).toBeGreaterThan(3);
  for (const [index, page] of pages.entries()) expect(on(page)).toContain(`Page ${index + 1} of ${pages.length}`);
  for (const page of pages.slice(1)) expect(on(page)).toContain("Invoice INV-000043 · continued");
  const withRows = pages.filter((page) => on(page).some((said) => said.startsWith("Workstation")));
  for (const page of withRows) expect(on(page)).toContain("Unit price");
  const numbers = [...text.matchAll(/Workstation (\d+)/g)].map(([, number]) => Number(number));
  expect(numbers).toEqual(Array.from({ length: 100 }, (_, index) => index + 1));
  expect(text.match(/with a description that does not fit/g)).toHaveLength(14);
  for (const { x, end, y } of pages.flat()) {
    expect(x).toBeGreaterThan(49);
    expect(end).toBeLessThan(546);
    expect(y).toBeGreaterThan(20);
  }
});

test("whatever is written on it, a document is made, stays within its margins, and gives back what it could not show", async () => {
  const strange = [
    "株式会社 ライセンス",
    "شركة البرمجيات",
    "a\u0000b\tc\u200bd\ud800e 👩‍🚀 𝔘",
    '&<b>"quoted"</b> ]]> \\(x\\)',
    "x".repeat(3000),
    "word ".repeat(1500),
    "",
  ];
  const document = documentOf(
    strange.map((description) =>
      line({
        description,
        quantity: 1,
        unitAmount: "9007199254740",
        amount: 9007199254740,
        tax: { category: "S", rate: "5.5", taxRateId: null, reason: null },
      }),
    ),
    {
      number: "<&>",
      currency: "JPY",
      notes: strange,
      paymentTerms: "株".repeat(300),
      period: { startOn: "2026-11-01", endOn: "2026-11-30" },
    },
  );
  const { pdf, xml } = await renderDocument(document, { name: "株".repeat(60), color: "red", footer: "f".repeat(500) }, "de");
  const { pages, text, info, raw } = await readPdf(pdf);

  expect(text).toContain("\ufffd\ufffd\ufffd\ufffd");
  expect(text).toContain("9.007.199.254.740");
  // UTF-16 of what the line says, for who copies or hears it
  expect(raw).toContain("/ActualText (");
  expect(info["Title"]).toBe("Rechnung <&>");
  for (const { end, y } of pages.flat()) {
    expect(end).toBeLessThan(546);
    expect(y).toBeGreaterThan(15);
  }
  expect(xml === null ? [] : await schemaErrors(xml)).toEqual([]);
});

test("a line says in words how it came to its amount", async () => {
  const [en, de] = await Promise.all(
    (["en", "de"] as const).map(async (locale) => (await readPdf((await renderDocument(changeOfPlan, brand, locale)).pdf)).text),
  );
  expect(en).toContain("Credit for 15 of 30 days (1 Nov 2026 – 30 Nov 2026) of €245.00");
  expect(en).toContain("15 days 8 hours 30 minutes of 30 days (1 Nov 2026 – 30 Nov 2026) of €385.00");
  expect(en).toContain("10,000 × €0.10 + 2,500 × €0.048 + fee of €5.00");
  expect(en).toContain("Gives back line 1 of the earlier invoice.");
  expect(de).toContain("Gutschrift für 15 von 30 Tagen (01.11.2026 – 30.11.2026) von 245,00 €");
  expect(de).toContain("10.000 × 0,10 € + 2.500 × 0,048 € + Gebühr von 5,00 €");
});

test("the words that a tax, a correction and a settled sum call for are there", async () => {
  const [reverse, note, settled] = await Promise.all(
    [reverseCharge, creditNote, inclusive].map(
      async (document) => (await readPdf((await renderDocument(document, brand, "de")).pdf)).text,
    ),
  );
  expect(reverse).toContain("Steuerschuldnerschaft des Leistungsempfängers (Reverse charge)");
  expect(reverse).toContain("FR40303265045");
  expect(note).toContain("Diese Rechnungskorrektur berichtigt die Rechnung INV-000042 vom 16. November 2026.");
  expect(note).not.toContain("Überweisung");
  expect(settled).toContain("20,02 €, vollständig beglichen");
  expect(settled).toContain("Die Preise enthalten die Steuer.");
});

test("amounts, prices, rates and days are written as each language does, with the decimals of their currency", () => {
  expect([figure("EUR", -123456789, "en"), figure("EUR", -123456789, "de")]).toEqual(["-1,234,567.89", "-1.234.567,89"]);
  expect([money("JPY", 1234, "en"), money("JPY", 1234, "de"), money("KWD", -1500, "en"), money("KWD", 1500, "de")]).toEqual([
    "¥1,234",
    "1.234\u00a0¥",
    "-KWD\u00a01.500",
    "1,500\u00a0KWD",
  ]);
  expect([fineMoney("EUR", "0.0125", "en"), fineMoney("EUR", "1000", "de"), fineMoney("JPY", "0.5", "en")]).toEqual([
    "€0.000125",
    "10,00\u00a0€",
    "¥0.5",
  ]);
  expect([percent("5.50", "en"), percent("5.5", "de")]).toEqual(["5.5%", "5,5\u00a0%"]);
  expect([longDate("2026-03-01", "en"), longDate("2026-03-01", "de")]).toEqual(["1\u00a0March 2026", "1.\u00a0März 2026"]);
});

test("a pale or broken color is never that of text", () => {
  expect(inkOf("#ffee00")).toEqual({ accent: "#ffee00", text: "#1f2937" });
  expect(inkOf("#1d4ed8").text).toBe("#1d4ed8");
  expect(inkOf("red")).toEqual({ accent: "#1f2937", text: "#1f2937" });
});
