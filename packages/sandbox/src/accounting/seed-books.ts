import type { Account, Contact, Invoice, Organisation, Turn } from "../engine/index.ts";
import { defaultTaxType } from "./account-changes.ts";
import { BOOK_TABLES, type Books, openBooks } from "./books.ts";
import { newContact } from "./contact-changes.ts";
import { readLines, totalsOf } from "./line-items.ts";
import {
  SEEDED_ACCOUNTS,
  SEEDED_BANK_TRANSACTIONS,
  SEEDED_CONTACTS,
  SEEDED_INVOICES,
  type SeededInvoice,
} from "./seeded-data.ts";
import { taxTypesOf } from "./tax-rates.ts";
import { startOfDay } from "./values.ts";
import { findings } from "./write-result.ts";

const dayMs = 86_400_000;

/**
 * Fills an organisation's books: chart of accounts, contacts, invoices with payments, bank transactions. Ids follow from the sandbox's
 * seed and the organisation, dates from the day. Books that are there already stay as they are.
 */
export function seedBooks(turn: Turn, organisation: Organisation): void {
  const books = openBooks(turn, organisation, null);
  if (books.accounts().length > 0) return;
  for (const facts of SEEDED_ACCOUNTS) books.put("accounts", seededAccount(books, facts));
  for (const [index, name] of SEEDED_CONTACTS.entries()) books.put("contacts", seededContact(books, name, index));
  for (const facts of SEEDED_INVOICES) seedInvoice(books, facts);
  for (const facts of SEEDED_BANK_TRANSACTIONS) seedBankTransaction(books, facts);
}

/** The same books again, with the dates of this day: what was written since is gone. */
export function beginBooks(turn: Turn, organisation: Organisation): void {
  for (const table of BOOK_TABLES)
    for (const row of [...turn.draft.all(table)])
      if (row.organisationId === organisation.id) turn.draft.remove(table, row.id);
  seedBooks(turn, organisation);
}

const idOf = ({ turn, organisation }: Books, kind: string, name: string): string =>
  turn.mint.uuid(`${kind}:${organisation.id}:${name}`);

/** The id of a contact that every organisation has from the start. */
const contactId = (books: Books, name: string): string => idOf(books, "contact", name);

function seededAccount(books: Books, facts: (typeof SEEDED_ACCOUNTS)[number]): Account {
  const { turn, organisation } = books;
  const isBank = facts.type === "BANK";
  return {
    id: idOf(books, "account", facts.code),
    organisationId: organisation.id,
    code: facts.code,
    name: facts.name,
    type: facts.type,
    taxType: defaultTaxType(books, facts.type),
    status: "ACTIVE",
    description: "",
    bankAccountNumber: isBank ? `0${facts.code}8007654321` : "",
    bankAccountType: isBank ? "BANK" : "",
    currencyCode: organisation.baseCurrency,
    enablePaymentsToAccount: facts.takesPayments ?? false,
    showInExpenseClaims: facts.type === "EXPENSE",
    addToWatchlist: false,
    systemAccount: facts.system ?? null,
    updatedAtMs: turn.nowMs,
  };
}

function seededContact(books: Books, name: string, index: number): Contact {
  const mailbox = `accounts@${name.toLowerCase().replaceAll(/[^a-z]/g, "")}.example`;
  return {
    ...newContact(books, { Name: name, EmailAddress: mailbox, ...noLists }),
    id: contactId(books, name),
    isCustomer: index % 2 === 0,
    isSupplier: index % 2 === 1,
  };
}

const noLists = {
  ContactID: undefined,
  ContactNumber: undefined,
  AccountNumber: undefined,
  ContactStatus: undefined,
  FirstName: undefined,
  LastName: undefined,
  CompanyNumber: undefined,
  TaxNumber: undefined,
  BankAccountDetails: undefined,
  DefaultCurrency: undefined,
  Addresses: undefined,
  Phones: undefined,
  ContactPersons: undefined,
} as const;

