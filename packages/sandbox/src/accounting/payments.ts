import type { Invoice, Payment } from "../engine/index.ts";
import { accountInside } from "./accounts.ts";
import { bodies, type PaymentBody, readElement } from "./bodies.ts";
import type { Books } from "./books.ts";
import { contactInside } from "./contacts.ts";
import { amountDue } from "./outstanding.ts";
import { type Item, noRemoval, type Resource, type WriteRequest } from "./resource.ts";
import { cents, Decimal, type Element, money, rounded, startOfDay, XeroDate, zeroGuid } from "./values.ts";
import { type Findings, findings, tooLong, type WriteResult } from "./write-result.ts";

export const payments: Resource = {
  path: "Payments",
  list: "Payments",
  element: "Payment",
  idMember: "PaymentID",
  scopes: {
    read: [
      "accounting.transactions",
      "accounting.transactions.read",
      "accounting.payments",
      "accounting.payments.read",
    ],
    write: ["accounting.transactions", "accounting.payments"],
  },
  methods: { onList: ["PUT", "POST"], onOne: ["GET", "POST"] },
  paged: true,
  summaries: false,
  batches: true,
  fields: {
    PaymentID: "guid",
    Date: "date",
    Amount: "number",
    Reference: "string",
    Status: "string",
    PaymentType: "string",
    IsReconciled: "boolean",
    CurrencyRate: "number",
    "Invoice.InvoiceID": "guid",
    "Invoice.InvoiceNumber": "string",
    "Account.AccountID": "guid",
    "Account.Code": "string",
    UpdatedDateUTC: "date",
  },
  items: (books) =>
    [...books.payments()]
      .sort((a, b) => a.updatedAtMs - b.updatedAtMs || (a.id < b.id ? -1 : 1))
      .map((payment) => itemOf(books, payment)),
  find(books, id) {
    const payment = books.get("payments", id);
    return payment === undefined ? undefined : itemOf(books, payment);
  },
  write,
  remove: noRemoval,
};

const itemOf = (books: Books, payment: Payment): Item => ({
  id: payment.id,
  updatedAtMs: payment.updatedAtMs,
  shape: () => ({
    PaymentID: payment.id,
    Date: new XeroDate(payment.dateMs),
    BankAmount: money(payment.amount),
    Amount: money(payment.amount),
    Reference: payment.reference,
    CurrencyRate: new Decimal(payment.currencyRate, 6),
    PaymentType: books.get("invoices", payment.invoiceId)?.type === "ACCPAY" ? "ACCPAYPAYMENT" : "ACCRECPAYMENT",
    Status: payment.status,
    UpdatedDateUTC: new XeroDate(payment.updatedAtMs),
    UpdatedDateUTCString: new Date(payment.updatedAtMs).toISOString(),
    HasAccount: true,
    IsReconciled: payment.isReconciled,
    Account: accountInside(books, payment.accountId),
    Invoice: invoiceInside(books, payment.invoiceId),
    HasValidationErrors: false,
  }),
});

function invoiceInside(books: Books, invoiceId: string): Element {
  const invoice = books.get("invoices", invoiceId);
  if (invoice === undefined) return { InvoiceID: invoiceId };
  return {
    Type: invoice.type,
    InvoiceID: invoice.id,
    InvoiceNumber: invoice.number,
    Payments: [],
    CreditNotes: [],
    Prepayments: [],
    Overpayments: [],
    IsDiscounted: false,
    HasErrors: false,
    Contact: contactInside(books, invoice.contactId),
    LineItems: [],
    CurrencyCode: invoice.currencyCode,
  };
}

