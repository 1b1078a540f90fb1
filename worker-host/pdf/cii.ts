import type { EnDocument, EnLine, EnParty, EnTax } from "#rules/billing/en16931";

/** The name that Factur-X wants the XML to have within the PDF. */
export const XML_NAME = "factur-x.xml";

/**
 * A document as XML of UN/CEFACT's Cross Industry Invoice (D16B), profile EN 16931. Says what `document` says, in the order of the schema;
 * the sums are those of the rules, and none is reckoned here.
 */
export function ciiOf(document: EnDocument): string {
  const root = node("rsm:CrossIndustryInvoice", [context(document), header(document), transaction(document)], NAMESPACES);
  return `<?xml version="1.0" encoding="UTF-8"?>\n${root}`;
}

const NAMESPACES = {
  "xmlns:rsm": "urn:un:unece:uncefact:data:standard:CrossIndustryInvoice:100",
  "xmlns:qdt": "urn:un:unece:uncefact:data:standard:QualifiedDataType:100",
  "xmlns:ram": "urn:un:unece:uncefact:data:standard:ReusableAggregateBusinessInformationEntity:100",
  "xmlns:udt": "urn:un:unece:uncefact:data:standard:UnqualifiedDataType:100",
};

function context({ specification }: EnDocument): string {
  return node("rsm:ExchangedDocumentContext", [
    node("ram:GuidelineSpecifiedDocumentContextParameter", [leaf("ram:ID", specification)]),
  ]);
}

function header({ number, typeCode, issuedOn, notes }: EnDocument): string {
  return node("rsm:ExchangedDocument", [
    leaf("ram:ID", number),
    leaf("ram:TypeCode", typeCode),
    node("ram:IssueDateTime", [dateTime(issuedOn)]),
    ...notes
      .map((note) => leaf("ram:Content", note))
      .flatMap((content) => (content === "" ? [] : [node("ram:IncludedNote", [content])])),
  ]);
}

function transaction(document: EnDocument): string {
  return node("rsm:SupplyChainTradeTransaction", [
    ...document.lines.map(lineItem),
    agreement(document),
    delivery(document),
    settlement(document),
  ]);
}

function lineItem(line: EnLine): string {
  return node("ram:IncludedSupplyChainTradeLineItem", [
    node("ram:AssociatedDocumentLineDocument", [leaf("ram:LineID", line.id)]),
    node("ram:SpecifiedTradeProduct", [required("ram:Name", line.name)]),
    node("ram:SpecifiedLineTradeAgreement", [
      node("ram:NetPriceProductTradePrice", [
        leaf("ram:ChargeAmount", line.price),
        leaf("ram:BasisQuantity", line.baseQuantity, { unitCode: line.unitCode }),
      ]),
    ]),
    node("ram:SpecifiedLineTradeDelivery", [leaf("ram:BilledQuantity", line.quantity, { unitCode: line.unitCode })]),
    node("ram:SpecifiedLineTradeSettlement", [
      node("ram:ApplicableTradeTax", [
        leaf("ram:TypeCode", "VAT"),
        leaf("ram:CategoryCode", line.category),
        leaf("ram:RateApplicablePercent", line.rate),
      ]),
      period(line.period),
      line.allowance === null ? "" : allowance(line.allowance),
      node("ram:SpecifiedTradeSettlementLineMonetarySummation", [leaf("ram:LineTotalAmount", line.net)]),
    ]),
  ]);
}

function allowance(amount: string): string {
  return node("ram:SpecifiedTradeAllowanceCharge", [
    node("ram:ChargeIndicator", [leaf("udt:Indicator", "false")]),
    leaf("ram:ActualAmount", amount),
    leaf("ram:Reason", "Discount"),
  ]);
}

function agreement({ buyerReference, seller, buyer, orderNumber }: EnDocument): string {
  return node("ram:ApplicableHeaderTradeAgreement", [
    leaf("ram:BuyerReference", buyerReference),
    party("ram:SellerTradeParty", seller),
    party("ram:BuyerTradeParty", buyer),
    orderNumber === null ? "" : node("ram:BuyerOrderReferencedDocument", [leaf("ram:IssuerAssignedID", orderNumber)]),
  ]);
}

function party(name: string, who: EnParty): string {
  return node(name, [
    required("ram:Name", who.name),
    who.registration === null ? "" : node("ram:SpecifiedLegalOrganization", [leaf("ram:ID", who.registration)]),
    node("ram:PostalTradeAddress", [
      leaf("ram:PostcodeCode", who.postalCode),
      leaf("ram:LineOne", who.line1),
      leaf("ram:LineTwo", who.line2),
      leaf("ram:CityName", who.city),
      leaf("ram:CountryID", who.country),
      leaf("ram:CountrySubDivisionName", who.region),
    ]),
    who.email === null ? "" : node("ram:URIUniversalCommunication", [leaf("ram:URIID", who.email, { schemeID: "EM" })]),
    registration("VA", who.vatId),
    registration("FC", who.taxNumber),
  ]);
}

function registration(schemeID: "VA" | "FC", id: string | null): string {
  return id === null ? "" : node("ram:SpecifiedTaxRegistration", [leaf("ram:ID", id, { schemeID })]);
}

