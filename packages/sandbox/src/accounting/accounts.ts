import type { Account } from "../engine/index.ts";
import { ACCOUNT_CLASSES, accountProblems, changedAccount, newAccount } from "./account-changes.ts";
import { bodies, readElement } from "./bodies.ts";
import type { Books } from "./books.ts";
import type { Item, Resource, WriteRequest } from "./resource.ts";
import { type Element, XeroDate, zeroGuid } from "./values.ts";
import type { WriteResult } from "./write-result.ts";

export const accounts: Resource = {
  path: "Accounts",
  list: "Accounts",
  element: "Account",
  idMember: "AccountID",
  scopes: { read: ["accounting.settings", "accounting.settings.read"], write: ["accounting.settings"] },
  methods: { onList: ["PUT"], onOne: ["GET", "POST", "DELETE"] },
  paged: false,
  summaries: false,
  batches: false,
  fields: {
    AccountID: "guid",
    Code: "string",
    Name: "string",
    Type: "string",
    Status: "string",
    Class: "string",
    TaxType: "string",
    Description: "string",
    SystemAccount: "string",
    BankAccountNumber: "string",
    BankAccountType: "string",
    CurrencyCode: "string",
    EnablePaymentsToAccount: "boolean",
    ShowInExpenseClaims: "boolean",
    UpdatedDateUTC: "date",
  },
  items: (books) => [...books.accounts()].sort(byCode).map(itemOf),
  find(books, id) {
    const account = books.get("accounts", id);
    return account === undefined ? undefined : itemOf(account);
  },
  write,
  remove,
};

const byCode = (a: Account, b: Account): number => (a.code < b.code ? -1 : a.code > b.code ? 1 : a.id < b.id ? -1 : 1);

const itemOf = (account: Account): Item => ({
  id: account.id,
  updatedAtMs: account.updatedAtMs,
  shape: () => ({
    AccountID: account.id,
    Code: account.code,
    Name: account.name,
    Status: account.status,
    Type: account.type,
    TaxType: account.taxType,
    ...(account.description === "" ? {} : { Description: account.description }),
    Class: ACCOUNT_CLASSES[account.type],
    ...(account.systemAccount === null ? {} : { SystemAccount: account.systemAccount }),
    EnablePaymentsToAccount: account.enablePaymentsToAccount,
    ShowInExpenseClaims: account.showInExpenseClaims,
    ...(account.type === "BANK"
      ? {
          BankAccountNumber: account.bankAccountNumber,
          BankAccountType: account.bankAccountType,
          CurrencyCode: account.currencyCode,
        }
      : { BankAccountType: "" }),
    HasAttachments: false,
    UpdatedDateUTC: new XeroDate(account.updatedAtMs),
    AddToWatchlist: account.addToWatchlist,
  }),
});

/** An account inside a payment or bank transaction. */
export function accountInside(books: Books, accountId: string): Element {
  const account = books.get("accounts", accountId);
  return { AccountID: accountId, Code: account?.code ?? "", Name: account?.name ?? "" };
}

function write(books: Books, { given, path, mode }: WriteRequest): WriteResult {
  const body = readElement(bodies.account, given, path);
  const existing = mode.kind === "update" ? books.get("accounts", mode.id) : undefined;
  const account = existing === undefined ? newAccount(books, body) : changedAccount(books, existing, body);
  const messages = accountProblems(books, account, existing);
  if (messages.length > 0) return refused(existing?.id ?? zeroGuid, messages);
  books.put("accounts", account);
  return { kind: "ok", id: account.id };
}

function remove(books: Books, id: string): WriteResult {
  const account = books.get("accounts", id);
  if (account === undefined) return refused(zeroGuid, ["The account could not be found."]);
  if (account.systemAccount !== null) return refused(account.id, ["A system account cannot be deleted."]);
  if (isUsed(books, account))
    return refused(account.id, ["The account is in use and cannot be deleted. Archive it instead."]);
  books.remove("accounts", account.id);
  return { kind: "ok", id: account.id };
}

const isUsed = (books: Books, account: Account): boolean =>
  [...books.invoices(), ...books.bankTransactions()].some(({ lines }) =>
    lines.some((line) => line.accountCode === account.code),
  ) ||
  books.payments().some((payment) => payment.accountId === account.id) ||
  books.bankTransactions().some((transaction) => transaction.bankAccountId === account.id);

const refused = (id: string, messages: readonly string[]): WriteResult => ({
  kind: "invalid",
  messages,
  echo: { AccountID: id },
});