function write(books: Books, { given, path, mode }: WriteRequest): WriteResult {
  const body = readElement(bodies.payment, given, path);
  if (mode.kind === "update") return deletePayment(books, mode.id, body);
  const found = findings();
  const invoice = invoiceOf(books, body);
  const account = accountOf(books, body);
  const amount = cents(body.Amount ?? 0);
  found.add(body.PaymentID !== undefined && "A payment cannot be changed. Delete it and create another.");
  found.add(
    invoice === undefined && "Payment must be for an existing invoice: send Invoice with InvoiceID or InvoiceNumber.",
  );
  found.add(account === undefined && "Account could not be found: send Account with AccountID or Code.");
  const accepts = account === undefined || account.type === "BANK" || account.enablePaymentsToAccount;
  found.add((!accepts || account?.status === "ARCHIVED") && "Payments cannot be made to or from this account.");
  found.add(!(amount > 0) && "The payment amount must be more than 0.");
  if (invoice !== undefined) checkAgainst(books, { invoice, amount, found });
  found.add(tooLong("Reference", body.Reference, 255));
  const rate = body.CurrencyRate ?? 1;
  found.add(!(rate > 0 && rate <= 999_999) && "The currency rate must be more than 0.");
  if (found.messages.length > 0 || invoice === undefined || account === undefined)
    return refused(zeroGuid, found.messages);
  const payment: Payment = {
    id: books.turn.mint.uuid(books.turn.label("payment")),
    organisationId: books.organisation.id,
    invoiceId: invoice.id,
    accountId: account.id,
    dateMs: body.Date ?? startOfDay(books.turn.nowMs),
    amount,
    currencyRate: rounded(rate, 6),
    reference: body.Reference ?? "",
    isReconciled: body.IsReconciled ?? false,
    status: "AUTHORISED",
    updatedAtMs: books.turn.nowMs,
  };
  books.put("payments", payment);
  settle(books, invoice, payment.dateMs);
  return { kind: "ok", id: payment.id };
}

function checkAgainst(
  books: Books,
  { invoice, amount, found }: { readonly invoice: Invoice; readonly amount: number; readonly found: Findings },
): void {
  const payable = invoice.status === "AUTHORISED" || invoice.status === "PAID";
  found.add(!payable && "Payments can only be made against authorised documents.");
  found.add(
    payable && amount > amountDue(books, invoice) && "Payment amount exceeds the amount outstanding on this document",
  );
}

function deletePayment(books: Books, id: string, body: PaymentBody): WriteResult {
  const payment = books.get("payments", id);
  if (payment === undefined) return refused(zeroGuid, ["The payment could not be found."]);
  if (body.Status !== "DELETED") return refused(payment.id, ["The status of a payment can only be set to DELETED."]);
  if (payment.status === "DELETED") return refused(payment.id, ["The payment has been deleted already."]);
  books.put("payments", { ...payment, status: "DELETED", updatedAtMs: books.turn.nowMs });
  const invoice = books.get("invoices", payment.invoiceId);
  if (invoice !== undefined) settle(books, invoice, payment.dateMs);
  return { kind: "ok", id: payment.id };
}

// An invoice is PAID when nothing is due, and approved again when a payment goes.
function settle(books: Books, invoice: Invoice, dateMs: number): void {
  const paid = amountDue(books, invoice) <= 0;
  books.put("invoices", {
    ...invoice,
    status: paid ? "PAID" : "AUTHORISED",
    fullyPaidOnMs: paid ? dateMs : null,
    updatedAtMs: books.turn.nowMs,
  });
}

function invoiceOf(books: Books, body: PaymentBody): Invoice | undefined {
  if (body.Invoice?.InvoiceID !== undefined) return books.get("invoices", body.Invoice.InvoiceID);
  const number = body.Invoice?.InvoiceNumber ?? body.InvoiceNumber ?? "";
  return number === "" ? undefined : books.invoices().find((invoice) => invoice.number === number);
}

function accountOf(books: Books, body: PaymentBody) {
  if (body.Account?.AccountID !== undefined) return books.get("accounts", body.Account.AccountID);
  const code = body.Account?.Code ?? body.Code ?? "";
  return code === "" ? undefined : books.accounts().find((account) => account.code === code);
}

const refused = (id: string, messages: readonly string[]): WriteResult => ({
  kind: "invalid",
  messages,
  echo: { PaymentID: id, HasValidationErrors: true },
});