function delivery({ deliverToCountry }: EnDocument): string {
  if (deliverToCountry === null) return "<ram:ApplicableHeaderTradeDelivery/>";
  return node("ram:ApplicableHeaderTradeDelivery", [
    node("ram:ShipToTradeParty", [node("ram:PostalTradeAddress", [leaf("ram:CountryID", deliverToCountry)])]),
  ]);
}

function settlement(document: EnDocument): string {
  const { currency, number, breakdown, sums, preceding, transfer, seller } = document;
  return node("ram:ApplicableHeaderTradeSettlement", [
    transfer === null ? "" : leaf("ram:PaymentReference", number),
    leaf("ram:InvoiceCurrencyCode", currency),
    transfer === null ? "" : paymentMeans(transfer, seller),
    ...breakdown.map((group) => tradeTax(group, document.taxPointOn)),
    period(document.period),
    terms(document),
    node("ram:SpecifiedTradeSettlementHeaderMonetarySummation", [
      leaf("ram:LineTotalAmount", sums.lines),
      leaf("ram:TaxBasisTotalAmount", sums.withoutTax),
      leaf("ram:TaxTotalAmount", sums.tax, { currencyID: currency }),
      leaf("ram:RoundingAmount", sums.rounding),
      leaf("ram:GrandTotalAmount", sums.withTax),
      leaf("ram:TotalPrepaidAmount", sums.prepaid),
      leaf("ram:DuePayableAmount", sums.due),
    ]),
    preceding === null
      ? ""
      : node("ram:InvoiceReferencedDocument", [
          leaf("ram:IssuerAssignedID", preceding.number),
          node("ram:FormattedIssueDateTime", [leaf("qdt:DateTimeString", compact(preceding.issuedOn), { format: "102" })]),
        ]),
  ]);
}

function paymentMeans({ meansCode, iban, bic }: NonNullable<EnDocument["transfer"]>, { name }: EnParty): string {
  return node("ram:SpecifiedTradeSettlementPaymentMeans", [
    leaf("ram:TypeCode", meansCode),
    node("ram:PayeePartyCreditorFinancialAccount", [leaf("ram:IBANID", iban), leaf("ram:AccountName", name)]),
    bic === null ? "" : node("ram:PayeeSpecifiedCreditorFinancialInstitution", [leaf("ram:BICID", bic)]),
  ]);
}

function tradeTax(group: EnTax, taxPointOn: string | null): string {
  return node("ram:ApplicableTradeTax", [
    leaf("ram:CalculatedAmount", group.tax),
    leaf("ram:TypeCode", "VAT"),
    leaf("ram:ExemptionReason", group.reason),
    leaf("ram:BasisAmount", group.taxable),
    leaf("ram:CategoryCode", group.category),
    leaf("ram:ExemptionReasonCode", group.reasonCode),
    taxPointOn === null ? "" : node("ram:TaxPointDate", [leaf("udt:DateString", compact(taxPointOn), { format: "102" })]),
    leaf("ram:RateApplicablePercent", group.rate),
  ]);
}

function period(span: { startOn: string; endOn: string } | null): string {
  if (span === null) return "";
  return node("ram:BillingSpecifiedPeriod", [
    node("ram:StartDateTime", [dateTime(span.startOn)]),
    node("ram:EndDateTime", [dateTime(span.endOn)]),
  ]);
}

function terms({ paymentTerms, dueOn }: EnDocument): string {
  if (paymentTerms === null && dueOn === null) return "";
  return node("ram:SpecifiedTradePaymentTerms", [
    leaf("ram:Description", paymentTerms),
    dueOn === null ? "" : node("ram:DueDateDateTime", [dateTime(dueOn)]),
  ]);
}

function dateTime(date: string): string {
  return leaf("udt:DateTimeString", compact(date), { format: "102" });
}

/** Format 102: YYYYMMDD. */
function compact(date: string): string {
  return date.replaceAll("-", "");
}

type Attributes = Readonly<Record<string, string>>;

/** An element with elements in it. */
function node(name: string, children: readonly string[], attributes: Attributes = {}): string {
  return `<${name}${written(attributes)}>${children.join("")}</${name}>`;
}

/** An element with a text in it; nothing where there is none. */
function leaf(name: string, text: string | null, attributes: Attributes = {}): string {
  const escaped = text === null ? "" : escapeXml(text).trim();
  return escaped === "" ? "" : `<${name}${written(attributes)}>${escaped}</${name}>`;
}

/** An element that the standard does not go without, whatever is left of its text. */
function required(name: string, text: string): string {
  return leaf(name, text) || leaf(name, "-");
}

function written(attributes: Attributes): string {
  return Object.entries(attributes)
    .map(([name, value]) => ` ${name}="${escapeXml(value)}"`)
    .join("");
}

/** A text as it may stand in XML: what XML 1.0 has no way to write at all is left out. */
export function escapeXml(text: string): string {
  return text
    .toWellFormed()
    .replaceAll(/[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/gu, "")
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;")
    .replaceAll('"', "&quot;");
}