function seedInvoice(books: Books, facts: SeededInvoice): void {
  const { turn, organisation } = books;
  const today = startOfDay(turn.nowMs);
  const id = idOf(books, "invoice", facts.number);
  const { sales, purchases } = taxTypesOf(organisation);
  const taxType = facts.type === "ACCREC" ? sales : purchases;
  const lines = seededLines(books, { label: facts.number, taxType, ...facts });
  const invoice: Invoice = {
    id,
    organisationId: organisation.id,
    type: facts.type,
    number: facts.number,
    status: facts.status,
    contactId: contactId(books, facts.contact),
    dateMs: today - facts.daysAgo * dayMs,
    dueDateMs: today + (14 - facts.daysAgo) * dayMs,
    reference: facts.reference,
    url: null,
    currencyCode: organisation.baseCurrency,
    currencyRate: 1,
    sentToContact: false,
    expectedPaymentDateMs: null,
    plannedPaymentDateMs: null,
    fullyPaidOnMs: null,
    createdByClientId: null,
    lineAmountTypes: "Exclusive",
    lines,
    ...totalsOf(lines, "Exclusive"),
    updatedAtMs: today - facts.daysAgo * dayMs,
  };
  const paidMs = today - Math.max(0, facts.daysAgo - 7) * dayMs;
  const paid = facts.status === "PAID" ? invoice.total : (facts.paid ?? 0);
  books.put("invoices", facts.status === "PAID" ? { ...invoice, fullyPaidOnMs: paidMs, updatedAtMs: paidMs } : invoice);
  if (paid === 0) return;
  books.put("payments", {
    id: idOf(books, "payment", facts.number),
    organisationId: organisation.id,
    invoiceId: id,
    accountId: idOf(books, "account", "090"),
    dateMs: paidMs,
    amount: paid,
    currencyRate: 1,
    reference: facts.number,
    isReconciled: false,
    status: "AUTHORISED",
    updatedAtMs: paidMs,
  });
}

function seedBankTransaction(books: Books, facts: (typeof SEEDED_BANK_TRANSACTIONS)[number]): void {
  const { turn, organisation } = books;
  const { sales, purchases } = taxTypesOf(organisation);
  const lines = seededLines(books, {
    label: facts.reference,
    taxType: facts.type === "SPEND" ? purchases : sales,
    ...facts,
  });
  const dateMs = startOfDay(turn.nowMs) - facts.daysAgo * dayMs;
  books.put("bankTransactions", {
    id: idOf(books, "bank-transaction", facts.reference),
    organisationId: organisation.id,
    type: facts.type,
    status: "AUTHORISED",
    contactId: contactId(books, facts.contact),
    bankAccountId: idOf(books, "account", "090"),
    dateMs,
    reference: facts.reference,
    url: null,
    isReconciled: facts.daysAgo > 10,
    currencyCode: organisation.baseCurrency,
    currencyRate: 1,
    lineAmountTypes: "Exclusive",
    lines,
    ...totalsOf(lines, "Exclusive"),
    updatedAtMs: dateMs,
  });
}

interface SeededLine {
  readonly label: string;
  readonly description: string;
  readonly quantity: number;
  readonly unitAmount: number;
  readonly account: string;
  readonly taxType: string;
}

const seededLines = (books: Books, line: SeededLine) =>
  readLines(
    books,
    [
      {
        LineItemID: idOf(books, "line", line.label),
        Description: line.description,
        Quantity: line.quantity,
        UnitAmount: line.unitAmount,
        AccountCode: line.account,
        AccountID: undefined,
        ItemCode: undefined,
        TaxType: line.taxType,
        TaxAmount: undefined,
        LineAmount: undefined,
        DiscountRate: undefined,
      },
    ],
    { lineAmountTypes: "Exclusive", defaultTaxType: line.taxType, complete: true, unitPlaces: 2, found: findings() },
  );
