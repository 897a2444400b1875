import type { Invoice, InvoiceStatus } from "../engine/index.ts";
import { bodies, type InvoiceBody, readElement } from "./bodies.ts";
import type { Books } from "./books.ts";
import { checkDocument, documentContact, typesOr } from "./document-changes.ts";
import { readLines, totalsOf } from "./line-items.ts";
import { amountPaid } from "./outstanding.ts";
import type { WriteRequest } from "./resource.ts";
import { taxTypesOf } from "./tax-rates.ts";
import { type Element, isGuid, rounded, startOfDay, zeroGuid } from "./values.ts";
import { type Findings, findings, tooLong, type WriteMode, type WriteResult } from "./write-result.ts";

/** Creates or changes an invoice. */
export function writeInvoice(books: Books, request: WriteRequest): WriteResult {
  const body = readElement(bodies.invoice, request.given, request.path);
  const before = existingInvoice(books, body, request.mode);
  const found = findings();
  const unknown = before === undefined && request.mode.kind === "save" && body.InvoiceID !== undefined;
  found.add(unknown && "The invoice could not be found.");
  const contact = documentContact(books, body.Contact, found) ?? (before && books.get("contacts", before.contactId));
  found.add(
    contact === undefined && found.messages.length === 0 && "A Contact must be specified for this type of transaction.",
  );
  const invoice = draftOf(books, {
    body,
    before,
    found,
    contactId: contact?.id ?? zeroGuid,
    unitPlaces: request.unitPlaces,
  });
  checkInvoice(books, { invoice, before, body, found });
  if (found.messages.length > 0 || contact === undefined)
    return { kind: "invalid", messages: found.messages, echo: echoOf(body, before) };
  const role = invoice.type === "ACCREC" ? { isCustomer: true } : { isSupplier: true };
  if (books.get("contacts", contact.id) === undefined) books.put("contacts", { ...contact, ...role });
  else books.putQuietly("contacts", { ...contact, ...role });
  books.put("invoices", invoice);
  return { kind: "ok", id: invoice.id };
}

function existingInvoice(books: Books, body: InvoiceBody, mode: WriteMode): Invoice | undefined {
  switch (mode.kind) {
    case "create":
      return undefined;
    case "update":
      return books.get("invoices", mode.id);
    case "save": {
      if (body.InvoiceID !== undefined) return books.get("invoices", body.InvoiceID);
      const number = body.InvoiceNumber ?? "";
      // Bills may share a number, so that it names none of them.
      const byNumber = (invoice: Invoice) => invoice.type === "ACCREC" && invoice.number === number;
      return number === "" || body.Type === "ACCPAY" ? undefined : books.invoices().find(byNumber);
    }
  }
}

interface Drafting {
  readonly body: InvoiceBody;
  readonly before: Invoice | undefined;
  readonly found: Findings;
  readonly contactId: string;
  readonly unitPlaces: 2 | 4;
}

function draftOf(books: Books, drafting: Drafting): Invoice {
  const { body, before, contactId } = drafting;
  const { turn, organisation } = books;
  const type = (before?.type ?? body.Type) as Invoice["type"];
  const status = (body.Status ?? before?.status ?? "DRAFT") as InvoiceStatus;
  const lines = linesOf(books, { ...drafting, type, status });
  return {
    id: before?.id ?? turn.mint.uuid(turn.label("invoice")),
    organisationId: organisation.id,
    type,
    number: body.InvoiceNumber ?? before?.number ?? (type === "ACCREC" ? nextNumber(books) : ""),
    status,
    contactId,
    dateMs: body.Date ?? before?.dateMs ?? startOfDay(turn.nowMs),
    dueDateMs: body.DueDate ?? before?.dueDateMs ?? null,
    reference: body.Reference ?? before?.reference ?? "",
    url: body.Url ?? before?.url ?? null,
    currencyCode: body.CurrencyCode ?? before?.currencyCode ?? organisation.baseCurrency,
    currencyRate: rounded(body.CurrencyRate ?? before?.currencyRate ?? 1, 6),
    sentToContact: body.SentToContact ?? before?.sentToContact ?? false,
    expectedPaymentDateMs: body.ExpectedPaymentDate ?? before?.expectedPaymentDateMs ?? null,
    plannedPaymentDateMs: body.PlannedPaymentDate ?? before?.plannedPaymentDateMs ?? null,
    fullyPaidOnMs: before?.fullyPaidOnMs ?? null,
    createdByClientId: before === undefined ? books.clientId : before.createdByClientId,
    updatedAtMs: turn.nowMs,
    ...lines,
  };
}

