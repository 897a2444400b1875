import type { Invoice, Payment } from "../engine/index.ts";
import type { Books } from "./books.ts";
import { contactInside } from "./contacts.ts";
import { writeInvoice } from "./invoice-changes.ts";
import { lineShape } from "./line-items.ts";
import { amountDue, amountPaid } from "./outstanding.ts";
import { type Item, isOn, listParameter, noRemoval, type Query, type Resource, type ShapeWish } from "./resource.ts";
import { Decimal, dayText, type Element, money, optionalDate, XeroDate } from "./values.ts";

export const invoices: Resource = {
  path: "Invoices",
  list: "Invoices",
  element: "Invoice",
  idMember: "InvoiceID",
  scopes: {
    read: [
      "accounting.transactions",
      "accounting.transactions.read",
      "accounting.invoices",
      "accounting.invoices.read",
    ],
    write: ["accounting.transactions", "accounting.invoices"],
  },
  methods: { onList: ["PUT", "POST"], onOne: ["GET", "POST"] },
  paged: true,
  summaries: true,
  batches: true,
  fields: {
    InvoiceID: "guid",
    InvoiceNumber: "string",
    Type: "string",
    Status: "string",
    Reference: "string",
    "Contact.ContactID": "guid",
    "Contact.Name": "string",
    Date: "date",
    DueDate: "date",
    ExpectedPaymentDate: "date",
    PlannedPaymentDate: "date",
    FullyPaidOnDate: "date",
    SubTotal: "number",
    TotalTax: "number",
    Total: "number",
    AmountDue: "number",
    AmountPaid: "number",
    AmountCredited: "number",
    CurrencyCode: "string",
    CurrencyRate: "number",
    LineAmountTypes: "string",
    SentToContact: "boolean",
    HasAttachments: "boolean",
    IsDiscounted: "boolean",
    UpdatedDateUTC: "date",
  },
  items,
  find(books, id) {
    const invoice = books.get("invoices", id) ?? books.invoices().find((each) => each.number === id && id !== "");
    return invoice === undefined ? undefined : itemOf(books, invoice);
  },
  write: writeInvoice,
  remove: noRemoval,
};

function items(books: Books, query: Query): readonly Item[] {
  const ids = listParameter(query, "ids");
  const numbers = listParameter(query, "invoicenumbers");
  const contactIds = listParameter(query, "contactids");
  const statuses = listParameter(query, "statuses");
  const term = query.get("searchterm")?.toLowerCase() ?? "";
  const mineOnly = isOn(query, "createdbymyapp");
  return books
    .invoices()
    .filter((invoice) => ids?.has(invoice.id) ?? true)
    .filter((invoice) => numbers?.has(invoice.number.toLowerCase()) ?? true)
    .filter((invoice) => contactIds?.has(invoice.contactId) ?? true)
    .filter((invoice) => statuses?.has(invoice.status.toLowerCase()) ?? true)
    .filter((invoice) => term === "" || `${invoice.number}\n${invoice.reference}`.toLowerCase().includes(term))
    .filter((invoice) => !mineOnly || invoice.createdByClientId === books.clientId)
    .sort((a, b) => a.updatedAtMs - b.updatedAtMs || (a.id < b.id ? -1 : 1))
    .map((invoice) => itemOf(books, invoice));
}

const itemOf = (books: Books, invoice: Invoice): Item => ({
  id: invoice.id,
  updatedAtMs: invoice.updatedAtMs,
  shape: (wish) => shape(books, invoice, wish),
});

function shape(books: Books, invoice: Invoice, { detail, unitPlaces }: ShapeWish): Element {
  return {
    Type: invoice.type,
    InvoiceID: invoice.id,
    InvoiceNumber: invoice.number,
    Reference: invoice.reference,
    ...(detail === "summary"
      ? {}
      : { Payments: paymentsOn(books, invoice), CreditNotes: [], Prepayments: [], Overpayments: [] }),
    AmountDue: money(amountDue(books, invoice)),
    AmountPaid: money(amountPaid(books, invoice.id)),
    AmountCredited: money(0),
    ...(invoice.url === null ? {} : { Url: invoice.url }),
    ...(invoice.type === "ACCREC" && invoice.sentToContact ? { SentToContact: true } : {}),
    ExpectedPaymentDate: optionalDate(invoice.expectedPaymentDateMs),
    PlannedPaymentDate: optionalDate(invoice.plannedPaymentDateMs),
    CurrencyRate: new Decimal(invoice.currencyRate, 6),
    IsDiscounted: invoice.lines.some((line) => (line.discountRate ?? 0) > 0),
    HasAttachments: false,
    HasErrors: false,
    Contact: contactInside(books, invoice.contactId),
    DateString: dayText(invoice.dateMs),
    Date: new XeroDate(invoice.dateMs),
    ...(invoice.dueDateMs === null
      ? {}
      : { DueDateString: dayText(invoice.dueDateMs), DueDate: new XeroDate(invoice.dueDateMs) }),
    Status: invoice.status,
    LineAmountTypes: invoice.lineAmountTypes,
    ...(detail === "summary"
      ? {}
      : { LineItems: detail === "full" ? invoice.lines.map((line) => lineShape(line, unitPlaces)) : [] }),
    SubTotal: money(invoice.subTotal),
    TotalTax: money(invoice.totalTax),
    Total: money(invoice.total),
    UpdatedDateUTC: new XeroDate(invoice.updatedAtMs),
    UpdatedDateUTCString: new Date(invoice.updatedAtMs).toISOString(),
    CurrencyCode: invoice.currencyCode,
    FullyPaidOnDate: optionalDate(invoice.fullyPaidOnMs),
  };
}

const paymentsOn = (books: Books, invoice: Invoice): readonly Element[] =>
  books
    .payments()
    .filter((payment) => payment.invoiceId === invoice.id && payment.status === "AUTHORISED")
    .map((payment: Payment) => ({
      PaymentID: payment.id,
      Date: new XeroDate(payment.dateMs),
      Amount: money(payment.amount),
      Reference: payment.reference,
      CurrencyRate: new Decimal(payment.currencyRate, 6),
      HasAccount: false,
      HasValidationErrors: false,
    }));
