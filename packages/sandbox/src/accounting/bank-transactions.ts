import type { Account, BankTransaction } from "../engine/index.ts";
import { accountInside } from "./accounts.ts";
import { type BankTransactionBody, bodies, readElement } from "./bodies.ts";
import type { Books } from "./books.ts";
import { contactInside } from "./contacts.ts";
import { checkDocument, documentContact, typesOr } from "./document-changes.ts";
import { lineShape, readLines, totalsOf } from "./line-items.ts";
import { type Item, noRemoval, type Resource, type ShapeWish, type WriteRequest } from "./resource.ts";
import { taxTypesOf } from "./tax-rates.ts";
import { Decimal, dayText, type Element, isGuid, money, rounded, startOfDay, XeroDate, zeroGuid } from "./values.ts";
import { type Findings, findings, type WriteResult } from "./write-result.ts";

export const bankTransactions: Resource = {
  path: "BankTransactions",
  list: "BankTransactions",
  element: "BankTransaction",
  idMember: "BankTransactionID",
  scopes: {
    read: [
      "accounting.transactions",
      "accounting.transactions.read",
      "accounting.banktransactions",
      "accounting.banktransactions.read",
    ],
    write: ["accounting.transactions", "accounting.banktransactions"],
  },
  methods: { onList: ["PUT", "POST"], onOne: ["GET", "POST"] },
  paged: true,
  summaries: false,
  batches: true,
  fields: {
    BankTransactionID: "guid",
    Type: "string",
    Status: "string",
    Reference: "string",
    "Contact.ContactID": "guid",
    "Contact.Name": "string",
    "BankAccount.AccountID": "guid",
    "BankAccount.Code": "string",
    "BankAccount.Name": "string",
    Date: "date",
    SubTotal: "number",
    TotalTax: "number",
    Total: "number",
    IsReconciled: "boolean",
    CurrencyCode: "string",
    LineAmountTypes: "string",
    UpdatedDateUTC: "date",
  },
  items: (books) =>
    [...books.bankTransactions()]
      .sort((a, b) => a.updatedAtMs - b.updatedAtMs || (a.id < b.id ? -1 : 1))
      .map((transaction) => itemOf(books, transaction)),
  find(books, id) {
    const transaction = books.get("bankTransactions", id);
    return transaction === undefined ? undefined : itemOf(books, transaction);
  },
  write,
  remove: noRemoval,
};

const itemOf = (books: Books, transaction: BankTransaction): Item => ({
  id: transaction.id,
  updatedAtMs: transaction.updatedAtMs,
  shape: (wish) => shape(books, transaction, wish),
});

const shape = (books: Books, transaction: BankTransaction, { detail, unitPlaces }: ShapeWish): Element => ({
  BankTransactionID: transaction.id,
  BankAccount: accountInside(books, transaction.bankAccountId),
  Type: transaction.type,
  Reference: transaction.reference,
  ...(transaction.url === null ? {} : { Url: transaction.url }),
  IsReconciled: transaction.isReconciled,
  HasAttachments: false,
  Contact: contactInside(books, transaction.contactId),
  DateString: dayText(transaction.dateMs),
  Date: new XeroDate(transaction.dateMs),
  Status: transaction.status,
  LineAmountTypes: transaction.lineAmountTypes,
  LineItems: detail === "full" ? transaction.lines.map((line) => lineShape(line, unitPlaces)) : [],
  SubTotal: money(transaction.subTotal),
  TotalTax: money(transaction.totalTax),
  Total: money(transaction.total),
  UpdatedDateUTC: new XeroDate(transaction.updatedAtMs),
  CurrencyCode: transaction.currencyCode,
  CurrencyRate: new Decimal(transaction.currencyRate, 6),
});

function write(books: Books, request: WriteRequest): WriteResult {
  const { mode } = request;
  const body = readElement(bodies.bankTransaction, request.given, request.path);
  const id = mode.kind === "update" ? mode.id : mode.kind === "save" ? (body.BankTransactionID ?? "") : "";
  const before = books.get("bankTransactions", id);
  const found = findings();
  found.add(before === undefined && id !== "" && "The bank transaction could not be found.");
  const contact = documentContact(books, body.Contact, found) ?? (before && books.get("contacts", before.contactId));
  found.add(
    contact === undefined && found.messages.length === 0 && "A Contact must be specified for this type of transaction.",
  );
  const account = bankAccountOf(books, body, before);
  const drafting = { body, before, found, account, contactId: contact?.id ?? zeroGuid, unitPlaces: request.unitPlaces };
  const transaction = draftOf(books, drafting);
  checkTransaction(transaction, drafting);
  checkDocument(books, transaction, found);
  if (found.messages.length > 0 || contact === undefined)
    return { kind: "invalid", messages: found.messages, echo: echoOf(body, before) };
  if (books.get("contacts", contact.id) === undefined) books.put("contacts", contact);
  books.put("bankTransactions", transaction);
  return { kind: "ok", id: transaction.id };
}