function linesOf(
  books: Books,
  drafting: Drafting & { readonly type: Invoice["type"]; readonly status: InvoiceStatus },
) {
  const { body, before, found, type, status, unitPlaces } = drafting;
  const lineAmountTypes = typesOr(body.LineAmountTypes, before?.lineAmountTypes);
  const { sales, purchases } = taxTypesOf(books.organisation);
  const context = {
    lineAmountTypes,
    defaultTaxType: type === "ACCPAY" ? purchases : sales,
    complete: status === "AUTHORISED" || status === "SUBMITTED",
    // Lines that are kept keep their decimals.
    unitPlaces: body.LineItems === undefined ? (4 as const) : unitPlaces,
    found,
  };
  const sameTax = lineAmountTypes === before?.lineAmountTypes;
  const given = body.LineItems ?? before?.lines.map((line) => asBody(line, sameTax)) ?? [];
  const lines = readLines(books, given, context);
  found.add(type === "ACCPAY" && lines.some((line) => line.discountRate !== null) && "A bill cannot have discounts.");
  return { lineAmountTypes, lines, ...totalsOf(lines, lineAmountTypes) };
}

const asBody = (line: Invoice["lines"][number], sameTax: boolean): NonNullable<InvoiceBody["LineItems"]>[number] => ({
  LineItemID: line.id,
  Description: line.description,
  Quantity: line.quantity,
  UnitAmount: line.unitAmount,
  ItemCode: line.itemCode ?? undefined,
  AccountCode: line.accountCode ?? undefined,
  AccountID: undefined,
  TaxType: sameTax ? (line.taxType ?? undefined) : undefined,
  TaxAmount: sameTax ? line.taxAmount : undefined,
  LineAmount: line.lineAmount,
  DiscountRate: line.discountRate ?? undefined,
});

interface Checking {
  readonly invoice: Invoice;
  readonly before: Invoice | undefined;
  readonly body: InvoiceBody;
  readonly found: Findings;
}

function checkInvoice(books: Books, { invoice, before, body, found }: Checking): void {
  const { type, status, number } = invoice;
  found.add(type !== "ACCREC" && type !== "ACCPAY" && "Invoice Type must be specified: ACCREC or ACCPAY.");
  found.add(
    before !== undefined &&
      body.Type !== undefined &&
      body.Type !== before.type &&
      "The type of an invoice cannot be changed.",
  );
  found.add(invoice.lines.length === 0 && "One or more line items must be specified");
  found.add(tooLong("InvoiceNumber", number, 255));
  const isTaken = (other: Invoice) => other.id !== invoice.id && other.type === "ACCREC" && other.number === number;
  found.add(type === "ACCREC" && number !== "" && books.invoices().some(isTaken) && "Invoice # must be unique.");
  found.add(status === "AUTHORISED" && invoice.dueDateMs === null && "Invoice cannot be approved without a due date.");
  const paid = before === undefined ? 0 : amountPaid(books, before.id);
  found.add(paid > 0 && body.LineItems !== undefined && "The lines of an invoice with payments cannot be changed.");
  found.add(wrongStatus(before?.status, status, paid));
  checkDocument(books, invoice, found);
}

const editable: readonly InvoiceStatus[] = ["DRAFT", "SUBMITTED", "AUTHORISED"];

/** Why an invoice may not go from one status to another; null: it may. */
function wrongStatus(before: InvoiceStatus | undefined, after: InvoiceStatus, paid: number): string | null {
  if (before !== undefined && !editable.includes(before)) return "Invoice not of valid status for modification";
  switch (after) {
    case "DRAFT":
    case "SUBMITTED":
      return before === "AUTHORISED" ? "An approved invoice cannot become a draft again." : null;
    case "AUTHORISED":
      return null;
    case "DELETED":
      return before === "DRAFT" || before === "SUBMITTED" ? null : "Only a draft or submitted invoice can be deleted.";
    case "VOIDED":
      if (before !== "AUTHORISED") return "Only an approved invoice can be voided.";
      return paid > 0 ? "An invoice with payments cannot be voided. Delete its payments first." : null;
    default:
      return "The status of an invoice can be set to DRAFT, SUBMITTED, AUTHORISED, VOIDED or DELETED.";
  }
}

function nextNumber(books: Books): string {
  const used = books.invoices().map((invoice) => Number(/^INV-(\d{4,9})$/.exec(invoice.number)?.[1] ?? 0));
  return `INV-${String(Math.max(0, ...used) + 1).padStart(4, "0")}`;
}

const echoOf = (body: InvoiceBody, before: Invoice | undefined): Element => {
  const type = before?.type ?? body.Type;
  const id = body.InvoiceID !== undefined && isGuid(body.InvoiceID) ? body.InvoiceID : zeroGuid;
  return {
    ...(type === "ACCREC" || type === "ACCPAY" ? { Type: type } : {}),
    InvoiceID: before?.id ?? id,
    InvoiceNumber: (body.InvoiceNumber ?? before?.number ?? "").slice(0, 255),
    LineItems: [],
  };
};