interface Drafting {
  readonly body: BankTransactionBody;
  readonly before: BankTransaction | undefined;
  readonly found: Findings;
  readonly account: Account | undefined;
  readonly contactId: string;
  readonly unitPlaces: 2 | 4;
}

function draftOf(books: Books, drafting: Drafting): BankTransaction {
  const { body, before, account, contactId } = drafting;
  const { turn, organisation } = books;
  const type = (before?.type ?? body.Type) as BankTransaction["type"];
  return {
    id: before?.id ?? turn.mint.uuid(turn.label("bank-transaction")),
    organisationId: organisation.id,
    type,
    status: (body.Status ?? before?.status ?? "AUTHORISED") as BankTransaction["status"],
    contactId,
    bankAccountId: account?.id ?? zeroGuid,
    dateMs: body.Date ?? before?.dateMs ?? startOfDay(turn.nowMs),
    reference: body.Reference ?? before?.reference ?? "",
    url: body.Url ?? before?.url ?? null,
    isReconciled: body.IsReconciled ?? before?.isReconciled ?? false,
    currencyCode: body.CurrencyCode ?? before?.currencyCode ?? account?.currencyCode ?? organisation.baseCurrency,
    currencyRate: rounded(body.CurrencyRate ?? before?.currencyRate ?? 1, 6),
    ...linesOf(books, { ...drafting, type }),
    updatedAtMs: turn.nowMs,
  };
}

function linesOf(books: Books, drafting: Drafting & { readonly type: BankTransaction["type"] }) {
  const { body, before, found, type, unitPlaces } = drafting;
  const lineAmountTypes = typesOr(body.LineAmountTypes, before?.lineAmountTypes);
  const { sales, purchases } = taxTypesOf(books.organisation);
  const defaultTaxType = type === "SPEND" ? purchases : sales;
  const kept = body.LineItems === undefined && lineAmountTypes === before?.lineAmountTypes ? before.lines : null;
  const context = { lineAmountTypes, defaultTaxType, complete: true, unitPlaces, found };
  const lines = kept ?? readLines(books, body.LineItems ?? [], context);
  return { lineAmountTypes, lines, ...totalsOf(lines, lineAmountTypes) };
}

function checkTransaction({ type, status, lines }: BankTransaction, { body, before, account, found }: Drafting): void {
  found.add(before?.status === "DELETED" && "A deleted bank transaction cannot be changed.");
  found.add(account?.type !== "BANK" && "A bank account must be specified: send BankAccount with AccountID or Code.");
  found.add(account?.status === "ARCHIVED" && "The bank account is archived.");
  found.add(type !== "SPEND" && type !== "RECEIVE" && "The Type must be SPEND or RECEIVE.");
  const other = before !== undefined && body.Type !== undefined && body.Type !== before.type;
  found.add(other && "The type of a bank transaction cannot be changed.");
  found.add(
    status !== "AUTHORISED" && status !== "DELETED" && "The status of a bank transaction can be AUTHORISED or DELETED.",
  );
  found.add(status === "DELETED" && before === undefined && "Only a bank transaction that is there can be deleted.");
  found.add(lines.length === 0 && "One or more line items must be specified");
}

function bankAccountOf(books: Books, body: BankTransactionBody, before: BankTransaction | undefined) {
  const { AccountID: id, Code: code } = body.BankAccount ?? {};
  if (id !== undefined) return books.get("accounts", id);
  if (code !== undefined) return books.accounts().find((account) => account.code === code);
  return before === undefined ? undefined : books.get("accounts", before.bankAccountId);
}

const echoOf = (body: BankTransactionBody, before: BankTransaction | undefined): Element => {
  const given =
    body.BankTransactionID !== undefined && isGuid(body.BankTransactionID) ? body.BankTransactionID : zeroGuid;
  const type = before?.type ?? body.Type;
  return {
    BankTransactionID: before?.id ?? given,
    BankAccount: {},
    ...(type === "SPEND" || type === "RECEIVE" ? { Type: type } : {}),
    LineItems: [],
  };
};
